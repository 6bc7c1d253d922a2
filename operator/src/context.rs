//! What the controllers share: client, settings, stores, queues, snapshots, events and metrics.
//!
//! Knows all kinds and decides nothing; no Secret is ever kept here.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crds::{Cluster, Connector, Topic};
use k8s_openapi::api::{
    apps::v1::StatefulSet,
    core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Service},
};
use kube::Client;
use tokio::{
    sync::{Notify, Semaphore},
    time::Instant,
};

use crate::{
    kubernetes::{
        events::Events,
        pace::Pace,
        queue::{Queue, Turn},
        store::{Scope, Store},
    },
    metrics::Metrics,
    names::ObjectName,
    settings::Settings,
    snapshots::{self, Snapshots},
    topic::departed::Departed,
};

/// Writes to the API server at once, over all controllers.
const WRITES: usize = 16;

/// A kind of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A Kafka cluster.
    Cluster,
    /// A topic.
    Topic,
    /// A connector.
    Connector,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Cluster, Self::Topic, Self::Connector];

    /// The kind's name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "Cluster",
            Self::Topic => "Topic",
            Self::Connector => "Connector",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Everything that is watched. Children are those with our label `app.kubernetes.io/managed-by`.
#[derive(Debug, Default)]
pub struct Stores {
    /// All Clusters.
    pub clusters: Arc<Store<Cluster>>,
    /// All Topics.
    pub topics: Arc<Store<Topic>>,
    /// All Connectors.
    pub connectors: Arc<Store<Connector>>,
    /// Our `StatefulSet`s.
    pub stateful_sets: Arc<Store<StatefulSet>>,
    /// Our Services.
    pub services: Arc<Store<Service>>,
    /// Our `ConfigMap`s.
    pub config_maps: Arc<Store<ConfigMap>>,
    /// The pods of our `StatefulSet`s.
    pub pods: Arc<Store<Pod>>,
    /// The volume claims of our `StatefulSet`s.
    pub claims: Arc<Store<PersistentVolumeClaim>>,
}

impl Stores {
    /// Whether all of `scope` was listed once.
    pub fn is_ready(&self, scope: &Scope) -> bool {
        self.clusters.is_ready(scope)
            && self.topics.is_ready(scope)
            && self.connectors.is_ready(scope)
            && self.stateful_sets.is_ready(scope)
            && self.services.is_ready(scope)
            && self.config_maps.is_ready(scope)
            && self.pods.is_ready(scope)
            && self.claims.is_ready(scope)
    }
}

impl Stores {
    /// Whether some of `scope` may not be listed: nobody waits for it.
    fn is_refused(&self, scope: &Scope) -> bool {
        self.clusters.is_refused(scope)
            || self.topics.is_refused(scope)
            || self.connectors.is_refused(scope)
            || self.stateful_sets.is_refused(scope)
            || self.services.is_refused(scope)
            || self.config_maps.is_refused(scope)
            || self.pods.is_refused(scope)
            || self.claims.is_refused(scope)
    }
}

/// A kind that is watched, and where its objects are kept.
pub trait Stored: Sized {
    /// Its store.
    fn store(stores: &Stores) -> &Store<Self>;
}

macro_rules! stored {
    ($($kind:ty: $field:ident),* $(,)?) => {
        $(impl Stored for $kind {
            fn store(stores: &Stores) -> &Store<Self> {
                &stores.$field
            }
        })*
    };
}

stored! {
    Cluster: clusters, Topic: topics, Connector: connectors, StatefulSet: stateful_sets, Service: services,
    ConfigMap: config_maps, Pod: pods, PersistentVolumeClaim: claims,
}

/// A queue that many may wake and one controller serves.
#[derive(Debug, Default)]
pub struct SharedQueue {
    /// Held for one operation, never across an await.
    queue: Mutex<Queue>,
    changed: Notify,
}

impl SharedQueue {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`Queue::wake`].
    pub fn wake(&self, name: &ObjectName, at: Instant) {
        self.lock().wake(name, at);
        self.changed.notify_one();
    }

    /// See [`Queue::take`].
    pub fn take(&self, now: Instant) -> Option<ObjectName> {
        self.lock().take(now)
    }

    /// See [`Queue::end`].
    pub fn end(&self, name: &ObjectName, turn: Turn, now: Instant) -> Option<Instant> {
        self.lock().end(name, turn, now)
    }

    /// See [`Queue::next`].
    pub fn next(&self) -> Option<Instant> {
        self.lock().next()
    }

    /// See [`Queue::depth`].
    pub fn depth(&self, now: Instant) -> usize {
        self.lock().depth(now)
    }

    /// Returns after the next wake.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }
}

/// What the controllers share.
pub struct Context {
    /// The API server.
    pub client: Client,
    /// As the operator was told.
    pub settings: Settings,
    /// Everything that is watched.
    pub stores: Stores,
    /// What is in each Kafka cluster.
    pub snapshots: Snapshots,
    /// Topics that went before their topics did.
    pub departed: Departed,
    /// Where Events go.
    pub events: Events,
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// One permit per write to the API server.
    pub writes: Semaphore,
    queues: [SharedQueue; 3],
    /// Held for one look, never across an await.
    pace: Mutex<Pace>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Context {
    /// A context without any object in it yet.
    pub fn new(client: Client, settings: Settings) -> Self {
        Self {
            events: Events::new(client.clone(), &settings.identity),
            snapshots: Snapshots::new(snapshots::Pace::of_resync(settings.resync)),
            client,
            settings,
            stores: Stores::default(),
            departed: Departed::default(),
            metrics: Arc::default(),
            writes: Semaphore::new(WRITES),
            queues: Default::default(),
            pace: Mutex::default(),
        }
    }

    /// The queue of one kind.
    pub fn queue(&self, kind: Kind) -> &SharedQueue {
        &self.queues[kind as usize]
    }

    /// Asks that an object be looked at now.
    pub fn wake(&self, kind: Kind, name: &ObjectName) {
        self.queue(kind).wake(name, Instant::now());
    }

    /// The parts of the Kubernetes cluster that are watched: the namespaces, or all of it at once.
    pub fn scopes(&self) -> Vec<Scope> {
        if self.settings.namespaces.is_empty() {
            return vec![None];
        }
        self.settings.namespaces.iter().cloned().map(Some).collect()
    }

    /// Whether everything that is watched was listed once, but for namespaces that we may not list: one that was deleted
    /// must not keep the objects of others waiting. An operator that may list nothing at all is not ready.
    pub fn stores_ready(&self) -> bool {
        let scopes = self.scopes();
        let is_ready = |scope: &Scope| self.stores.is_ready(scope);
        let is_settled = |scope: &Scope| is_ready(scope) || self.stores.is_refused(scope);
        scopes.iter().all(is_settled) && scopes.iter().any(is_ready)
    }

    /// Whether all that an object of this namespace may depend on was listed.
    pub fn has_listed(&self, namespace: &str) -> bool {
        let all = self.settings.namespaces.is_empty();
        let scope = (!all).then(|| namespace.to_owned());
        self.stores.is_ready(&scope)
    }

    /// Whether an object's counters may be written now; if so, they count as written.
    pub fn admit_counters(&self, kind: Kind, name: &ObjectName) -> bool {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.admit(kind.as_str(), name, Instant::now())
    }
}
