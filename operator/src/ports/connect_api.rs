//! The workers of a connector: what they are told and what they report.

use std::collections::BTreeMap;

use crate::names::ObjectName;

/// A connector's flat Connect configuration; its keys are the table in `crds::connector`.
pub type Config = BTreeMap<String, String>;

/// What the operator asks of the workers that run a connector.
pub trait ConnectApi: Send + Sync {
    /// Gives the workers a configuration, new or changed.
    fn put(
        &self,
        connector: &ObjectName,
        config: &Config,
    ) -> impl Future<Output = Result<(), ConnectError>> + Send;

    /// Takes the connector and its offsets away.
    fn remove(
        &self,
        connector: &ObjectName,
    ) -> impl Future<Output = Result<(), ConnectError>> + Send;

    /// How the connector is; `None` when the workers do not know it yet.
    fn report(
        &self,
        connector: &ObjectName,
    ) -> impl Future<Output = Result<Option<Report>, ConnectError>> + Send;
}

/// Why the workers did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// No worker answered.
    #[error("reach a worker of connector {connector}: {reason}")]
    Unreachable {
        /// The connector.
        connector: ObjectName,
        /// What went wrong.
        reason: String,
    },
    /// A worker answered and refused.
    #[error("configure connector {connector}: {message}")]
    Refused {
        /// The connector.
        connector: ObjectName,
        /// The worker's text.
        message: String,
    },
}

/// How a connector is, by its workers' words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The state in Connect's words (`RUNNING`, `PAUSED`, `STOPPED`, `FAILED`, …) or one of ours
    /// (`COMPLETED`, `THROTTLED`).
    pub state: String,
    /// The tasks by number.
    pub tasks: Vec<TaskReport>,
    /// Records sent since the connector exists.
    pub records: Option<i64>,
    /// Records per second just now.
    pub rate: Option<f64>,
}

/// How a task is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskReport {
    /// The task's number, from 0.
    pub id: i32,
    /// The state, in the words of [`Report::state`].
    pub state: String,
    /// The worker it runs on.
    pub worker: Option<String>,
    /// What it failed with last.
    pub error: Option<String>,
}
