//! What the log held: replays `__consumer_offsets` into groups before the first request is answered.
//!
//! Pure in [`Replayed`]; [`Groups::load`] is the effect around it.

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::Uuid;
use wire::record_batch::batches;

use super::coordinator::Groups;
use super::journal::{Journal, Journals, PartitionJournal};
use super::offsets::Offsets;
use super::records::{GroupValue, OffsetValue, Record};
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
    /// of topics that are not there, or were made again (`id_of` tells), are removed: a crash came
    /// between the deletion of the topic and theirs. Blocks on disk.
    ///
    /// # Errors
    /// A partition cannot be read; requests go on to be answered as while loading.
    pub fn load(
        &self,
        log: &Log,
        topic: Option<(Uuid, i32)>,
        id_of: impl Fn(&str) -> Option<Uuid>,
    ) -> Result<(), ReadError> {
        if let Some((topic, partitions)) = topic {
            self.attach_log(log, topic, partitions);
        }
        self.take_in(id_of)
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
    pub(super) fn take_in(&self, id_of: impl Fn(&str) -> Option<Uuid>) -> Result<(), ReadError> {
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
        let is_gone =
            |topic: &str, value: &OffsetValue| id_of(topic).is_none_or(|id| !value.is_of(id));
        for (id, (value, offsets)) in replayed.groups {
            let orphaned = offsets
                .iter()
                .any(|(topic, _, value)| is_gone(topic, value));
            self.restore(&id, value, offsets);
            if orphaned {
                self.remove_orphaned(&id, is_gone);
            }
        }
        self.open();
        Ok(())
    }

    fn remove_orphaned(&self, group: &str, is_gone: impl Fn(&str, &OffsetValue) -> bool) {
        tracing::info!(group, "removed offsets of topics that are not there");
        if let Ok(Err(error)) = self.with(group, false, |slot, now| slot.forget(now, is_gone)) {
            tracing::warn!(group, "remove offsets: {error}");
        }
    }
}
