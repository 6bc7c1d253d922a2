//! The way from a wanted layout to running tasks, one step at a time: what to store next, whom to
//! wait for, or where to go on. Pure.

use super::{Layout, Me, Part, Stream};
use crate::{
    store::{
        JournalError,
        entry::{Entry, Key, Subject},
        state::State,
    },
    worker::handover::{Owner, Unsent, awaited},
};

/// The layout wanted now.
#[derive(Debug, Clone, Copy)]
pub(in crate::worker) struct Wanted<'a> {
    /// How many tasks.
    pub tasks: u32,
    /// How many workers.
    pub workers: u32,
    /// The epoch that someone else numbers; `None` where this worker does.
    pub epoch: Option<u64>,
    /// The generation of the object.
    pub generation: i64,
    /// The uids of the worker pods that are there, by ordinal.
    pub pods: &'a [String],
    /// This worker.
    pub me: &'a Me,
    /// A seed to take where none was drawn for the object yet.
    pub seed: u64,
}

/// What comes next on the way to running tasks.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::worker) enum Step {
    /// Store this, then ask again.
    Store(Vec<Entry>),
    /// Run the tasks.
    Run(Resumption),
    /// The layout has no tasks for this worker.
    Idle,
    /// These workers of the last layout have not ended their part.
    Await(Vec<u32>),
    /// Other workers follow a newer configuration.
    Stale,
}

/// Where the worker's tasks go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::worker) struct Resumption {
    /// The layout.
    pub layout: Layout,
    /// The worker's part as it stands.
    pub part: Part,
    /// The worker's tasks, in the order of [`Part::next`].
    pub tasks: Vec<u32>,
}

impl Stream {
    /// What comes next for this worker on the way to the wanted layout.
    ///
    /// # Errors
    /// A stored value cannot be read.
    pub(in crate::worker) fn step(
        &self,
        state: &State,
        wanted: Wanted<'_>,
    ) -> Result<Step, JournalError> {
        if self.is_stale(state, wanted.generation)? {
            return Ok(Step::Stale);
        }
        let others = self.others(state)?;
        let Some(last) = self.current(state)? else {
            let seed = others.first().map_or(wanted.seed, |layout| layout.seed);
            return Ok(self.claim(
                state,
                wanted,
                (wanted.epoch.unwrap_or(0), seed),
                Unsent::default(),
            ));
        };
        if (last.tasks, last.workers) == (wanted.tasks, wanted.workers) {
            return self.join(state, wanted, last);
        }
        if wanted.epoch.is_some_and(|epoch| epoch < last.number) {
            return Ok(Step::Stale);
        }
        self.replace(state, wanted, &last)
    }

    /// A newer generation of the object sends another stream. Of the same generation it is no sign:
    /// two versions of a worker may name one stream differently.
    ///
    /// # Errors
    /// A stored value cannot be read.
    pub(in crate::worker) fn is_stale(
        &self,
        state: &State,
        generation: i64,
    ) -> Result<bool, JournalError> {
        let mut others = self.others(state)?.into_iter();
        Ok(others.any(|layout| layout.generation > generation))
    }

    /// Takes up this worker's part of the layout in force.
    fn join(
        &self,
        state: &State,
        wanted: Wanted<'_>,
        layout: Layout,
    ) -> Result<Step, JournalError> {
        let me = wanted.me;
        let tasks = layout.tasks_of(me.ordinal);
        let stored = self.stored_part(state, me.ordinal, layout.number)?;
        if tasks.is_empty() || me.ordinal >= layout.workers {
            return Ok(Step::Idle);
        }
        let is_mine = |part: &Part| part.pod == me.pod && !part.ended;
        match stored {
            Some(part) if is_mine(&part) => Ok(Step::Run(Resumption {
                layout,
                part,
                tasks,
            })),
            stored => {
                let part = begun(me, &layout, stored, tasks.len());
                if me.alone {
                    // Nobody else has to know.
                    let part = Part {
                        since: Some(0),
                        ..part
                    };
                    return Ok(Step::Run(Resumption {
                        layout,
                        part,
                        tasks,
                    }));
                }
                let mut entries = vec![self.part(me.ordinal, &part)];
                entries.extend(self.leftovers(state, &layout));
                entries.extend(self.tombstones(state));
                Ok(Step::Store(entries))
            }
        }
    }

    /// Ends the layout in force and writes the wanted one, once all its owners have ended or gone.
    fn replace(
        &self,
        state: &State,
        wanted: Wanted<'_>,
        last: &Layout,
    ) -> Result<Step, JournalError> {
        let mut owners = Vec::new();
        for ordinal in 0..last.workers.max(1) {
            let Some(part) = self.stored_part(state, ordinal, last.number)? else {
                continue;
            };
            // This worker runs nothing while it asks; a pod before it is gone, because there are
            // never two with one ordinal.
            if ordinal == wanted.me.ordinal && !part.ended && !wanted.me.alone {
                let part = Part {
                    ended: true,
                    ..part
                };
                return Ok(Step::Store(vec![self.part(ordinal, &part)]));
            }
            owners.push(Owner {
                ordinal,
                pod: part.pod,
                before: part.before,
                ended: part.ended || ordinal == wanted.me.ordinal,
            });
        }
        let missing = awaited(&owners, wanted.pods);
        if !missing.is_empty() {
            return Ok(Step::Await(missing));
        }
        let positions = self.positions(state, last).into_iter();
        let next: Vec<u64> = positions.map(|(_, next)| next.unwrap_or(0)).collect();
        let number = wanted.epoch.unwrap_or(0).max(last.number + 1);
        Ok(self.claim(state, wanted, (number, last.seed), last.unsent.after(&next)))
    }

    fn claim(
        &self,
        state: &State,
        wanted: Wanted<'_>,
        (number, seed): (u64, u64),
        unsent: Unsent,
    ) -> Step {
        let layout = Layout {
            number,
            tasks: wanted.tasks,
            workers: wanted.workers,
            generation: wanted.generation,
            seed,
            base: state.end(),
            unsent,
        };
        let mut entries = vec![self.layout(wanted.me.ordinal, &layout)];
        if wanted.me.alone {
            entries.extend(self.leftovers(state, &layout));
        }
        entries.extend(self.tombstones(state));
        Step::Store(entries)
    }

    /// The layouts of other streams of the object, the newest first.
    fn others(&self, state: &State) -> Result<Vec<Layout>, JournalError> {
        let mut all = Vec::new();
        for key in state.keys(&self.connector) {
            let is_layout = matches!(&key.subject, Subject::Layout { uid, .. } if *uid == self.uid);
            if is_layout && !self.is_of_mine(&key) {
                all.extend(state.placed::<Layout>(&key)?);
            }
        }
        all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Ok(all.into_iter().map(|(_, layout)| layout).collect())
    }

    /// Forgets what other objects and streams under the same name have stored.
    fn tombstones(&self, state: &State) -> Vec<Entry> {
        let strange = |key: &Key| key.subject != Subject::Config && !self.is_of_mine(key);
        let keys = state.keys(&self.connector).into_iter().filter(strange);
        keys.map(Entry::forget).collect()
    }

    /// Forgets layouts before this one and parts of workers that it does not have.
    pub(in crate::worker) fn leftovers(&self, state: &State, layout: &Layout) -> Vec<Entry> {
        let gone = |key: &Key| match &key.subject {
            Subject::Config => false,
            Subject::Layout { epoch, .. } => *epoch < layout.number,
            Subject::Part { worker, .. } => *worker >= layout.workers,
        };
        let keys = state.keys(&self.connector).into_iter();
        keys.filter(|key| self.is_of_mine(key) && gone(key))
            .map(Entry::forget)
            .collect()
    }
}

/// An open part that goes on where the stored one stopped.
fn begun(me: &Me, layout: &Layout, stored: Option<Part>, tasks: usize) -> Part {
    let before = stored.as_ref().map(|part| {
        if part.pod == me.pod {
            part.before.clone()
        } else {
            Some(part.pod.clone())
        }
    });
    let mut next = stored.map(|part| part.next).unwrap_or_default();
    next.resize(tasks, 0);
    Part {
        epoch: layout.number,
        pod: me.pod.clone(),
        before: before.flatten(),
        since: None,
        next,
        ended: false,
    }
}
