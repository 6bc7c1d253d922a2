//! The workers of a connector: what they are told and what they report.

use std::{collections::BTreeMap, net::SocketAddr};

use crds::connector::Fault;
use k8s_openapi::jiff::Timestamp;

/// A connector's flat Connect configuration; its keys are the table in `crds::connector`.
pub type Config = BTreeMap<String, String>;

/// What the operator asks of one worker of a connector. A worker answers for the whole connector: it
/// asks its peers.
pub trait ConnectApi: Send + Sync {
    /// Gives `worker` the configuration of `connector`, new, changed or the same again.
    fn put(
        &self,
        worker: SocketAddr,
        connector: &str,
        config: &Config,
    ) -> impl Future<Output = Result<(), ConnectError>> + Send;

    /// How the connector is by `worker`'s words; `None` while the worker does not know it.
    fn report(
        &self,
        worker: SocketAddr,
        connector: &str,
    ) -> impl Future<Output = Result<Option<Report>, ConnectError>> + Send;
}

/// Why a worker did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The worker did not answer, or not in a way that can be read.
    #[error("reach worker {worker}: {reason}")]
    Unreachable {
        /// The worker's address.
        worker: SocketAddr,
        /// What went wrong.
        reason: String,
    },
    /// The worker answered and refused.
    #[error("configure worker {worker}: {message}")]
    Refused {
        /// The worker's address.
        worker: SocketAddr,
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
    /// Why the state is what it is, in one word (`TopicNotFound`, `InvalidConfig`,
    /// `BrokerUnreachable`, `WorkerUnreachable`, `HandingOver`).
    pub reason: Option<String>,
    /// What went wrong, for people.
    pub trace: Option<String>,
    /// The uid of the object that the workers follow.
    pub uid: Option<String>,
    /// The generation of the object that the workers follow.
    pub generation: Option<i64>,
    /// The tasks by number.
    pub tasks: Vec<TaskReport>,
    /// Restarts of all tasks together.
    pub restarts: Option<i64>,
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
    /// Restarts so far.
    pub restarts: Option<i32>,
    /// When it is started again.
    pub next_restart: Option<Timestamp>,
    /// As [`Report::reason`].
    pub reason: Option<String>,
    /// What it failed with last.
    pub error: Option<String>,
    /// Whose business the error is.
    pub fault: Option<Fault>,
}
