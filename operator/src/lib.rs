//! The operator: makes topics and connectors be as their objects say.
//!
//! Each kind goes through the same steps: observe what is there, `validate` the object, `plan` what
//! to do, `apply` it, report the status. `validate` and `plan` are pure: they take data and return
//! data, so the operator on Kubernetes and the laptop mode decide the same way. The world is reached
//! through [`ports`] alone; of the broker and the worker this package knows the protocol, no code.
//!
//! This package holds what both share: [`topic`], [`connector`] and the ports.

pub mod admin;
pub mod admin_server;
pub mod children;
pub mod cluster;
pub mod connector;
pub mod context;
pub mod finding;
pub mod kubernetes;
pub mod lease;
pub mod metrics;
pub mod names;
pub mod pods;
pub mod ports;
pub mod release;
pub mod restricted;
pub mod run;
pub mod settings;
pub mod snapshots;
pub mod topic;
pub mod watches;

pub use finding::Finding;
