//! What `kubectl get` prints of each kind.
//!
//! Tables only. (A list of columns in the derive's attributes reads as repetition to the linter and
//! to people.)

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceColumnDefinition;

/// When a column is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    /// Always.
    Narrow,
    /// With `-o wide`.
    Wide,
}

use Width::{Narrow, Wide};

/// Name, type, path, width and description of a column.
type Column = (
    &'static str,
    &'static str,
    &'static str,
    Width,
    &'static str,
);

const CLUSTER: [Column; 9] = [
    (
        "Ready",
        "string",
        ".status.ready",
        Narrow,
        "Brokers ready of brokers wanted.",
    ),
    (
        "Engine",
        "string",
        ".spec.engine",
        Narrow,
        "What runs the cluster.",
    ),
    (
        "Version",
        "string",
        ".status.version",
        Narrow,
        "Version of the broker.",
    ),
    (
        "Bootstrap",
        "string",
        ".status.bootstrapServers",
        Narrow,
        "Where clients connect.",
    ),
    (
        "Status",
        "string",
        r#".status.conditions[?(@.type=="Ready")].message"#,
        Narrow,
        "How it is, in one sentence.",
    ),
    (
        "Topics",
        "integer",
        ".status.topics",
        Wide,
        "Topics in the cluster.",
    ),
    (
        "Storage",
        "string",
        ".spec.storage.size",
        Wide,
        "Size of the volume.",
    ),
    (
        "Image",
        "string",
        ".status.image",
        Wide,
        "Image of the broker.",
    ),
    (
        "Age",
        "date",
        ".metadata.creationTimestamp",
        Narrow,
        "Time since it was made.",
    ),
];

const TOPIC: [Column; 11] = [
    (
        "Cluster",
        "string",
        ".spec.cluster",
        Narrow,
        "The Cluster it belongs to.",
    ),
    (
        "Partitions",
        "integer",
        ".status.partitions",
        Narrow,
        "Partitions it has.",
    ),
    (
        "Replicas",
        "integer",
        ".status.replicas",
        Narrow,
        "Copies of each partition.",
    ),
    (
        "Ready",
        "string",
        r#".status.conditions[?(@.type=="Ready")].status"#,
        Narrow,
        "Whether the topic is as written.",
    ),
    (
        "Topic name",
        "string",
        ".status.topicName",
        Wide,
        "Its name in Kafka.",
    ),
    (
        "Retention",
        "string",
        ".status.retention.time",
        Wide,
        "How long records are kept.",
    ),
    (
        "Cleanup",
        "string",
        ".status.cleanupPolicy",
        Wide,
        "How old records go.",
    ),
    (
        "Reason",
        "string",
        r#".status.conditions[?(@.type=="Ready")].reason"#,
        Wide,
        "Why it is ready or not.",
    ),
    (
        "Records",
        "integer",
        ".status.records",
        Wide,
        "Records it holds.",
    ),
    (
        "Size",
        "integer",
        ".status.sizeBytes",
        Wide,
        "Bytes it holds.",
    ),
    (
        "Age",
        "date",
        ".metadata.creationTimestamp",
        Narrow,
        "Time since the object was made.",
    ),
];

const CONNECTOR: [Column; 10] = [
    (
        "Cluster",
        "string",
        ".spec.cluster",
        Narrow,
        "The Cluster it writes to.",
    ),
    (
        "Quickstart",
        "string",
        ".spec.datagen.quickstart",
        Narrow,
        "The data set.",
    ),
    (
        "Topic",
        "string",
        ".spec.topic",
        Narrow,
        "The topic it writes to.",
    ),
    (
        "Tasks",
        "integer",
        ".spec.tasks",
        Narrow,
        "Tasks it is split into.",
    ),
    (
        "State",
        "string",
        ".spec.state",
        Narrow,
        "The state asked for.",
    ),
    (
        "Status",
        "string",
        ".status.state",
        Narrow,
        "The state it is in.",
    ),
    (
        "Records",
        "integer",
        ".status.records",
        Wide,
        "Records sent.",
    ),
    (
        "Rate",
        "number",
        ".status.rate",
        Wide,
        "Records per second.",
    ),
    (
        "Restarts",
        "integer",
        ".status.restarts",
        Wide,
        "Restarts of its tasks.",
    ),
    (
        "Age",
        "date",
        ".metadata.creationTimestamp",
        Narrow,
        "Time since it was made.",
    ),
];

/// The columns of `kind`; none for a kind that is not ours.
pub(crate) fn of_kind(kind: &str) -> Vec<CustomResourceColumnDefinition> {
    let columns: &[Column] = match kind {
        "Cluster" => &CLUSTER,
        "Topic" => &TOPIC,
        "Connector" => &CONNECTOR,
        _ => &[],
    };
    columns.iter().map(definition).collect()
}

fn definition(column: &Column) -> CustomResourceColumnDefinition {
    let (name, type_, path, width, description) = *column;
    CustomResourceColumnDefinition {
        name: name.to_owned(),
        type_: type_.to_owned(),
        json_path: path.to_owned(),
        priority: (width == Wide).then_some(1),
        description: Some(description.to_owned()),
        format: None,
    }
}
