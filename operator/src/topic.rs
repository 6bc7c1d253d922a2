//! Topics: from an object and what is there to what has to be done.
//!
//! Pure, and shared with the laptop: [`validate()`] reads the object beside facts of its Cluster,
//! [`plan()`] compares the result with the topic that is there, [`mod@claims`] says which object owns a
//! topic and [`mod@deletion`] what becomes of the topic when its object goes. [`mod@apply`] carries plans
//! out in batches.
//!
//! On Kubernetes: [`observe`] reads what is known, [`decide`] and [`leave`] say what to do,
//! [`status`] and [`events`] what to tell; all of them are pure. [`reconcile`] carries it out, and
//! [`mod@controller`] hands out the turns.

pub mod apply;
pub mod claims;
pub mod controller;
pub mod decide;
pub mod deletion;
pub mod departed;
pub mod effective;
pub mod events;
pub mod leave;
pub mod memory;
pub mod objects;
pub mod observe;
pub mod plan;
pub mod reconcile;
pub mod situation;
pub mod status;
pub mod validate;

pub use controller::controller;
pub use plan::{Action, History, Origin, Plan, plan};
pub use validate::{ClusterFacts, ValidatedTopic, validate};
