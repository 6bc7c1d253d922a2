//! What is known of the Kafka side of every Cluster, and the way to change it.
//!
//! One task per Cluster keeps a [`Snapshot`] of all its topics and their settings, and carries out
//! changes of many topics in few calls on one connection. Whoever reconciles reads a [`View`] and
//! asks no broker; what a new look changed is told through [`Wakes`]. So a steady pass over hundreds
//! of topics is one look.
//!
//! Knows Clusters by name, uid and bootstrap servers, and topics by their Kafka names; not why
//! anybody wants a change.

mod batch;
pub mod follow;
mod task;
#[cfg(test)]
mod tests;
mod wakes;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    names::ObjectName,
    ports::{
        BrokerAdmin,
        broker_admin::{Amount, Snapshot},
    },
    topic::{Action, apply::ApplyError},
};
use batch::Change;
pub use wakes::{Wakes, Woken};

/// Changes that may wait for their batch; further callers wait for a place.
const QUEUE: usize = 1024;

/// What is known of a cluster's topics.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    /// Nobody has looked yet.
    Unseen,
    /// The last look, and it is not old.
    Seen(Arc<Snapshot>),
    /// The brokers do not answer, and why, in a form that does not change from try to try.
    Unreachable(String),
}

impl View {
    /// The snapshot, where there is one.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        match self {
            Self::Seen(snapshot) => Some(snapshot),
            Self::Unseen | Self::Unreachable(_) => None,
        }
    }
}

/// Where a Cluster's brokers are, and whose they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The Cluster's uid: one made again under its name is another cluster.
    pub uid: String,
    /// Bootstrap servers, separated by commas.
    pub bootstrap: String,
}

/// What came of a change.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Whether everything asked for happened.
    pub outcome: Result<(), ApplyError>,
    /// The cluster after it.
    pub view: View,
    /// How much of the topic there is, where that is known.
    pub amount: Option<Amount>,
}

/// How often brokers are asked.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks at a cluster that answers, give or take a tenth.
    pub resync: Duration,
    /// How long the first change of a batch waits for others.
    pub linger: Duration,
    /// From the first new try at a cluster that does not answer to the longest wait between two.
    pub retry: (Duration, Duration),
}

impl Pace {
    /// The usual pace with this resync.
    pub fn of_resync(resync: Duration) -> Self {
        Self {
            resync,
            linger: Duration::from_millis(20),
            retry: (Duration::from_millis(500), Duration::from_secs(15)),
        }
    }
}

/// All clusters that are looked at. See the module.
#[derive(Debug)]
pub struct Snapshots {
    pace: Pace,
    wakes: Arc<Wakes>,
    /// Held to look up, put or take an entry, never across an await.
    clusters: Mutex<BTreeMap<ObjectName, Entry>>,
}

/// One cluster's task; it ends when the entry goes.
#[derive(Debug)]
struct Entry {
    endpoint: Endpoint,
    view: watch::Receiver<View>,
    changes: mpsc::Sender<Change>,
    nudge: Arc<Notify>,
    _running: DropGuard,
}

impl Snapshots {
    /// No clusters yet.
    pub fn new(pace: Pace) -> Self {
        Self {
            pace,
            wakes: Arc::default(),
            clusters: Mutex::default(),
        }
    }

    /// Where it is told which topics and clusters look different from before.
    pub fn wakes(&self) -> &Wakes {
        &self.wakes
    }

    /// Looks at `cluster` from now on; a task that looked elsewhere, or at another Cluster of this
    /// name, ends. `connect` makes the admin port of the bootstrap servers. Must run in a runtime.
    pub fn attach<A: BrokerAdmin + 'static>(
        &self,
        cluster: &ObjectName,
        endpoint: Endpoint,
        connect: impl FnOnce(&str) -> A,
    ) {
        let mut clusters = self.lock();
        if clusters
            .get(cluster)
            .is_some_and(|known| known.endpoint == endpoint)
        {
            return;
        }
        let (view_sender, view) = watch::channel(View::Unseen);
        let (changes, change_receiver) = mpsc::channel(QUEUE);
        let nudge = Arc::new(Notify::new());
        let task = task::Task {
            cluster: cluster.clone(),
            admin: connect(&endpoint.bootstrap),
            pace: self.pace,
            view: view_sender,
            changes: change_receiver,
            nudge: Arc::clone(&nudge),
            wakes: Arc::clone(&self.wakes),
        };
        let running = CancellationToken::new();
        let ended = running.clone();
        tokio::spawn(async move { ended.run_until_cancelled(task.run()).await });
        let entry = Entry {
            endpoint,
            view,
            changes,
            nudge,
            _running: running.drop_guard(),
        };
        clusters.insert(cluster.clone(), entry);
    }

    /// Looks at `cluster` no more. Changes under way are cut off.
    pub fn detach(&self, cluster: &ObjectName) {
        self.lock().remove(cluster);
    }

    /// The clusters that are looked at.
    pub fn attached(&self) -> Vec<ObjectName> {
        self.lock().keys().cloned().collect()
    }

    /// What is known of `cluster`; `None` when nobody looks at it.
    pub fn view(&self, cluster: &ObjectName) -> Option<View> {
        let clusters = self.lock();
        clusters
            .get(cluster)
            .map(|entry| entry.view.borrow().clone())
    }

    /// Looks at `cluster` now: something else says that it changed.
    pub fn nudge(&self, cluster: &ObjectName) {
        if let Some(entry) = self.lock().get(cluster) {
            entry.nudge.notify_one();
        }
    }

    /// Carries out `actions` on one topic of `cluster`, along with what others want at the same
    /// moment, and looks again. `None` when nobody looks at the cluster, or no longer: then whether
    /// anything happened is not known.
    pub async fn change(
        &self,
        cluster: &ObjectName,
        topic: &str,
        actions: Vec<Action>,
    ) -> Option<Changed> {
        let changes = self.lock().get(cluster)?.changes.clone();
        let (reply, answer) = oneshot::channel();
        let change = Change {
            topic: topic.to_owned(),
            actions,
            reply,
        };
        changes.send(change).await.ok()?;
        drop(changes);
        answer.await.ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<ObjectName, Entry>> {
        self.clusters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
