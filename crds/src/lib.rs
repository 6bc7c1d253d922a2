//! The API types of Eddyline: the kinds `Cluster`, `Topic` and `Connector` (`eddyline.dev/v1alpha1`).
//!
//! This package says what people may write and what they are told in return: fields, bounds, rules
//! and status. It must not know what anything does with them: no client, no Kafka, no planning.
//!
//! The types decode leniently: an unknown field is ignored, so that an operator one version behind
//! its CRDs keeps its watch. Strictness comes from the generated schema ([`schema`]), which the API
//! server and the laptop mode both apply. The YAML beside this package, and its copy in the Helm
//! chart, are written from the same schema by `crdgen`.
//!
//! Entry points: [`Cluster`], [`Topic`], [`Connector`] and [`definitions`].

#![warn(missing_docs)]

pub mod cluster;
mod columns;
pub mod condition;
pub mod connector;
pub mod duration;
pub mod pod;
pub mod schema;
pub mod size;
pub mod template;
pub mod topic;

pub use cluster::{Cluster, ClusterSpec};
pub use condition::Reason;
pub use connector::{Connector, ConnectorSpec};
pub use duration::Duration;
pub use schema::definitions;
pub use size::Size;
pub use topic::{Topic, TopicSpec};

/// The API group of all kinds, also the prefix of our labels and annotations.
///
/// The derive macros need it as a literal; a test holds every kind to this constant.
pub const GROUP: &str = "eddyline.dev";

/// The served and stored version of all kinds.
pub const VERSION: &str = "v1alpha1";

/// The longest `metadata.name` of a kind. Child names add a suffix and still have to fit the 63
/// characters of a label and a host name, also with an ordinal behind them.
pub const MAX_NAME_LENGTH: usize = 40;

/// The `apiVersion` that documents of our kinds carry.
pub fn api_version() -> String {
    format!("{GROUP}/{VERSION}")
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde's skip_serializing_if wants"
)]
fn is_false(value: &bool) -> bool {
    !*value
}
