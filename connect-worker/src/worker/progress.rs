//! How far a connector's tasks have come, as it is stored, and where they go on. Pure but for
//! reading a [`State`] that is in memory.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    store::{
        JournalError,
        entry::{Entry, Key, Subject},
        state::State,
    },
    worker::handover::{Unsent, awaited},
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
pub(super) struct Epoch {
    /// Rises with every change of the layout.
    #[serde(rename = "epoch")]
    pub number: u64,
    /// How many tasks.
    pub tasks: u32,
    /// The workers that run them.
    pub owners: Vec<String>,
    /// What they share.
    #[serde(flatten)]
    pub unsent: Unsent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    epoch: u64,
    next: u64,
}

/// Where the tasks go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resumption {
    /// The layout.
    pub epoch: Epoch,
    /// By task: every record of its share below is acknowledged.
    pub next: Vec<u64>,
    /// The layout is new: it is to be stored before the first record is sent.
    pub is_new: bool,
}

/// The layout wanted now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout<'a> {
    /// How many tasks.
    pub tasks: u32,
    /// The epoch that someone else numbers; `None` where this worker does.
    pub epoch: Option<u64>,
    /// This worker's id.
    pub worker: &'a str,
    /// The ids of the workers that are there.
    pub present: &'a [String],
}

impl Stream {
    fn key(&self, subject: Subject) -> Key {
        Key {
            connector: self.connector.clone(),
            subject,
        }
    }

    fn epoch_key(&self) -> Key {
        self.key(Subject::Epoch {
            uid: self.uid.clone(),
            stream: self.hash.clone(),
        })
    }

    fn position_key(&self, task: u32) -> Key {
        self.key(Subject::Position {
            uid: self.uid.clone(),
            stream: self.hash.clone(),
            task,
        })
    }

    fn acknowledgement_key(&self, worker: &str) -> Key {
        let (uid, stream) = (self.uid.clone(), self.hash.clone());
        self.key(Subject::Acknowledgement {
            uid,
            stream,
            worker: worker.to_owned(),
        })
    }

    /// Where the seed drawn for the object is kept.
    pub(super) fn seed_key(&self) -> Key {
        self.key(Subject::Seed {
            uid: self.uid.clone(),
        })
    }

    /// Stores how far a task has come.
    pub(super) fn position(&self, epoch: u64, task: u32, next: u64) -> Entry {
        Entry::set(self.position_key(task), &Position { epoch, next })
    }

    /// How far a task has come in an epoch, if that is stored and can be read.
    pub(super) fn next(&self, state: &State, epoch: u64, task: u32) -> Option<u64> {
        let position = state.value::<Position>(&self.position_key(task)).ok()??;
        (position.epoch == epoch).then_some(position.next)
    }

    /// Stores a layout.
    pub(super) fn layout(&self, epoch: &Epoch) -> Entry {
        Entry::set(self.epoch_key(), epoch)
    }

    /// Stores that a worker has ended its part of an epoch: nothing of it comes any more.
    pub(super) fn acknowledgement(&self, worker: &str, epoch: u64) -> Entry {
        Entry::set(self.acknowledgement_key(worker), &epoch)
    }

    /// Forgets what other objects and streams under the same name have stored.
    pub(super) fn tombstones(&self, state: &State) -> Vec<Entry> {
        let strange = |key: &Key| match &key.subject {
            Subject::Config => false,
            Subject::Seed { uid } => *uid != self.uid,
            Subject::Epoch { uid, stream }
            | Subject::Position { uid, stream, .. }
            | Subject::Acknowledgement { uid, stream, .. } => {
                *uid != self.uid || *stream != self.hash
            }
        };
        state
            .keys(&self.connector)
            .into_iter()
            .filter(strange)
            .map(Entry::forget)
            .collect()
    }

    /// Forgets positions of tasks that the layout does not have.
    pub(super) fn leftovers(&self, state: &State, tasks: u32) -> Vec<Entry> {
        let gone =
            |key: &Key| matches!(&key.subject, Subject::Position { task, .. } if *task >= tasks);
        state
            .keys(&self.connector)
            .into_iter()
            .filter(gone)
            .map(Entry::forget)
            .collect()
    }

    /// Where the tasks of the wanted layout go on from what is stored. `Err` names the workers of
    /// the last epoch that are still to acknowledge.
    ///
    /// # Errors
    /// A stored value cannot be read.
    pub(super) fn resume(
        &self,
        state: &State,
        layout: Layout<'_>,
    ) -> Result<Result<Resumption, Vec<String>>, JournalError> {
        let Some(last) = state.value::<Epoch>(&self.epoch_key())? else {
            let epoch = layout.epoch_after(Unsent::default(), None);
            return Ok(Ok(Resumption {
                next: vec![0; layout.tasks as usize],
                epoch,
                is_new: true,
            }));
        };
        let mut next = Vec::new();
        for task in 0..last.tasks {
            let position: Option<Position> = state.value(&self.position_key(task))?;
            next.push(
                position
                    .filter(|position| position.epoch == last.number)
                    .map_or(0, |position| position.next),
            );
        }
        if last.tasks == layout.tasks && layout.epoch.is_none_or(|epoch| epoch <= last.number) {
            return Ok(Ok(Resumption {
                epoch: last,
                next,
                is_new: false,
            }));
        }
        let mut acknowledged = BTreeSet::new();
        for owner in &last.owners {
            let told: Option<u64> = state.value(&self.acknowledgement_key(owner))?;
            // This worker runs nothing while it asks: what it left is stored.
            if told.is_some_and(|epoch| epoch >= last.number) || owner == layout.worker {
                acknowledged.insert(owner.clone());
            }
        }
        let missing = awaited(&last.owners, &acknowledged, layout.present);
        if !missing.is_empty() {
            return Ok(Err(missing.into_iter().map(str::to_owned).collect()));
        }
        let epoch = layout.epoch_after(last.unsent.after(&next), Some(last.number));
        Ok(Ok(Resumption {
            next: vec![0; layout.tasks as usize],
            epoch,
            is_new: true,
        }))
    }
}

impl Layout<'_> {
    fn epoch_after(&self, unsent: Unsent, last: Option<u64>) -> Epoch {
        let number = last.map_or(0, |last| last + 1);
        Epoch {
            number: self.epoch.unwrap_or(0).max(number),
            tasks: self.tasks,
            owners: vec![self.worker.to_owned()],
            unsent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Stream {
        Stream {
            connector: "default/orders-gen".to_owned(),
            uid: "u".to_owned(),
            hash: "s".to_owned(),
        }
    }

    fn layout(tasks: u32) -> Layout<'static> {
        Layout {
            tasks,
            epoch: None,
            worker: "w",
            present: &[],
        }
    }

    fn stored(entries: Vec<Entry>) -> State {
        let mut state = State::default();
        for entry in entries {
            state.apply(entry);
        }
        state
    }

    fn resumed(state: &State, layout: Layout<'_>) -> Resumption {
        stream().resume(state, layout).unwrap().unwrap()
    }

    #[test]
    fn nothing_stored_begins_at_record_0() {
        let resumption = resumed(&State::default(), layout(2));
        assert_eq!(
            (resumption.epoch.number, resumption.next, resumption.is_new),
            (0, vec![0, 0], true)
        );
    }

    #[test]
    fn the_same_layout_goes_on_where_it_was() {
        let first = resumed(&State::default(), layout(2));
        let state = stored(vec![
            stream().layout(&first.epoch),
            stream().position(0, 1, 42),
        ]);
        let again = resumed(&state, layout(2));
        assert_eq!((again.next, again.is_new), (vec![0, 42], false));
    }

    #[test]
    fn another_layout_begins_with_what_was_left_out() {
        let first = resumed(&State::default(), layout(2));
        let state = stored(vec![
            stream().layout(&first.epoch),
            stream().position(0, 0, 7),
            stream().position(0, 1, 2),
        ]);
        let next = resumed(&state, layout(1));
        let path = next
            .epoch
            .unsent
            .path(crate::worker::handover::Share { task: 0, tasks: 1 });
        let sent: Vec<u64> = std::iter::successors(Some(path.next(0)), |g| Some(path.next(g + 1)))
            .take(5)
            .collect();
        assert_eq!((next.epoch.number, sent), (1, vec![3, 5, 7, 8, 9]));
    }

    #[test]
    fn positions_of_an_older_epoch_do_not_count() {
        let first = resumed(&State::default(), layout(2));
        let mut state = stored(vec![
            stream().layout(&first.epoch),
            stream().position(0, 0, 6),
            stream().position(0, 1, 7),
        ]);
        let second = resumed(&state, layout(3));
        state.apply(stream().layout(&second.epoch));
        let again = resumed(&state, layout(3));
        assert_eq!((again.next, again.epoch.unsent.from), (vec![0, 0, 0], 7));
    }

    #[test]
    fn a_new_epoch_waits_for_other_owners_that_are_there() {
        let mut epoch = resumed(&State::default(), layout(1)).epoch;
        epoch.owners = vec!["w".to_owned(), "v".to_owned()];
        let mut state = stored(vec![stream().layout(&epoch)]);
        let present = ["v".to_owned(), "w".to_owned()];
        let wanted = Layout {
            present: &present,
            ..layout(2)
        };
        assert_eq!(
            stream().resume(&state, wanted).unwrap(),
            Err(vec!["v".to_owned()])
        );
        state.apply(stream().acknowledgement("v", 0));
        assert!(stream().resume(&state, wanted).unwrap().is_ok());
        assert!(stream().resume(&state, layout(2)).unwrap().is_ok());
    }

    #[test]
    fn an_epoch_numbered_elsewhere_is_followed_upwards_only() {
        let wanted = |epoch| Layout {
            epoch: Some(epoch),
            ..layout(1)
        };
        let first = resumed(&State::default(), wanted(5));
        assert_eq!(first.epoch.number, 5);
        let state = stored(vec![stream().layout(&first.epoch)]);
        assert!(!resumed(&state, wanted(5)).is_new);
        assert!(!resumed(&state, wanted(4)).is_new);
        assert_eq!(resumed(&state, wanted(9)).epoch.number, 9);
    }

    #[test]
    fn another_object_under_the_name_forgets_the_old_one() {
        let old = Stream {
            uid: "old".to_owned(),
            ..stream()
        };
        let state = stored(vec![
            old.layout(&resumed(&State::default(), layout(1)).epoch),
            old.position(0, 0, 9),
            Entry::set(old.seed_key(), &1),
            stream().position(0, 0, 1),
        ]);
        let forgotten = stream().tombstones(&state);
        assert_eq!(forgotten.len(), 3);
        assert!(forgotten.iter().all(|entry| entry.value.is_none()));
    }
}
