//! What is in the shared log and waits to be written behind it, to the files of its partitions.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use super::{PartitionKey, partition::Partition};

/// How far one partition is to be written.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) partition: Arc<Partition>,
    pub(super) next_offset: i64,
}

/// One or more rounds that are complete: every batch in them is visible.
#[derive(Debug)]
pub(super) struct Completed {
    /// Where the last of them ends.
    pub(super) end_lsn: u64,
    pub(super) targets: BTreeMap<PartitionKey, Target>,
    pub(super) size_bytes: usize,
}

impl Completed {
    pub(super) fn new(end_lsn: u64) -> Self {
        Self {
            end_lsn,
            targets: BTreeMap::new(),
            size_bytes: 0,
        }
    }

    pub(super) fn note(&mut self, partition: &Arc<Partition>, next_offset: i64, size_bytes: usize) {
        self.size_bytes += size_bytes;
        self.targets
            .entry(partition.key)
            .and_modify(|target| target.next_offset = next_offset)
            .or_insert_with(|| Target {
                partition: Arc::clone(partition),
                next_offset,
            });
    }

    /// Adds a later round.
    pub(super) fn join(&mut self, later: Self) {
        self.end_lsn = later.end_lsn;
        self.size_bytes += later.size_bytes;
        for (key, target) in later.targets {
            self.targets.insert(key, target);
        }
    }
}

/// Between the writer and the write-behind.
#[derive(Debug, Default)]
pub(super) struct BehindQueue {
    waiting: Option<Completed>,
    since: Option<Instant>,
    /// The write-behind is to look at what is due.
    pub(super) hurry: bool,
    /// Partitions that were dropped and still have files.
    pub(super) dropped: Vec<PartitionKey>,
    /// The write-behind thread is to end.
    pub(super) stop: bool,
}

impl BehindQueue {
    pub(super) fn push(&mut self, completed: Completed, now: Instant) {
        self.since.get_or_insert(now);
        match &mut self.waiting {
            Some(waiting) => waiting.join(completed),
            None => self.waiting = Some(completed),
        }
    }

    pub(super) fn take(&mut self) -> Option<Completed> {
        self.since = None;
        self.waiting.take()
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.waiting
            .as_ref()
            .map_or(0, |waiting| waiting.size_bytes)
    }

    /// When the first of what waits came.
    pub(super) fn since(&self) -> Option<Instant> {
        self.since
    }
}
