//! Names: of objects, and of what is made from them. Every derived name is derived here.

use std::fmt;

use crds::Topic;

/// Topics that belong to the platform; no object may name them.
pub const INTERNAL_TOPICS: [&str; 4] = [
    "__consumer_offsets",
    "__transaction_state",
    "__cluster_metadata",
    "__eddyline_connect",
];

/// Which object: its identity in labels, offsets, metrics and conflicts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// The object's namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The name of everything that the Cluster `cluster` owns, but for the Service of its own name.
pub fn broker(cluster: &str) -> String {
    format!("{cluster}-broker")
}

/// The name of everything that the Connector `connector` owns.
pub fn worker(connector: &str) -> String {
    format!("{connector}-worker")
}

/// The name in Kafka of the topic that `topic` describes; empty for an object without a name.
pub fn kafka_topic(topic: &Topic) -> &str {
    let own = topic.metadata.name.as_deref().unwrap_or_default();
    topic.spec.topic_name.as_deref().unwrap_or(own)
}

/// Whether a topic belongs to the platform.
pub fn is_internal(topic: &str) -> bool {
    INTERNAL_TOPICS.contains(&topic)
}
