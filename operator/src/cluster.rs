//! Clusters: from an object to the broker that it asks for, and to what is said about it.
//!
//! [`validate()`] reads the object, [`children`] renders what it owns, [`plan()`] compares that with what
//! is there, [`mod@status`] says how it is. A Cluster has no finalizer: what it owns goes by owner
//! references, and its volume by the `StatefulSet`'s retention policy.

pub mod apply;
pub mod children;
pub mod observe;
pub mod plan;
mod reconcile;
pub mod status;
pub mod validate;

pub use plan::{Action, plan};
pub use reconcile::controller;
pub use validate::validate;
