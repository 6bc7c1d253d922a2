//! `Cluster`: one Kafka-compatible cluster, our own broker or one that exists already.
//!
//! Knows fields, bounds and rules; nothing of brokers.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    condition, is_false,
    pod::{Pod, Resources},
    schema::{rule, words},
    size::Size,
};

/// Broker settings that the operator itself writes; in `config` they would fight with it.
const OWN_SETTINGS: [&str; 6] = [
    "listeners",
    "advertised.listeners",
    "log.dirs",
    "log.dir",
    "node.id",
    "broker.id",
];

/// What a Cluster is asked to be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "eddyline.dev",
    version = "v1alpha1",
    kind = "Cluster",
    plural = "clusters",
    shortname = "edc",
    category = "eddyline",
    namespaced,
    status = "ClusterStatus",
    derive = "PartialEq",
    doc = "A Kafka-compatible cluster: the bundled broker, or an existing Kafka that Topics and Connectors use."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules()))]
pub struct ClusterSpec {
    /// Stops reconciling this object; its status says so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub paused: bool,

    /// What runs the cluster: `Bundled` is Eddyline's own broker, `External` an existing Kafka
    /// named by `bootstrapServers`. Cannot be changed.
    #[serde(default)]
    pub engine: Engine,

    /// Where an existing Kafka listens, as `host:port`. Required with `engine: External`, not
    /// allowed otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 16),
        inner(
            length(max = 270),
            regex(pattern = r"^[^\s:,/]+:[1-9][0-9]{0,4}$|^\[[0-9A-Fa-f:.]+\]:[1-9][0-9]{0,4}$")
        )
    )]
    pub bootstrap_servers: Vec<String>,

    /// Number of brokers. The bundled broker is one.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 99))]
    pub replicas: i32,

    /// `Running`, or `Stopped`: scaled to zero with all data kept.
    #[serde(default)]
    pub state: ClusterState,

    /// Where the bundled broker keeps its data.
    #[serde(default)]
    pub storage: Storage,

    /// Broker settings by their Kafka names, for example `log.retention.hours: "24"`. Values are
    /// texts: put numbers in quotes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64, "additionalProperties" = {"type": "string", "maxLength": 4096}))]
    pub config: BTreeMap<String, String>,

    /// Processor and memory of a broker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,

    /// Settings of the broker's pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<Pod>,
}

fn one() -> i32 {
    1
}

/// What runs a Cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, transform = words)]
pub enum Engine {
    /// Eddyline's own broker.
    #[default]
    Bundled,
    /// A Kafka that exists already.
    External,
}

/// Whether a Cluster runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, transform = words)]
pub enum ClusterState {
    /// It runs.
    #[default]
    Running,
    /// Scaled to zero; all data is kept.
    Stopped,
}

/// Where the bundled broker keeps its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// Size of the volume, for example `2Gi`. Can only grow. On a laptop noted, not enforced.
    #[serde(default = "default_size")]
    pub size: Size,

    /// `StorageClass` of the volume; unset is the default class. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub class_name: Option<String>,

    /// Keeps the volume when the Cluster is deleted; a Cluster made again under the same name
    /// takes it back.
    #[serde(default)]
    pub retain: bool,

    /// Keeps data only as long as the pod lives. Excludes `retain`. Cannot be changed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ephemeral: bool,
}

fn default_size() -> Size {
    Size::of_bytes(2 << 30)
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            size: default_size(),
            class_name: None,
            retain: false,
            ephemeral: false,
        }
    }
}

/// How a Cluster is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Ready` and why; `kubectl wait --for=condition=Ready` waits for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "condition::list")]
    pub conditions: Vec<Condition>,

    /// Where clients connect, as `host:port`, several separated by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap_servers: Option<String>,

    /// The id the brokers report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_id: Option<String>,

    /// Brokers ready of brokers wanted, as `1/1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,

    /// Brokers wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,

    /// Brokers ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_replicas: Option<i32>,

    /// Version of the broker that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,

    /// Image of the broker that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,

    /// Topics in the cluster, internal ones left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics: Option<i32>,

    /// Connectors that name this cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connectors: Option<i32>,

    /// Topics that exist and that no Topic object names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmanaged_topics: Option<UnmanagedTopics>,
}

/// Topics that no Topic object names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnmanagedTopics {
    /// How many there are.
    pub count: i32,

    /// The first of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub names: Vec<String>,
}

fn rules() -> Value {
    let mut rules = vec![
        rule(
            "self.engine == oldSelf.engine",
            "engine cannot be changed: delete the Cluster and make it again with the other engine",
            Some(".engine"),
        ),
        rule(
            "self.engine != 'External' || has(self.bootstrapServers) && size(self.bootstrapServers) > 0",
            "engine: External needs bootstrapServers: write bootstrapServers: [\"HOST:PORT\"]",
            Some(".bootstrapServers"),
        ),
        rule(
            "self.engine == 'External' || !has(self.bootstrapServers)",
            "bootstrapServers is only for engine: External: remove it, or write engine: External",
            Some(".bootstrapServers"),
        ),
        rule(
            "self.replicas == 1",
            "the bundled broker is one process and an external Kafka is sized where it runs: write replicas: 1",
            Some(".replicas"),
        ),
        rule(
            "quantity(self.storage.size).compareTo(quantity(oldSelf.storage.size)) >= 0",
            "storage.size can only grow: write the old size or a larger one",
            Some(".storage.size"),
        ),
        rule(
            "has(self.storage.className) == has(oldSelf.storage.className) && \
             (!has(self.storage.className) || self.storage.className == oldSelf.storage.className)",
            "storage.className cannot be changed: write the old one, or delete the Cluster and make it again",
            Some(".storage.className"),
        ),
        rule(
            "(has(self.storage.ephemeral) && self.storage.ephemeral) == (has(oldSelf.storage.ephemeral) && oldSelf.storage.ephemeral)",
            "storage.ephemeral cannot be changed: write the old value, or delete the Cluster and make it again",
            Some(".storage.ephemeral"),
        ),
        rule(
            "!(has(self.storage.ephemeral) && self.storage.ephemeral && self.storage.retain)",
            "storage.ephemeral and storage.retain exclude each other: remove one of them",
            Some(".storage.retain"),
        ),
    ];
    rules.extend(OWN_SETTINGS.map(|name| {
        rule(
            &format!("!has(self.config) || !('{name}' in self.config)"),
            &format!("config must not set {name}, which Eddyline sets itself: remove it"),
            Some(".config"),
        )
    }));
    Value::Array(rules)
}
