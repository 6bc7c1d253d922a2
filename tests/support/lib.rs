//! What the test suites share: where things are, the real program as a child, and waiting for a condition.
//! It must not know what any suite asserts.

pub mod child;
pub mod direct;
pub mod golden;
pub mod history;
pub mod java;
pub mod kafka;
pub mod kube;
pub mod load;
pub mod manifest;
pub mod paths;
pub mod program;
pub mod python;
pub mod random;
pub mod wait;
