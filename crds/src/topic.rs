//! `Topic`: one topic of a Cluster.
//!
//! Knows fields, bounds and rules; nothing of brokers. The schema holds no defaults: an unset field
//! means "as the operator fills it in" for a topic it creates and "as it is" for one it adopts, and
//! a default stored in the object could not be told from a wish.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    condition,
    duration::{Duration, TimeLimit},
    is_false,
    schema::{rule, words},
    size::SizeLimit,
};

/// What Kafka takes as a topic's name, but for `.` and `..`, which a rule refuses.
pub const TOPIC_NAME_PATTERN: &str = "^[a-zA-Z0-9._-]{1,249}$";

/// Topic settings that have a field of their own, and that field.
pub const FIELD_SETTINGS: [(&str, &str); 4] = [
    ("retention.ms", "retention: {time: 7d}"),
    ("retention.bytes", "retention: {size: 10Gi}"),
    ("cleanup.policy", "cleanupPolicy: Delete"),
    ("eddyline.flush", "flush: Sync"),
];

/// What a Topic is asked to be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "eddyline.dev",
    version = "v1alpha1",
    kind = "Topic",
    plural = "topics",
    shortname = "edt",
    category = "eddyline",
    namespaced,
    status = "TopicStatus",
    derive = "PartialEq",
    doc = "A topic of a Cluster: made when it is missing, adopted when it is there, kept as written here."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules()))]
pub struct TopicSpec {
    /// Stops reconciling this object; its status says so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub paused: bool,

    /// Name of the Cluster, in the same namespace. Cannot be changed.
    #[schemars(length(min = 1, max = 40))]
    pub cluster: String,

    /// Name of the topic in Kafka; unset is the object's name. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 249), regex(pattern = TOPIC_NAME_PATTERN))]
    pub topic_name: Option<String>,

    /// Number of partitions. Can only grow; growing moves keys to other partitions. Unset is 1 for
    /// a topic made here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub partitions: Option<i32>,

    /// Copies of each partition. Unset is 3, or the number of brokers where they are fewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 32_767))]
    pub replicas: Option<i32>,

    /// How long and how much is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,

    /// How old records go: `Delete` removes the oldest, `Compact` keeps the last one of each key,
    /// `CompactDelete` does both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleanup_policy: Option<CleanupPolicy>,

    /// When a write is answered: `Sync` once it is on disk, `Interval` before that, with the disk
    /// following within `flushInterval`, `PageCache` with no wish for the disk. Nothing is lost when
    /// the broker is killed; in a power cut `Interval` loses up to that time. Bundled broker only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flush: Option<Flush>,

    /// With `flush: Interval`: the longest time until a write is on disk, for example `100ms`; at
    /// most `1h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flush_interval: Option<Duration>,

    /// Other topic settings by their Kafka names, for example `max.message.bytes: "2097152"`.
    /// Values are texts: put numbers in quotes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 64, "additionalProperties" = {"type": "string", "maxLength": 4096}))]
    pub config: BTreeMap<String, String>,

    /// What becomes of the topic when this object is deleted: `Delete` or `Retain`. Unset is
    /// `Delete` for a topic made here and `Retain` for one that was there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,

    /// What happens when the topic is changed elsewhere: `Correct` (unset) sets it right, `Warn`
    /// reports it, `Ignore` leaves it and is silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_policy: Option<DriftPolicy>,

    /// Refuses the deletion of this object while true.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deletion_protection: bool,
}

/// How long and how much a topic keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// How long a record is kept at least, for example `1d`, or `Forever`. Unset is the Cluster's
    /// setting, else `7d`, for a topic made here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeLimit>,

    /// How much each partition keeps, for example `10Gi`, or `Unlimited`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<SizeLimit>,
}

/// How old records of a topic go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, transform = words)]
pub enum CleanupPolicy {
    /// The oldest records are removed.
    Delete,
    /// The last record of each key stays.
    Compact,
    /// Both.
    CompactDelete,
}

/// When a write is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, transform = words)]
pub enum Flush {
    /// Once the record is on disk.
    Sync,
    /// Before that; the disk follows within the interval.
    Interval,
    /// Before that; the disk follows when the system writes it.
    PageCache,
}

/// What becomes of a topic when its object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, transform = words)]
pub enum DeletionPolicy {
    /// It goes with its records.
    Delete,
    /// It stays.
    Retain,
}

/// What happens when a topic is changed elsewhere. Unset means [`DriftPolicy::Correct`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, transform = words)]
pub enum DriftPolicy {
    /// It is set right.
    #[default]
    Correct,
    /// It is left and reported.
    Warn,
    /// It is left without a word.
    Ignore,
}

/// How a Topic is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopicStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// `Ready` and why; `Drifted` where the drift policy leaves a difference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "condition::list")]
    pub conditions: Vec<Condition>,

    /// The topic's name in Kafka.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_name: Option<String>,

    /// The topic's id in Kafka; another id means it was made again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<String>,

    /// Id of the Kafka cluster that the topic was seen in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_id: Option<String>,

    /// Partitions the topic has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<i32>,

    /// Copies each partition has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,

    /// Retention in effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<EffectiveRetention>,

    /// Cleanup policy in effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleanup_policy: Option<String>,

    /// True when the topic was there before this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<bool>,

    /// How often the topic was deleted elsewhere and made again, empty, since this object exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recreations: Option<i32>,

    /// Where the topic differs from this object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub drift: Vec<Drift>,

    /// Records the topic holds, as of the last change of this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<i64>,

    /// Bytes the topic holds, as of the last change of this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<i64>,
}

/// Retention in effect, as the broker reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EffectiveRetention {
    /// How long records are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,

    /// How much each partition keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
}

/// One difference between a topic and its object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// What differs: a topic setting's Kafka name, `partitions` or `replicas`.
    pub key: String,

    /// What the object asks for; absent when it asks for no such setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub want: Option<String>,

    /// What is there; absent when the setting is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

fn rules() -> Value {
    let mut rules = vec![
        rule(
            "self.cluster == oldSelf.cluster",
            "cluster cannot be changed: make a new Topic for the other Cluster",
            Some(".cluster"),
        ),
        rule(
            "has(self.topicName) == has(oldSelf.topicName) && (!has(self.topicName) || self.topicName == oldSelf.topicName)",
            "topicName cannot be changed, added or removed: write the old name, or make a new Topic",
            Some(".topicName"),
        ),
        rule(
            "!has(self.topicName) || self.topicName != '.' && self.topicName != '..'",
            "topicName must not be '.' or '..': write another name",
            Some(".topicName"),
        ),
        rule(
            "(has(self.flush) && self.flush == 'Interval') == has(self.flushInterval)",
            "flushInterval goes with flush: Interval: write both, for example flushInterval: 100ms, or none",
            Some(".flushInterval"),
        ),
        rule(
            "!has(oldSelf.partitions) || (has(self.partitions) && self.partitions >= oldSelf.partitions)",
            "partitions can only grow and not be removed: write the old number or a larger one",
            Some(".partitions"),
        ),
    ];
    rules.extend(FIELD_SETTINGS.map(|(name, instead)| {
        rule(
            &format!("!has(self.config) || !('{name}' in self.config)"),
            &format!("{name} has a field of its own: remove it from config and write {instead}"),
            Some(".config"),
        )
    }));
    Value::Array(rules)
}
