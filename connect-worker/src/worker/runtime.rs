//! Puts the runtime together over its ports: reads the store, then lets the herder work, then
//! closes everything in order.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    plugin::Registry,
    producer::Cluster,
    settings::ManagedConnector,
    store::{Journal, Store},
    worker::{
        board::Board,
        command::{Handle, Request},
        connector::{Identity, Shared},
        herder::Herder,
        progress::Me,
        snapshot::Reason,
    },
};

/// Commands that may wait for the herder.
const COMMANDS: usize = 64;
/// How often a broker that does not answer is asked again for the offsets.
const READ_AGAIN: Duration = Duration::from_millis(100);

/// What the runtime works with.
#[derive(Debug)]
pub(crate) struct Ports {
    /// Where records go.
    pub cluster: Arc<dyn Cluster>,
    /// Where it remembers.
    pub journal: Arc<dyn Journal>,
    /// The plugins there are.
    pub registry: Registry,
    /// The time that records show.
    pub clock: Arc<dyn Clock>,
}

/// The runtime of one worker, before it runs.
#[derive(Debug)]
pub(crate) struct Runtime {
    ports: Ports,
    me: Me,
    board: Arc<Board>,
    requests: mpsc::Receiver<Request>,
    managed: watch::Receiver<Vec<ManagedConnector>>,
}

impl Runtime {
    /// The runtime and the way to it.
    pub(crate) fn new(
        ports: Ports,
        me: Me,
        managed: watch::Receiver<Vec<ManagedConnector>>,
    ) -> (Self, Handle) {
        let (commands, requests) = mpsc::channel(COMMANDS);
        let board = Arc::<Board>::default();
        let handle = Handle {
            registry: ports.registry.clone(),
            board: Arc::clone(&board),
            commands,
        };
        (
            Self {
                ports,
                me,
                board,
                requests,
                managed,
            },
            handle,
        )
    }

    /// Works until told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let (fault, mut faults) = watch::channel(None);
        // The store closes after the last connector has ended.
        let close = CancellationToken::new();
        let opened = self.open(fault, &close);
        let (store, writer) = tokio::select! {
            opened = opened => opened,
            () = stop.cancelled() => return,
        };
        let writer = tokio::spawn(writer);
        let shared = Shared {
            store,
            cluster: self.ports.cluster,
            registry: self.ports.registry,
            clock: self.ports.clock,
            me: self.me,
            origin: Instant::now(),
            began: Timestamp::now(),
            board: Arc::clone(&self.board),
        };
        let herder = Herder::new(Arc::new(shared)).run(self.managed, self.requests, stop);
        tokio::pin!(herder);
        loop {
            tokio::select! {
                () = &mut herder => break,
                Ok(()) = faults.changed() => {
                    let fault = faults.borrow_and_update().clone();
                    self.board.tell(|snapshot| snapshot.fault = fault);
                }
            }
        }
        close.cancel();
        // However the writer ended, it has ended.
        let _ = writer.await;
    }

    /// Shows the connectors that will run here as soon as the offsets are read: whoever asks a pod
    /// for its connector learns what is in the way.
    fn announce(&self, fault: &str) {
        if self.me.alone {
            return;
        }
        for connector in self.managed.borrow().iter() {
            let identity = Identity::of(connector);
            self.board.put(&identity, &connector.config, String::new());
            self.board.tell_of(&identity, |status| {
                status.generation = connector.generation;
                status.reason = Some(Reason::BrokerUnreachable);
                status.trace = Some(fault.to_owned());
            });
        }
    }

    async fn open(
        &self,
        fault: watch::Sender<Option<String>>,
        close: &CancellationToken,
    ) -> (Store, impl Future<Output = ()> + Send + 'static) {
        loop {
            match Store::open(
                Arc::clone(&self.ports.journal),
                fault.clone(),
                close.clone(),
            )
            .await
            {
                Ok(opened) => {
                    self.board.tell(|snapshot| snapshot.fault = None);
                    return opened;
                }
                Err(error) => {
                    tracing::debug!(%error, "read the offsets; trying again");
                    self.board
                        .tell(|snapshot| snapshot.fault = Some(error.to_string()));
                    self.announce(&error.to_string());
                    tokio::time::sleep(READ_AGAIN).await;
                }
            }
        }
    }
}
