//! A worker as its process sees it: started, looked at, stopped. The only place where the runtime
//! and the listeners meet.

use std::{future::IntoFuture, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::TcpListener,
    sync::{OnceCell, watch},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    admin,
    client::Connection,
    datagen::Datagen,
    plugin::Registry,
    producer::kafka::KafkaCluster,
    rest::{self, Api, listener::Bounded, peers::Peers},
    settings::Settings,
    store::topic::TopicJournal,
    worker::{
        Me,
        board::Board,
        runtime::{Ports, Runtime},
        snapshot::Snapshot,
    },
};

/// How long a stop waits for records in flight, the last offsets and open requests.
const STOP_DEADLINE: Duration = Duration::from_secs(5);
/// Connections each listener holds at a time.
const CONNECTIONS: usize = 256;

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
        let connection = Connection {
            bootstrap: settings.bootstrap,
            overrides: settings.client,
        };
        connection
            .check()
            .map_err(|detail| StartError::Client { detail })?;
        let ports = Ports {
            cluster: Arc::new(KafkaCluster::new(connection.clone())),
            journal: Arc::new(TopicJournal::new(connection, settings.place.is_some())),
            registry: Registry::new(vec![Arc::new(Datagen)]),
            clock: settings.clock,
        };
        let mut rest = Vec::new();
        for address in settings.rest_listen {
            rest.push(bind(address).await?);
        }
        let admin = match settings.admin_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let cluster = Arc::clone(&ports.cluster);
        let worker_id: Arc<str> = settings.worker_id.as_str().into();
        let peers = settings.place.clone().map(Peers::new).transpose();
        let peers = peers.map_err(|error| StartError::Client {
            detail: error.to_string(),
        })?;
        let me = settings.place.as_ref().map_or_else(Me::alone, |place| Me {
            ordinal: place.ordinal,
            pod: place.pod.clone(),
            alone: false,
        });
        let (runtime, handle) = Runtime::new(ports, me, settings.managed);
        let board = Arc::clone(&handle.board);
        let api = Api {
            handle,
            worker_id,
            peers,
            cluster,
            cluster_id: Arc::new(OnceCell::new()),
        };
        let mut running = Running::new(Arc::clone(&board));
        running.tasks.spawn(runtime.run(running.stop.clone()));
        for (listener, address) in rest {
            running.rest.push(address);
            running.serve(listener, rest::router(api.clone()));
        }
        if let Some((listener, address)) = admin {
            running.admin = Some(address);
            running.serve(listener, admin::router(board));
        }
        Ok(running)
    }
}

/// A running worker. Dropped, it stops without order: call [`Running::stop`].
#[derive(Debug)]
pub struct Running {
    rest: Vec<SocketAddr>,
    admin: Option<SocketAddr>,
    board: Arc<Board>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    fn new(board: Arc<Board>) -> Self {
        Self {
            rest: Vec::new(),
            admin: None,
            board,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

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
        self.board.watch()
    }

    /// The metrics text, for a process with an admin listener of its own.
    pub fn metrics(&self) -> String {
        crate::metrics::render(&self.board.watch().borrow())
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
            tracing::warn!("stop the worker: the deadline passed with work under way");
        }
    }

    fn serve(&self, listener: TcpListener, routes: Router) {
        let server = axum::serve(Bounded::new(listener, CONNECTIONS), routes);
        let stopped = self.stop.clone().cancelled_owned();
        let done = server.with_graceful_shutdown(stopped).into_future();
        self.tasks.spawn(async move {
            if let Err(error) = done.await {
                tracing::error!(%error, "serve requests");
            }
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
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
    /// The Kafka client refused its settings, or the one for the other workers.
    #[error("configure a client: {detail}")]
    Client {
        /// The client's words.
        detail: String,
    },
}

#[cfg(test)]
mod tests;
