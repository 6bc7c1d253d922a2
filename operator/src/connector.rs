//! Connectors: from an object to the flat configuration that workers follow.
//!
//! [`validate()`] reads the object, [`render()`] writes the configuration, [`plan()`] compares it with the
//! one the workers have and numbers epochs.

pub mod children;
pub mod client;
pub mod plan;
pub mod pods;
pub mod render;
pub mod validate;

pub use plan::{Numbering, Plan, plan};
pub use render::{Identity, render};
pub use validate::{ValidatedConnector, validate};
