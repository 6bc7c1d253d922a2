//! Sockets: accepts connections within their bound and runs each until it ends.
//!
//! Knows frames and replies; what a frame means is [`crate::api`]'s.

mod connection;
mod frame;
mod quiet;
mod send;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Broker;
use crate::api;
use crate::listeners::Bound;
use quiet::Quiet;

/// The pause after a failed accept: out of file handles, most likely, and soon to be over.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(200);

/// The accepting side of a running broker.
#[derive(Debug)]
pub(crate) struct Server {
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What all accept loops share.
struct Shared {
    broker: Arc<Broker>,
    /// One permit per connection.
    room: Arc<Semaphore>,
    quiet: Quiet,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Server {
    /// Accepts connections on all sockets until it is stopped.
    pub(crate) fn start(broker: &Arc<Broker>, listeners: Vec<(Bound, Vec<TcpListener>)>) -> Self {
        let server = Self {
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        let shared = Arc::new(Shared {
            broker: Arc::clone(broker),
            room: Arc::new(Semaphore::new(broker.config.max_connections)),
            quiet: Quiet::default(),
            tasks: server.tasks.clone(),
            stop: server.stop.clone(),
        });
        for (bound, sockets) in listeners {
            let bound = Arc::new(bound);
            for socket in sockets {
                server
                    .tasks
                    .spawn(accept(Arc::clone(&shared), Arc::clone(&bound), socket));
            }
        }
        server
    }

    /// Stops accepting, lets every connection send the answers it owes, and waits for that no
    /// longer than `patience`.
    pub(crate) async fn stop(&self, patience: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait())
            .await
            .is_err()
        {
            let left = self.tasks.len();
            tracing::warn!(left, "connections still open at the end of the stop");
        }
    }
}

async fn accept(shared: Arc<Shared>, bound: Arc<Bound>, socket: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => admit(&shared, &bound, stream, peer),
            Err(error) => {
                shared
                    .quiet
                    .warn(|| format!("accept connection on {}: {error}", bound.name));
                tokio::time::sleep(ACCEPT_BACK_OFF).await;
            }
        }
    }
}

/// Starts a connection, or closes it at once when there are too many.
fn admit(shared: &Arc<Shared>, bound: &Bound, stream: TcpStream, peer: SocketAddr) {
    let metrics = &shared.broker.metrics;
    let (Ok(permit), Ok(local)) = (
        Arc::clone(&shared.room).try_acquire_owned(),
        stream.local_addr(),
    ) else {
        metrics.refused_connections.inc();
        shared.quiet.warn(|| {
            format!(
                "refuse connection of {peer}: max.connections ({}) are open",
                shared.broker.config.max_connections
            )
        });
        return;
    };
    let connection = api::Connection {
        peer,
        advertised: bound.advertised(local),
    };
    let listener = bound.name.clone();
    let shared = Arc::clone(shared);
    shared.tasks.clone().spawn(async move {
        let metrics = &shared.broker.metrics;
        metrics.connections.inc();
        let ended = connection::run(&shared.broker, connection, stream, &shared.stop).await;
        if let Err(refused) = ended {
            metrics.bad_requests.inc();
            shared
                .quiet
                .warn(|| format!("close connection of {peer} on {listener}: {refused}"));
        }
        metrics.connections.dec();
        drop(permit);
    });
}
