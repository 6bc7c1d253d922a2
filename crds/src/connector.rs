//! `Connector`: a source of records for one topic.
//!
//! Knows fields, bounds and rules; nothing of workers.
//!
//! # What a worker is given
//!
//! Workers know no kinds. A Connector reaches them as one flat Connect configuration (every value a
//! text), made by `operator::connector::render` and the same on Kubernetes and on a laptop. This
//! table is the contract:
//!
//! | field | key | value |
//! |---|---|---|
//! | `metadata.name` | `name` | as written |
//! | `metadata.namespace` | `eddyline.namespace` | as written |
//! | `metadata.uid` | `eddyline.uid` | as written; offsets belong to it |
//! | `metadata.generation` | `eddyline.generation` | whole number; the higher one is followed |
//! | (change of `tasks` or `workers`) | `eddyline.epoch` | whole number from 1; raised by each such change |
//! | (pods of the worker) | `eddyline.worker.uids` | pod uids by ordinal, separated by commas, nothing for one that is missing; absent on a laptop |
//! | `spec.datagen` | `connector.class` | `Datagen` |
//! | `spec.topic` | `kafka.topic` | as written |
//! | `spec.tasks` | `tasks.max` | whole number |
//! | `spec.workers` | `eddyline.workers` | whole number; task t runs on worker t mod workers |
//! | `spec.state` | `eddyline.state` | `RUNNING`, `PAUSED` or `STOPPED` |
//! | `spec.datagen.quickstart` | `quickstart` | lower case: `orders`, `rides`, `rides_location` |
//! | `spec.datagen.rate` | `rate` | records per second over all tasks, for example `10` or `0.5`; absent with `max.interval` |
//! | `spec.datagen.maxInterval` | `max.interval` | milliseconds; absent with `rate` |
//! | `spec.datagen.iterations` | `iterations` | whole number over all tasks; absent means without end |
//! | `spec.datagen.seed` | `random.seed` | whole number; absent means drawn once and kept |
//! | (always) | `key.converter` | `org.apache.kafka.connect.storage.StringConverter` |
//! | `spec.datagen.format: Json` | `value.converter` | `org.apache.kafka.connect.json.JsonConverter` |
//! | `spec.datagen.format: Json` | `value.converter.schemas.enable` | `false` |
//! | `spec.datagen.format: String` | `value.converter` | `org.apache.kafka.connect.storage.StringConverter` |
//! | `spec.restart.maxRestarts` | `eddyline.restart.max` | whole number, 0 for never |
//! | `spec.restart.minBackoff` | `eddyline.restart.min.backoff.ms` | milliseconds |
//! | `spec.restart.maxBackoff` | `eddyline.restart.max.backoff.ms` | milliseconds |
//!
//! `cluster`, `resources` and `pod` say where workers run, and `paused` that nothing is rendered
//! anew; none of them is in the configuration.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    duration::Duration,
    is_false,
    pod::{Pod, Resources},
    schema::{rule, words},
    topic::TOPIC_NAME_PATTERN,
};

mod status;

pub use status::{ConnectorStatus, Fault, TaskStatus};

/// The data sets of the Datagen source, in lower case; the field takes any case.
pub const QUICKSTARTS: [&str; 3] = ["orders", "rides", "rides_location"];

/// The smallest `rate`, in records per second.
pub const MIN_RATE: f64 = 0.001;

/// What a Connector is asked to be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "eddyline.dev",
    version = "v1alpha1",
    kind = "Connector",
    plural = "connectors",
    shortname = "edx",
    category = "eddyline",
    namespaced,
    status = "ConnectorStatus",
    derive = "PartialEq",
    doc = "A source of records for one topic; Datagen makes sample data.",
    scale(
        spec_replicas_path = ".spec.workers",
        status_replicas_path = ".status.workers",
        label_selector_path = ".status.selector"
    )
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules()))]
pub struct ConnectorSpec {
    /// Stops reconciling this object; its status says so. Data keeps flowing: to stop that, see
    /// `state`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub paused: bool,

    /// Name of the Cluster, in the same namespace. Cannot be changed.
    #[schemars(length(min = 1, max = 40))]
    pub cluster: String,

    /// Name of the topic in Kafka that records go to. No Topic object is needed for it.
    #[schemars(length(max = 249), regex(pattern = TOPIC_NAME_PATTERN))]
    pub topic: String,

    /// How many tasks the work is split into. Changing it while data flows loses and repeats
    /// nothing.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 256))]
    pub tasks: i32,

    /// How many pods the tasks are spread over; never more than `tasks`. To stop, write
    /// `state: Stopped`.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 256))]
    pub workers: i32,

    /// `Running`; `Paused`, with tasks kept ready; or `Stopped`, with tasks ended. It goes on
    /// where it left off.
    #[serde(default)]
    pub state: ConnectorState,

    /// Makes sample data of a known shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datagen: Option<Datagen>,

    /// When and how often a failed task is started again.
    #[serde(default)]
    pub restart: Restart,

    /// Processor and memory of a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,

    /// Settings of the workers' pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<Pod>,
}

fn one() -> i32 {
    1
}

/// What a connector is asked to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, transform = words)]
pub enum ConnectorState {
    /// Records flow.
    #[default]
    Running,
    /// Tasks are kept ready and send nothing.
    Paused,
    /// Tasks are ended.
    Stopped,
}

/// The Datagen source: records of a well-known shape at a chosen rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = datagen_rules()))]
pub struct Datagen {
    /// The data set: `orders`, `rides` or `rides_location`, in upper or lower case.
    #[schemars(length(min = 1, max = 64))]
    pub quickstart: String,

    /// Records per second over all tasks; fractions are allowed. Unset is 10, where `maxInterval`
    /// is unset too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 10_000_000.0))]
    pub rate: Option<f64>,

    /// Longest pause between two records of a task, for example `500ms`; each pause is drawn evenly
    /// between nothing and this. Excludes `rate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_interval: Option<Duration>,

    /// Records to send over all tasks; then the connector is `Completed`. Unset is without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_i64))]
    pub iterations: Option<i64>,

    /// Makes the data the same in every run. Unset is drawn once for each object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -9_007_199_254_740_991_i64, max = 9_007_199_254_740_991_i64))]
    pub seed: Option<i64>,

    /// How values are written: `Json`, or `String` as Connect's string converter does.
    #[serde(default)]
    pub format: Format,
}

/// How values are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, transform = words)]
pub enum Format {
    /// As JSON.
    #[default]
    Json,
    /// As Connect's string converter does.
    String,
}

/// When and how often a failed task is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = restart_rules()))]
pub struct Restart {
    /// Restarts of one task before it counts as failed; 0 is never.
    #[serde(default = "ten")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub max_restarts: i32,

    /// Wait before the first restart, for example `1s`; each further wait is twice as long.
    #[serde(default = "min_backoff")]
    pub min_backoff: Duration,

    /// Longest wait before a restart, for example `5m`.
    #[serde(default = "max_backoff")]
    pub max_backoff: Duration,
}

fn ten() -> i32 {
    10
}

fn min_backoff() -> Duration {
    Duration::of_millis(1_000)
}

fn max_backoff() -> Duration {
    Duration::of_millis(300_000)
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            max_restarts: ten(),
            min_backoff: min_backoff(),
            max_backoff: max_backoff(),
        }
    }
}

fn rules() -> Value {
    Value::Array(vec![
        rule(
            "self.cluster == oldSelf.cluster",
            "cluster cannot be changed: make a new Connector for the other Cluster",
            Some(".cluster"),
        ),
        rule(
            "self.topic != '.' && self.topic != '..'",
            "topic must not be '.' or '..': write another name",
            Some(".topic"),
        ),
        rule(
            "has(self.datagen)",
            "a Connector needs one source: write datagen: {quickstart: orders}",
            None,
        ),
        rule(
            "self.workers <= self.tasks",
            "there are more workers than tasks: raise tasks first, or write fewer workers",
            Some(".workers"),
        ),
    ])
}

fn datagen_rules() -> Value {
    let names = QUICKSTARTS.map(|name| format!("'{name}'")).join(", ");
    Value::Array(vec![
        rule(
            &format!("self.quickstart.lowerAscii() in [{names}]"),
            &format!(
                "quickstart is not known: write one of {}",
                QUICKSTARTS.join(", ")
            ),
            Some(".quickstart"),
        ),
        // No `minimum`: the API server cuts its fraction off for a whole number, and takes 0.
        rule(
            &format!("!has(self.rate) || self.rate >= {MIN_RATE}"),
            &format!(
                "rate is too small: write {MIN_RATE} or more, or state: Paused to send nothing"
            ),
            Some(".rate"),
        ),
        rule(
            "!(has(self.rate) && has(self.maxInterval))",
            "rate and maxInterval exclude each other: remove one of them",
            Some(".maxInterval"),
        ),
    ])
}

/// A field's milliseconds. CEL's own `duration()` knows no days and ends at 292 years; whatever the pattern lets in fits here.
fn millis(field: &str) -> String {
    let units = [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];
    let of = |(unit, scale)| {
        format!("{field}.endsWith('{unit}') ? int({field}.replace('{unit}', '')) * {scale} : ")
    };
    let cases: String = units.into_iter().map(of).collect();
    format!("({cases}0)")
}

fn restart_rules() -> Value {
    let (least, most) = (millis("self.minBackoff"), millis("self.maxBackoff"));
    Value::Array(vec![rule(
        &format!("{least} <= {most}"),
        "minBackoff is longer than maxBackoff: write a shorter minBackoff or a longer maxBackoff",
        Some(".minBackoff"),
    )])
}
