//! The supervisor of one connector: brings its tasks in line with the configuration that is
//! wanted, whenever that changes, and tells how it goes.

mod report;
mod start;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use self::start::{Obstacle, forgotten, open_sink, start_tasks};
use crate::{
    clock::Clock,
    plugin::{Registry, TargetState},
    producer::Cluster,
    settings::ManagedConnector,
    store::{Store, entry::Entry},
    worker::{board::Board, progress::Me, snapshot::Origin, spec::Spec, tasks::Tasks},
};

/// How often offsets are stored while records flow; what a kill can make repeat.
const CHECKPOINT: Duration = Duration::from_secs(1);
/// How often counters are shown.
const SHOW: Duration = Duration::from_millis(200);
/// How long a stop waits for the last offsets to be stored.
const LAST_OFFSETS: Duration = Duration::from_secs(1);
/// How often a start that has to wait is tried again.
const START_AGAIN: Duration = Duration::from_secs(1);
/// The rate is a mean over so many checkpoints.
const RATE_OVER: usize = 5;

/// What all connectors of a worker share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// What the worker remembers.
    pub store: Store,
    /// Where records go.
    pub cluster: Arc<dyn Cluster>,
    /// The plugins there are.
    pub registry: Registry,
    /// The time that records show.
    pub clock: Arc<dyn Clock>,
    /// This worker.
    pub me: Me,
    /// The moment that durations are counted from.
    pub origin: Instant,
    /// The time it was then.
    pub began: Timestamp,
    /// Where everything is shown.
    pub board: Arc<Board>,
}

/// Who a connector is. Another uid is another connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Its name in the REST API.
    pub name: String,
    /// Its name in the store: with the namespace where there is one.
    pub stored: String,
    /// What its offsets belong to.
    pub uid: String,
    /// Who declared it.
    pub origin: Origin,
}

impl Identity {
    /// A connector that an object or a file declares.
    pub(super) fn of(connector: &ManagedConnector) -> Self {
        let (namespace, name) = (&connector.namespace, &connector.name);
        Self {
            name: name.clone(),
            stored: format!("{namespace}/{name}"),
            uid: connector.uid.clone(),
            origin: Origin::Managed {
                namespace: namespace.clone(),
                managed_by: connector.managed_by.clone(),
            },
        }
    }
}

/// What is wanted of a connector.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    /// The object's generation; 0 for one made by REST.
    pub generation: i64,
    /// The epoch where someone else numbers them.
    pub epoch: Option<u64>,
    /// The configuration, or what is wrong with it.
    pub spec: Result<Arc<Spec>, String>,
}

/// Which tasks to restart by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restart {
    /// The connector, where it has not come up; tasks that run go on.
    Connector,
    /// One.
    Task(u32),
    /// All that failed.
    Failed,
    /// All.
    All,
}

/// What reaches a supervisor from outside.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// What is wanted, always the newest.
    pub declared: watch::Receiver<Declared>,
    /// Restarts by hand.
    pub restarts: mpsc::Receiver<Restart>,
    /// Ends the supervisor.
    pub stop: CancellationToken,
    /// At the end, forget the offsets too.
    pub removed: Arc<AtomicBool>,
}

/// The supervisor.
#[derive(Debug)]
pub(crate) struct Supervisor {
    shared: Arc<Shared>,
    identity: Identity,
    inbox: Inbox,
    /// Tells when any worker has stored something.
    stored: watch::Receiver<u64>,
    tasks: Option<Tasks>,
    obstacle: Option<Obstacle>,
    /// Records of tasks that have ended.
    records: u64,
    history: VecDeque<u64>,
}

impl Supervisor {
    /// A supervisor that does nothing yet.
    pub(crate) fn new(shared: Arc<Shared>, identity: Identity, inbox: Inbox) -> Self {
        let history = VecDeque::with_capacity(RATE_OVER + 1);
        let stored = shared.store.changes();
        Self {
            shared,
            identity,
            inbox,
            stored,
            tasks: None,
            obstacle: None,
            records: 0,
            history,
        }
    }

    /// Runs until told to stop. `before` is a connector of the same name that is ending.
    pub(crate) async fn run(mut self, before: Option<JoinHandle<()>>) {
        if let Some(before) = before {
            // However it ended, it has ended.
            let _ = before.await;
        }
        let stop = self.inbox.stop.clone();
        tokio::select! {
            () = self.supervise() => {}
            () = stop.cancelled() => {}
        }
        self.finish().await;
    }

    async fn supervise(&mut self) {
        let mut checkpoint = interval(CHECKPOINT);
        checkpoint.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut show = interval(SHOW);
        show.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.follow().await;
        loop {
            self.publish();
            let waits = self.waits();
            tokio::select! {
                changed = self.inbox.declared.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.follow().await;
                }
                Some(restart) = self.inbox.restarts.recv() => self.restart(restart).await,
                () = next(self.tasks.as_mut()) => self.mend(),
                Ok(()) = self.stored.changed() => {
                    if waits || self.is_superseded() {
                        self.follow().await;
                    }
                }
                _ = checkpoint.tick() => self.checkpoint(),
                // The next round shows what has changed.
                _ = show.tick() => {}
                () = tokio::time::sleep(START_AGAIN), if waits => self.follow().await,
            }
        }
    }

    /// Brings the tasks in line with what is wanted.
    async fn follow(&mut self) {
        let declared = self.inbox.declared.borrow_and_update().clone();
        let spec = match &declared.spec {
            Ok(spec) => Arc::clone(spec),
            Err(text) => {
                self.obstacle = Some(Obstacle::invalid(text.clone()));
                return;
            }
        };
        let before = self.obstacle.take();
        let is_stopped = spec.connector.state == TargetState::Stopped;
        let is_superseded = self.is_superseded();
        let ended = match &mut self.tasks {
            Some(tasks) if !is_stopped && !is_superseded && tasks.can_follow(&spec) => {
                tasks.follow(spec);
                return;
            }
            _ => self.end_tasks().await,
        };
        let started = match ended {
            Ok(()) if is_stopped => Ok(None),
            Ok(()) => start_tasks(&self.shared, &self.identity, spec, &declared).await,
            Err(open) => Err(Obstacle::in_flight(open)),
        };
        match started {
            Ok(Some(tasks)) => self.tasks = Some(tasks),
            Ok(None) => {}
            Err(obstacle) => self.meet(obstacle, before),
        }
    }

    /// Something is in the way; it is told once.
    fn meet(&mut self, obstacle: Obstacle, before: Option<Obstacle>) {
        if before.is_none_or(|before| before.text != obstacle.text) {
            tracing::warn!(connector = %self.identity.name, detail = %obstacle.text, "start the connector");
        }
        self.obstacle = Some(obstacle);
    }

    /// Something is in the way that may pass.
    fn waits(&self) -> bool {
        self.obstacle
            .as_ref()
            .is_some_and(|obstacle| obstacle.passes)
    }

    /// Other workers have gone on to another layout, or to another stream of a newer generation.
    fn is_superseded(&self) -> bool {
        let generation = self.inbox.declared.borrow().generation;
        self.tasks.as_ref().is_some_and(|tasks| {
            let (stream, state) = (tasks.stream(), self.shared.store.state());
            let current = stream.current(&state).ok().flatten();
            let is_replaced = current.is_some_and(|layout| layout.number > tasks.layout().number);
            is_replaced || stream.is_stale(&state, generation).unwrap_or(false)
        })
    }

    /// Ends the tasks that run and stores where they stopped. Cut short, or where records are still in flight, it can be
    /// called again.
    async fn end_tasks(&mut self) -> Result<(), usize> {
        let Some(tasks) = &mut self.tasks else {
            return Ok(());
        };
        let entry = tasks.end().await?;
        self.store_end(entry).await;
        Ok(())
    }

    async fn store_end(&mut self, entry: Entry) {
        if self.shared.store.put(vec![entry]).await.is_err() {
            tracing::debug!(connector = %self.identity.name, "the store is closing");
        }
        self.records += self.tasks.take().map_or(0, |tasks| tasks.records());
    }

    async fn restart(&mut self, restart: Restart) {
        match &mut self.tasks {
            Some(tasks) => tasks.restart(|task, is_failed| match restart {
                Restart::Connector => false,
                Restart::Task(chosen) => task == chosen,
                Restart::Failed => is_failed,
                Restart::All => true,
            }),
            None => self.follow().await,
        }
    }

    /// After a fatal fault of the sink the next attempts get a new one.
    fn mend(&mut self) {
        let Some(tasks) = &self.tasks else { return };
        if tasks.sink_is_usable() {
            return;
        }
        let sink = open_sink(&self.shared, &self.identity, tasks.spec());
        match (sink, &mut self.tasks) {
            (Ok(sink), Some(tasks)) => tasks.use_sink(sink),
            (Err(obstacle), _) => self.obstacle = Some(obstacle),
            (Ok(_), None) => {}
        }
    }

    fn checkpoint(&mut self) {
        if let Some(tasks) = &mut self.tasks {
            tasks.checkpoint(&self.shared.store);
        }
        self.history.push_back(self.all_records());
        if self.history.len() > RATE_OVER + 1 {
            self.history.pop_front();
        }
    }

    /// Ends in order, whatever the broker does; forgets the offsets of a connector that was
    /// removed.
    async fn finish(&mut self) {
        let last = async {
            let open = self.end_tasks().await.err();
            if let (Some(open), Some(tasks)) = (open, &self.tasks) {
                tracing::warn!(connector = %self.identity.name, records = open, "records in flight may come again");
                self.store_end(tasks.ended_part()).await;
            }
        };
        let last = timeout(LAST_OFFSETS + crate::worker::task::DRAIN, last);
        if last.await.is_err() {
            tracing::warn!(connector = %self.identity.name, "the last offsets could not be stored");
        }
        if self.inbox.removed.load(Ordering::Acquire) {
            let entries = forgotten(&self.shared.store.state(), &self.identity);
            if timeout(LAST_OFFSETS, self.shared.store.put(entries))
                .await
                .is_err()
            {
                tracing::warn!(connector = %self.identity.name, "its offsets could not be removed yet");
            }
        }
    }
}

/// Waits for the tasks to have something to tell; for ever where there are none.
async fn next(tasks: Option<&mut Tasks>) {
    match tasks {
        Some(tasks) => tasks.next().await,
        None => std::future::pending().await,
    }
}
