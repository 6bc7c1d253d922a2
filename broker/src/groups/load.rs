//! What the log held: replays `__consumer_offsets` into groups before the first request is answered.
//!
//! Pure in [`Replayed`]; [`Groups::load`] is the effect around it.

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::Uuid;
use wire::record_batch::batches;

use super::coordinator::Groups;
use super::group::Group;
use super::journal::{Journal, Journals, PartitionJournal};
use super::offsets::Offsets;
use super::records::{GroupValue, Record};
use crate::log::{Detail, Log, PartitionKey, ReadError};

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

    /// All groups of which something is left.
    pub(super) fn into_groups(self) -> impl Iterator<Item = (String, Option<GroupValue>, Offsets)> {
        self.groups
            .into_iter()
            .map(|(id, (group, offsets))| (id, group, offsets))
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
        let mut replayed = Replayed::default();
        if let Some((topic, partitions)) = topic {
            self.attach_log(log, topic, partitions);
            for partition in 0..partitions {
                let key = PartitionKey { topic, partition };
                log.replay(key, 0, Detail::Batches, &mut |batch| {
                    replayed.batches(&batch.bytes);
                })?;
            }
        }
        self.take_in(replayed, exists);
        Ok(())
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

    /// Makes groups of what was replayed, and opens.
    pub(super) fn take_in(&self, replayed: Replayed, exists: impl Fn(&str) -> bool) {
        if replayed.skipped > 0 {
            tracing::warn!(
                "load groups: skipped {} unreadable records",
                replayed.skipped
            );
        }
        let mut orphaned: Vec<String> = Vec::new();
        for (id, value, offsets) in replayed.into_groups() {
            let gone = offsets
                .iter()
                .map(|(topic, ..)| topic)
                .filter(|topic| !exists(topic));
            orphaned.extend(gone.map(str::to_owned));
            let restored = |now, limits| match value {
                Some(value) => Group::restore(&id, value, limits, now),
                None => Group::new(&id, limits, now),
            };
            self.restore(&id, restored, offsets);
        }
        orphaned.sort();
        orphaned.dedup();
        for topic in orphaned {
            self.remove_orphaned(&topic);
        }
        self.open();
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
