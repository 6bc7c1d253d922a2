//! Connectors: from an object to the flat configuration that workers follow.
//!
//! [`validate()`] reads the object, [`render()`] writes the configuration, [`plan()`] compares it with the
//! one the workers have and numbers epochs. The laptop mode shares these.
//!
//! On Kubernetes [`controller()`] also observes, renders [`children`], asks the workers through
//! [`client`] and decides the [`status`].

pub mod apply;
pub mod children;
pub mod client;
pub mod observe;
pub mod plan;
pub mod pods;
mod reconcile;
pub mod render;
pub mod status;
pub mod validate;

pub use plan::{Numbering, Plan, plan};
pub use reconcile::controller;
pub use render::{Identity, render};
pub use validate::{ValidatedConnector, validate};
