//! What can be asked of a running worker, and why it is refused. Knows no HTTP.

use std::{sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot};

use crate::{
    plugin::{Config, Registry, TargetState},
    worker::{board::Board, connector::Restart},
};

/// How long a command may take: storing it needs the broker.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A change somebody asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    /// Makes a connector that does not exist yet.
    Create {
        /// Its name.
        name: String,
        /// Its configuration.
        config: Config,
        /// The state to begin in.
        state: TargetState,
    },
    /// Makes a connector, or gives it another configuration.
    Configure {
        /// Its name.
        name: String,
        /// Its whole configuration.
        config: Config,
    },
    /// Tells a connector to run, pause or stop.
    SetState {
        /// Its name.
        name: String,
        /// The state wanted.
        state: TargetState,
    },
    /// Restarts tasks.
    Restart {
        /// The connector's name.
        name: String,
        /// Which tasks.
        restart: Restart,
    },
    /// Removes a connector.
    Delete {
        /// Its name.
        name: String,
    },
    /// Asks for the offsets that are stored.
    ReadOffsets {
        /// The connector's name.
        name: String,
    },
    /// Moves tasks of a stopped connector to other records.
    MoveOffsets {
        /// The connector's name.
        name: String,
        /// By task: the record to go on with, or from the beginning. `None` resets everything.
        offsets: Option<Vec<(u32, u64)>>,
    },
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Done {
    /// There is a new connector.
    Created,
    /// It is taken; tasks follow.
    Accepted,
    /// By task: the next record.
    Offsets(Vec<(u32, u64)>),
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no such connector.
    #[error("Connector {0} not found")]
    Unknown(String),
    /// There is no such task.
    #[error("Task {1} of connector {0} not found")]
    UnknownTask(String, u32),
    /// There is one already.
    #[error("Connector {0} already exists")]
    Exists(String),
    /// It belongs to an object or a file.
    #[error("Connector {name} is managed by {by}: edit it there (restart is allowed here)")]
    Managed {
        /// The connector's name.
        name: String,
        /// Whom to ask.
        by: String,
    },
    /// The worker belongs to one connector.
    #[error(
        "Connector {0} cannot be made here: this worker runs the connector of its object only; apply a Connector instead"
    )]
    Dedicated(String),
    /// The request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Connect wants it stopped first.
    #[error(
        "Connector {0} must be stopped, with no tasks, before its offsets can be changed: PUT /connectors/{0}/stop"
    )]
    NotStopped(String),
    /// The worker has not read the offsets topic yet, or is too busy.
    #[error("Cannot complete request momentarily: {0}; try again")]
    NotNow(String),
}

/// The way to a running worker. A cheap handle.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    /// Its plugins.
    pub registry: Registry,
    /// What it shows.
    pub board: Arc<Board>,
    pub(super) commands: mpsc::Sender<Request>,
}

/// A command and where its answer goes.
#[derive(Debug)]
pub(crate) struct Request {
    pub(super) command: Command,
    pub(super) answer: oneshot::Sender<Result<Done, Refusal>>,
}

impl Handle {
    /// Asks for a change and waits until it is stored.
    ///
    /// # Errors
    /// [`Refusal`] says why not.
    pub(crate) async fn ask(&self, command: Command) -> Result<Done, Refusal> {
        if !self.board.watch().borrow().ready {
            let fault = self.board.watch().borrow().fault.clone();
            return Err(Refusal::NotNow(
                fault.unwrap_or_else(|| "the worker is starting".to_owned()),
            ));
        }
        let (answer, answered) = oneshot::channel();
        let request = Request { command, answer };
        self.commands
            .try_send(request)
            .map_err(|_| Refusal::NotNow("the worker is busy".to_owned()))?;
        match tokio::time::timeout(TIMEOUT, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Refusal::NotNow("the worker is stopping".to_owned())),
            Err(_) => Err(Refusal::NotNow("the broker does not answer".to_owned())),
        }
    }
}
