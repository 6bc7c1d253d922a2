//! Topics: from an object and what is there to what has to be done.
//!
//! [`validate()`] reads the object beside facts of its Cluster, [`plan()`] compares the result with the
//! topic that is there, [`mod@apply`] carries plans out in batches. [`mod@claims`] says which object owns a
//! topic and [`mod@deletion`] what becomes of the topic when its object goes.

pub mod apply;
pub mod claims;
pub mod deletion;
pub mod plan;
pub mod validate;

pub use plan::{Action, History, Origin, Plan, plan};
pub use validate::{ClusterFacts, ValidatedTopic, validate};
