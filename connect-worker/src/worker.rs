//! The runtime: connectors, their tasks, and what keeps them going. Knows no HTTP.

pub mod snapshot;

use std::{net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, sync::watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{settings::Settings, worker::snapshot::Snapshot};

/// How long a stop waits for records in flight and for the last offsets.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// A worker, before it runs.
#[derive(Debug)]
pub struct Worker;

impl Worker {
    /// Binds the listeners and starts the runtime in the background: returns as soon as the REST
    /// API answers, also while the broker is not there yet ([`Snapshot::ready`] tells).
    ///
    /// # Errors
    /// A listener that cannot be bound, or client settings that librdkafka refuses.
    pub async fn start(settings: Settings) -> Result<Running, StartError> {
        let mut rest = Vec::new();
        for address in &settings.rest_listen {
            let listener = TcpListener::bind(address).await;
            let listener = listener.map_err(|source| StartError::Listen {
                address: *address,
                source,
            })?;
            rest.push(listener.local_addr().map_err(|source| StartError::Listen {
                address: *address,
                source,
            })?);
        }
        let (_, snapshot) = watch::channel(Snapshot::default());
        Ok(Running {
            rest,
            admin: None,
            snapshot,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }
}

/// A running worker. Dropping it stops nothing in order; call [`Running::stop`].
#[derive(Debug)]
pub struct Running {
    rest: Vec<SocketAddr>,
    admin: Option<SocketAddr>,
    snapshot: watch::Receiver<Snapshot>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    /// Where the REST API listens, in the order of [`Settings::rest_listen`].
    pub fn rest(&self) -> &[SocketAddr] {
        &self.rest
    }

    /// Where the admin listener listens, if one was asked for.
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// The state of everything, and a way to wait for the next change.
    pub fn snapshot(&self) -> watch::Receiver<Snapshot> {
        self.snapshot.clone()
    }

    /// The metrics text, for a process with an admin listener of its own.
    pub fn metrics(&self) -> String {
        crate::metrics::render(&self.snapshot.borrow())
    }

    /// Stops in order: tasks stop sending, what is in flight is flushed, offsets are stored. It
    /// takes 5 s at most, whatever the broker does.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_DEADLINE, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("stop the worker: the deadline passed with records in flight");
        }
    }
}

/// Why a worker did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener could not be bound.
    #[error("listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The Kafka client refused its settings.
    #[error("configure the Kafka client: {detail}")]
    Client {
        /// librdkafka's words.
        detail: String,
    },
}
