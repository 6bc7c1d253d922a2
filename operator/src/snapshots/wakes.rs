//! What looks different from before, until somebody takes it: a set, so that nothing queues up.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use super::View;
use crate::{names::ObjectName, ports::broker_admin::Snapshot};

/// Which topics of a cluster look different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Any of them may.
    All,
    /// These, by their Kafka names.
    Topics(BTreeSet<String>),
}

impl Woken {
    /// Whether the topic is one of them.
    pub fn has(&self, topic: &str) -> bool {
        match self {
            Self::All => true,
            Self::Topics(topics) => topics.contains(topic),
        }
    }

    fn add(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Topics(topics), Self::Topics(more)) => topics.extend(more),
            (_, other) => {
                if other == Self::All {
                    *self = Self::All;
                }
            }
        }
    }
}

/// News for those who reconcile Topics, and for those who reconcile Clusters. Each has one reader.
#[derive(Debug, Default)]
pub struct Wakes {
    topics: News<Woken>,
    clusters: News<Woken>,
}

impl Wakes {
    /// Waits until topics look different, and takes all news at once.
    pub async fn topics(&self) -> BTreeMap<ObjectName, Woken> {
        self.topics.take().await
    }

    /// Waits until clusters look different (reachable or not, other topics), and takes them all.
    pub async fn clusters(&self) -> BTreeSet<ObjectName> {
        self.clusters.take().await.into_keys().collect()
    }

    /// Says that these topics of `cluster` may look different.
    pub fn wake_topics(&self, cluster: &ObjectName, woken: Woken) {
        self.topics.add(cluster, woken, Woken::add);
    }

    /// Says that `cluster` looks different.
    pub(super) fn wake_cluster(&self, cluster: &ObjectName) {
        self.clusters.add(cluster, Woken::All, Woken::add);
    }
}

/// News by cluster.
#[derive(Debug)]
struct News<T> {
    /// Held for a moment, never across an await.
    waiting: Mutex<BTreeMap<ObjectName, T>>,
    added: Notify,
}

impl<T> Default for News<T> {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            added: Notify::new(),
        }
    }
}

impl<T> News<T> {
    fn add(&self, cluster: &ObjectName, news: T, merge: impl FnOnce(&mut T, T)) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.get_mut(cluster) {
            Some(known) => merge(known, news),
            None => drop(waiting.insert(cluster.clone(), news)),
        }
        drop(waiting);
        self.added.notify_one();
    }

    async fn take(&self) -> BTreeMap<ObjectName, T> {
        loop {
            let taken = {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *waiting)
            };
            if !taken.is_empty() {
                return taken;
            }
            self.added.notified().await;
        }
    }
}

/// Which topics look different; `None` when none does. Pure.
pub(super) fn difference(before: &View, after: &View) -> Option<Woken> {
    match (before, after) {
        (View::Seen(before), View::Seen(after)) => changed(before, after),
        (before, after) => (before != after).then_some(Woken::All),
    }
}

fn changed(before: &Snapshot, after: &Snapshot) -> Option<Woken> {
    if before.cluster_id != after.cluster_id || before.brokers != after.brokers {
        return Some(Woken::All);
    }
    let names = before.topics.keys().chain(after.topics.keys());
    let topics: BTreeSet<String> = names
        .filter(|name| before.topics.get(*name) != after.topics.get(*name))
        .cloned()
        .collect();
    (!topics.is_empty()).then_some(Woken::Topics(topics))
}
