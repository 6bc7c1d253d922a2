//! Topics: from an object and what is there to what has to be done.
//!
//! Pure, and shared with the laptop: [`validate()`] reads the object beside facts of its Cluster,
//! [`plan()`] compares the result with the topic that is there, [`mod@claims`] says which object owns a
//! topic and [`mod@deletion`] what becomes of the topic when its object goes. [`mod@apply`] carries plans
//! out in batches.
//!
//! On Kubernetes: [`observe`] reads what is known, [`decide`] and [`leave`] say what to do,
//! [`status`] and [`events`] what to tell. All of them are pure.

pub mod apply;
pub mod claims;
pub mod decide;
pub mod deletion;
pub mod effective;
pub mod events;
pub mod leave;
pub mod memory;
pub mod observe;
pub mod plan;
pub mod situation;
pub mod status;
pub mod validate;

pub use plan::{Action, History, Origin, Plan, plan};
pub use validate::{ClusterFacts, ValidatedTopic, validate};
