//! How far a connector's tasks have come, as it is stored, and where they go on. Pure but for
//! reading a [`State`] that is in memory.
//!
//! Two kinds of entries carry a stream. A [`Layout`] says how many tasks and workers there are and
//! what they share; a [`Part`] says how far one worker has come with its tasks of a layout, and
//! whether it has ended. Workers decide by the order of the journal, which is one for all:
//!
//! - Several workers may find that the last layout has ended and write the next one. The first in
//!   the journal counts.
//! - A worker begins its part by an open `Part`, and runs once it sees that entry in the journal with
//!   no newer layout before it. A layout whose writer had not seen a part that began before it does
//!   not count: so nobody runs by a layout that another one has replaced.
//!
//! Compaction keeps the last entry of each key at its offset, and both rules need no more than that.

mod step;

use serde::{Deserialize, Serialize};

pub(super) use self::step::{Resumption, Step, Wanted};

use crate::{
    store::{
        JournalError,
        entry::{Entry, Key, Subject},
        state::State,
    },
    worker::handover::{Share, Unsent},
};

/// One stream of one object: what offsets belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stream {
    /// `namespace/name`, or a bare name for a connector made by REST.
    pub connector: String,
    /// The object's uid.
    pub uid: String,
    /// [`crate::worker::spec::Spec::stream`].
    pub hash: String,
}

/// A layout of tasks and what it starts from. The tasks' positions count within it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Layout {
    /// Rises with every change of the layout.
    #[serde(rename = "epoch")]
    pub number: u64,
    /// How many tasks.
    pub tasks: u32,
    /// How many workers; task t belongs to worker t modulo this.
    pub workers: u32,
    /// The generation of the object that it was written for.
    pub generation: i64,
    /// The seed drawn for the object.
    pub seed: u64,
    /// Its writer had read the journal up to here.
    pub base: u64,
    /// What the tasks share.
    #[serde(flatten)]
    pub unsent: Unsent,
}

/// How far one worker has come with its part of a layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// The layout's number.
    pub epoch: u64,
    /// The uid of the worker's pod; empty where there are no pods.
    pub pod: String,
    /// The uid of the pod that had the worker's ordinal before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Where in the journal the part began; `None` in the entry that begins it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// By task, those of the worker only: every record of its share below is acknowledged.
    pub next: Vec<u64>,
    /// Nothing more comes of it.
    pub ended: bool,
}

impl Me {
    /// A worker without others.
    pub(crate) fn alone() -> Self {
        Self {
            ordinal: 0,
            pod: String::new(),
            alone: true,
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Me {
    /// The worker's place among the workers.
    pub ordinal: u32,
    /// The uid of its pod; empty where there are no pods.
    pub pod: String,
    /// Nobody else can run tasks of its connectors.
    pub alone: bool,
}

impl Layout {
    /// The tasks of a worker.
    pub(super) fn tasks_of(&self, worker: u32) -> Vec<u32> {
        let is_its = |task: &u32| task % self.workers.max(1) == worker;
        (0..self.tasks).filter(is_its).collect()
    }

    /// A task's share of the sequence.
    pub(super) fn share(&self, task: u32) -> Share {
        Share {
            task,
            tasks: self.tasks,
        }
    }
}

impl Stream {
    fn key(&self, subject: Subject) -> Key {
        Key {
            connector: self.connector.clone(),
            subject,
        }
    }

    fn part_key(&self, worker: u32) -> Key {
        self.key(Subject::Part {
            uid: self.uid.clone(),
            stream: self.hash.clone(),
            worker,
        })
    }

    /// Stores how far a worker has come.
    pub(super) fn part(&self, worker: u32, part: &Part) -> Entry {
        Entry::set(self.part_key(worker), part)
    }

    /// Stores a layout.
    pub(super) fn layout(&self, worker: u32, layout: &Layout) -> Entry {
        let subject = Subject::Layout {
            uid: self.uid.clone(),
            stream: self.hash.clone(),
            epoch: layout.number,
            worker,
        };
        Entry::set(self.key(subject), layout)
    }

    /// The entry forgets something of another stream.
    pub(super) fn loses(&self, entry: &Entry) -> bool {
        entry.value.is_none() && !self.is_of_mine(&entry.key)
    }

    fn is_of_mine(&self, key: &Key) -> bool {
        match &key.subject {
            Subject::Config => false,
            Subject::Layout { uid, stream, .. } | Subject::Part { uid, stream, .. } => {
                *uid == self.uid && *stream == self.hash
            }
        }
    }

    /// What a worker has stored of the layout with this number, and where it began.
    pub(super) fn stored_part(
        &self,
        state: &State,
        worker: u32,
        epoch: u64,
    ) -> Result<Option<Part>, JournalError> {
        let stored = state.placed::<Part>(&self.part_key(worker))?;
        let stored = stored.filter(|(_, part)| part.epoch == epoch);
        Ok(stored.map(|(offset, part)| Part {
            since: part.since.or(Some(offset)),
            ..part
        }))
    }

    /// The layout in force: of those that count the one with the highest number; of several, the
    /// first in the journal.
    pub(super) fn current(&self, state: &State) -> Result<Option<Layout>, JournalError> {
        let (mut layouts, mut parts) = (Vec::new(), Vec::new());
        for key in state.keys(&self.connector) {
            if !self.is_of_mine(&key) {
                continue;
            }
            if matches!(key.subject, Subject::Layout { .. }) {
                layouts.extend(state.placed::<Layout>(&key)?);
            } else {
                parts.extend(state.placed::<Part>(&key)?);
            }
        }
        let counts = |(at, layout): &(u64, Layout)| {
            parts.iter().all(|(offset, part)| {
                let since = part.since.unwrap_or(*offset);
                part.epoch >= layout.number || since < layout.base || since > *at
            })
        };
        layouts.retain(counts);
        layouts.sort_by_key(|(at, layout)| (std::cmp::Reverse(layout.number), *at));
        Ok(layouts.into_iter().next().map(|(_, layout)| layout))
    }

    /// How many records are acknowledged since record 0. `live` knows better than the state where
    /// a task has come to.
    pub(super) fn sent(
        &self,
        state: &State,
        layout: &Layout,
        live: &dyn Fn(u32) -> Option<u64>,
    ) -> u64 {
        let below = self
            .positions(state, layout)
            .into_iter()
            .map(|(task, next)| {
                let next = live(task).or(next).unwrap_or(0);
                layout.unsent.path(layout.share(task)).count_below(next)
            });
        layout.unsent.sent() + below.sum::<u64>()
    }

    /// By task: every record of its share below is acknowledged, as far as that is stored.
    pub(super) fn positions(&self, state: &State, layout: &Layout) -> Vec<(u32, Option<u64>)> {
        let mut all = Vec::new();
        for worker in 0..layout.workers.max(1) {
            let part = self.stored_part(state, worker, layout.number);
            let part = part.ok().flatten();
            for (place, task) in layout.tasks_of(worker).into_iter().enumerate() {
                let next = part.as_ref().and_then(|part| part.next.get(place));
                all.push((task, next.copied()));
            }
        }
        all.sort_unstable();
        all
    }
}

#[cfg(test)]
mod tests;
