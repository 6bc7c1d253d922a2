//! What a worker tells about itself: plain data for a screen, the REST API and metrics.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything a worker knows of its connectors at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// The offsets topic has been read; connectors can start.
    pub ready: bool,
    /// Why the worker is not ready or cannot store, such as an unreachable broker.
    pub fault: Option<String>,
    /// Managed connectors, by `namespace/name`, that another connector keeps from starting; with
    /// what to do.
    pub conflicts: BTreeMap<String, String>,
    /// By connector name.
    pub connectors: BTreeMap<String, ConnectorStatus>,
}

/// One connector.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectorStatus {
    /// The connector's name in the REST API.
    pub name: String,
    /// Who declared it.
    pub origin: Origin,
    /// The uid its offsets belong to.
    pub uid: String,
    /// The generation of the object this state follows; 0 for a connector made by REST.
    pub generation: i64,
    /// The topic it fills.
    pub topic: String,
    /// The state of the whole: never better than that of its worst task.
    pub state: ConnectorState,
    /// Why the state is not `Running` (or `Completed`, …) where that has a cause to act on.
    pub reason: Option<Reason>,
    /// What went wrong, for people.
    pub trace: Option<String>,
    /// This worker's tasks in order of id; none while stopped.
    pub tasks: Vec<TaskStatus>,
    /// The layout of tasks in force, once there is one.
    pub epoch: Option<u64>,
    /// How many tasks it has on all workers; 0 while stopped.
    pub all_tasks: u32,
    /// How many workers share them; task t runs on worker t modulo this.
    pub workers: u32,
    /// Records of this worker acknowledged by the broker since it started.
    pub records: u64,
    /// Records acknowledged since record 0, over all workers.
    pub total: u64,
    /// Records acknowledged per second, over about the last five seconds.
    pub rate: f64,
}

/// One task of a connector.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskStatus {
    /// From 0.
    pub id: u32,
    /// Its state.
    pub state: ConnectorState,
    /// As for the connector.
    pub reason: Option<Reason>,
    /// What went wrong, for people.
    pub trace: Option<String>,
    /// Automatic restarts since it last ran well.
    pub restarts: u32,
    /// When it is started again, while it waits for that.
    pub next_restart: Option<Timestamp>,
    /// Every record of this task below this sequence number is acknowledged.
    pub next: u64,
}

/// Who declared a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An object or a file, which [`crate::ManagedConnector::managed_by`] names.
    Managed {
        /// Namespace of the object.
        namespace: String,
        /// Whom to ask for edits.
        managed_by: String,
    },
    /// The REST API; it is fully editable there.
    Rest,
}

/// Connect's states, plus `Completed` and `Throttled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ConnectorState {
    /// Not started yet, or waiting for its topic.
    Unassigned,
    /// Records flow.
    Running,
    /// Told to pause; resources are kept.
    Paused,
    /// Told to stop; it has no tasks.
    Stopped,
    /// Ended by a fault, and the restart policy is used up.
    Failed,
    /// Ended by a fault; a restart is due.
    Restarting,
    /// All `iterations` are sent and acknowledged.
    Completed,
    /// Behind its rate because the broker takes records more slowly.
    Throttled,
}

impl ConnectorState {
    /// As status answers spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unassigned => "UNASSIGNED",
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::Stopped => "STOPPED",
            Self::Failed => "FAILED",
            Self::Restarting => "RESTARTING",
            Self::Completed => "COMPLETED",
            Self::Throttled => "THROTTLED",
        }
    }
}

impl ConnectorState {
    /// As the kinds' status spells it.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::Unassigned => "Unassigned",
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Stopped => "Stopped",
            Self::Failed => "Failed",
            Self::Restarting => "Restarting",
            Self::Completed => "Completed",
            Self::Throttled => "Throttled",
        }
    }
}

impl fmt::Display for ConnectorState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Causes that a program can act on; the words of the kinds' conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// The topic is missing: the connector waits for it, at no cost in restarts.
    TopicNotFound,
    /// The configuration is wrong; `trace` lists every finding.
    InvalidConfig,
    /// The broker does not answer.
    BrokerUnreachable,
    /// The worker that should run the task does not answer.
    WorkerUnreachable,
    /// The workers of the last layout of tasks have not all ended their part.
    HandingOver,
}

impl Reason {
    /// Whether the spec or the topic has to change; otherwise the platform has failed, or is not
    /// done yet.
    pub fn is_users(self) -> bool {
        matches!(self, Self::TopicNotFound | Self::InvalidConfig)
    }
}
