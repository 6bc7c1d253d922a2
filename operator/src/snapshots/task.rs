//! The task of one cluster: looks, gathers changes, carries them out, looks again.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc, watch},
    time::sleep,
};

use super::{
    Changed, Pace, View, Wakes, Woken,
    batch::{Batch, Change, Gathering},
    wakes::difference,
};
use crate::{
    names::ObjectName,
    ports::{
        BrokerAdmin,
        broker_admin::{AdminError, Amount},
    },
    topic::{
        Action,
        apply::{Outcomes, apply},
    },
};

/// Failed looks after which a cluster that answered counts as unreachable: a broker that restarts
/// must not cost two status writes for each of its topics.
const PATIENCE: u32 = 2;

/// See the module.
#[derive(Debug)]
pub(super) struct Task<A> {
    pub(super) cluster: ObjectName,
    pub(super) admin: A,
    pub(super) pace: Pace,
    pub(super) view: watch::Sender<View>,
    pub(super) changes: mpsc::Receiver<Change>,
    /// Somebody knows that a look is worth it now.
    pub(super) nudge: Arc<Notify>,
    pub(super) wakes: Arc<Wakes>,
}

/// What the loop holds beside its task.
struct Looking<A> {
    cluster: ObjectName,
    admin: A,
    pace: Pace,
    view: watch::Sender<View>,
    wakes: Arc<Wakes>,
    /// Looks that failed since the last one that did not.
    failures: u32,
    /// All looks, for the jitter.
    looks: u64,
}

impl<A: BrokerAdmin> Task<A> {
    /// Runs until nobody can want a change any more.
    pub(super) async fn run(self) {
        let Self { changes, nudge, .. } = self;
        let mut changes = Gathering::new(changes);
        let mut looking = Looking {
            cluster: self.cluster,
            admin: self.admin,
            pace: self.pace,
            view: self.view,
            wakes: self.wakes,
            failures: 0,
            looks: 0,
        };
        let nobody = BTreeSet::new();
        let mut pause = looking.look(&nobody).await;
        loop {
            pause = tokio::select! {
                () = sleep(pause) => looking.look(&nobody).await,
                () = nudge.notified() => looking.look(&nobody).await,
                first = changes.first() => {
                    let Some(first) = first else { return };
                    let batch = changes.gather(first, looking.pace.linger).await;
                    looking.carry_out(batch).await
                }
            };
        }
    }
}

impl<A: BrokerAdmin> Looking<A> {
    /// Looks at the cluster and tells what is different; the topics in `told` hear it otherwise.
    /// Gives how long to wait until the next look.
    async fn look(&mut self, told: &BTreeSet<String>) -> Duration {
        self.looks += 1;
        let before = self.view.borrow().clone();
        let after = match self.admin.snapshot().await {
            Ok(snapshot) => {
                self.failures = 0;
                View::Seen(Arc::new(snapshot))
            }
            Err(error) => self.missed(&before, &error),
        };
        let woken = difference(&before, &after);
        if woken.is_some() {
            self.view.send_replace(after);
        }
        if let Some(woken) = woken {
            self.wakes.wake_cluster(&self.cluster);
            self.wake(woken, told);
        }
        self.pause()
    }

    /// What is known after a look that failed. The reason given first stays, so that a status that
    /// shows it is not written again and again.
    fn missed(&mut self, before: &View, error: &AdminError) -> View {
        self.failures = self.failures.saturating_add(1);
        match before {
            View::Seen(_) if self.failures < PATIENCE => before.clone(),
            View::Unreachable(_) => before.clone(),
            View::Seen(_) | View::Unseen => {
                tracing::warn!(cluster = %self.cluster, %error, "the cluster does not answer");
                View::Unreachable(error.to_string())
            }
        }
    }

    fn wake(&self, woken: Woken, told: &BTreeSet<String>) {
        let woken = match woken {
            Woken::All => Woken::All,
            Woken::Topics(topics) => {
                let topics: BTreeSet<_> = topics.difference(told).cloned().collect();
                if topics.is_empty() {
                    return;
                }
                Woken::Topics(topics)
            }
        };
        self.wakes.wake_topics(&self.cluster, woken);
    }

    async fn carry_out(&mut self, mut batch: Batch) -> Duration {
        let actions = batch
            .values_mut()
            .flat_map(|change| std::mem::take(&mut change.actions));
        let actions: Vec<_> = actions.collect();
        let made = actions.iter().filter_map(|action| match action {
            Action::Create(new) => Some((new.name.clone(), Amount::default())),
            _ => None,
        });
        let mut amounts: BTreeMap<_, _> = made.collect();
        let outcomes = apply(&self.admin, actions).await;
        let told = batch.keys().cloned().collect();
        let pause = self.look(&told).await;
        self.measure(&told, &mut amounts).await;
        self.answer(batch, outcomes, &amounts);
        pause
    }

    /// Adds how much there is of `topics`, as far as they are there and it is not known. Nothing
    /// hangs on it: a broker that does not say has no number in a status.
    async fn measure(&self, topics: &BTreeSet<String>, amounts: &mut BTreeMap<String, Amount>) {
        let View::Seen(snapshot) = self.view.borrow().clone() else {
            return;
        };
        let unknown = topics.iter().filter(|name| !amounts.contains_key(*name));
        let unknown: Vec<_> = unknown
            .filter_map(|name| Some((name.clone(), snapshot.topics.get(name)?.partitions)))
            .collect();
        if unknown.is_empty() {
            return;
        }
        match self.admin.amounts(&unknown).await {
            Ok(found) => amounts.extend(found),
            Err(error) => tracing::debug!(cluster = %self.cluster, %error, "measure topics"),
        }
    }

    fn answer(&self, batch: Batch, mut outcomes: Outcomes, amounts: &BTreeMap<String, Amount>) {
        let view = self.view.borrow().clone();
        for (topic, change) in batch {
            let changed = Changed {
                outcome: outcomes.remove(&topic).unwrap_or(Ok(())),
                view: view.clone(),
                amount: amounts.get(&topic).copied(),
            };
            // Whoever asked may have given up; the next look tells them.
            drop(change.reply.send(changed));
        }
    }

    fn pause(&self) -> Duration {
        if self.failures == 0 {
            return self.jittered(self.pace.resync);
        }
        let (first, longest) = self.pace.retry;
        let doublings = (self.failures - 1).min(16);
        self.jittered(first.saturating_mul(1 << doublings).min(longest))
    }

    /// `pause` give or take a tenth, by a hash: clusters must not be asked in step.
    fn jittered(&self, pause: Duration) -> Duration {
        let mut hasher = DefaultHasher::new();
        (&self.cluster, self.looks).hash(&mut hasher);
        let permille = u32::try_from(hasher.finish() % 200).unwrap_or(0);
        pause / 1000 * (900 + permille)
    }
}
