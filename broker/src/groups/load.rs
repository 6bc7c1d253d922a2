//! What the log held: replays `__consumer_offsets` into groups before the first request is answered.
//!
//! Pure in [`Replayed`]; [`Groups::load`] is the effect around it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wire::Uuid;
use wire::record_batch::batches;

use super::coordinator::Groups;
use super::journal::{Journal, Journals, PartitionJournal};
use super::offsets::Offsets;
use super::records::{GroupValue, Record};
use crate::log::{Log, PartitionKey, ReadError};

/// Groups and offsets as the records so far leave them.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    groups: BTreeMap<String, (Option<GroupValue>, Offsets)>,
    /// Records that could not be read: written by something newer, or damaged.
    skipped: usize,
}

impl Replayed {
    /// Takes in all records of some batches.
    pub(super) fn batches(&mut self, bytes: &[u8]) {
        for batch in batches(bytes) {
            let Ok(batch) = batch else {
                self.skipped += 1;
                return;
            };
            for record in batch.records() {
                let decoded = record.ok().and_then(|record| {
                    Record::decode(record.key.unwrap_or_default(), record.value).ok()
                });
                match decoded {
                    Some(Some(record)) => self.record(record),
                    Some(None) => {}
                    None => self.skipped += 1,
                }
            }
        }
    }

    /// Takes in one record.
    pub(super) fn record(&mut self, record: Record) {
        let id = match &record {
            Record::Group(id, _) => id.clone(),
            Record::Offset(key, _) => key.group.clone(),
        };
        let (group, offsets) = self.groups.entry(id.clone()).or_default();
        match record {
            Record::Group(_, value) => *group = value,
            offset @ Record::Offset(..) => offsets.apply(offset),
        }
        if group.is_none() && offsets.is_empty() {
            self.groups.remove(&id);
        }
    }
}

impl Groups {
    /// Reads what `__consumer_offsets` (`topic`, if it exists) holds, then lets requests in. Offsets
    /// of topics for which `exists` says no are removed: a crash came between the deletion of the
    /// topic and theirs. Blocks on disk.
    ///
    /// # Errors
    /// A partition cannot be read; requests go on to be answered as while loading.
    pub fn load(
        &self,
        log: &Log,
        topic: Option<(Uuid, i32)>,
        exists: impl Fn(&str) -> bool,
    ) -> Result<(), ReadError> {
        if let Some((topic, partitions)) = topic {
            self.attach_log(log, topic, partitions);
        }
        self.take_in(exists)
    }

    /// Tells it the topic that was just made for it.
    pub fn attach_log(&self, log: &Log, topic: Uuid, partitions: i32) {
        let journals = (0..partitions).map(|partition| {
            let partition = PartitionKey { topic, partition };
            Arc::new(PartitionJournal {
                log: log.clone(),
                partition,
            }) as Arc<dyn Journal>
        });
        if let Some(journals) = Journals::new(journals.collect()) {
            self.attach(journals);
        }
    }

    /// Makes groups of what the journals hold, and opens.
    pub(super) fn take_in(&self, exists: impl Fn(&str) -> bool) -> Result<(), ReadError> {
        let mut replayed = Replayed::default();
        for journal in self.journals() {
            let from = journal.read_back(&mut |bytes| replayed.batches(bytes))?;
            self.snapshots.saved(journal, from);
        }
        if replayed.skipped > 0 {
            tracing::warn!(
                "load groups: skipped {} unreadable records",
                replayed.skipped
            );
        }
        let mut orphaned = BTreeSet::new();
        for (id, (value, offsets)) in replayed.groups {
            let gone = offsets
                .iter()
                .map(|(topic, ..)| topic)
                .filter(|topic| !exists(topic));
            orphaned.extend(gone.map(str::to_owned));
            self.restore(&id, value, offsets);
        }
        for topic in orphaned {
            self.remove_orphaned(&topic);
        }
        self.open();
        Ok(())
    }

    fn remove_orphaned(&self, topic: &str) {
        tracing::info!(topic, "removed the offsets of a topic that is not there");
        for id in self.ids() {
            if let Ok(Err(error)) = self.with(&id, false, |slot, now| slot.forget_topic(now, topic))
            {
                tracing::warn!(topic, group = id, "remove offsets: {error}");
            }
        }
    }
}
