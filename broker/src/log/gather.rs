//! The gathering round: where appends wait, in order, while the writer is busy with the round before.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    Flush, Full,
    partition::Partition,
    round::{Entry, Kind},
};

/// Bytes an entry is counted for beyond its batch: a queue of empty entries must have a bound too.
const ENTRY_COST_BYTES: usize = 128;

/// One entry on its way to the shared log.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) partition: Arc<Partition>,
    pub(super) kind: Kind,
    pub(super) base_offset: i64,
    pub(super) offset_count: u32,
    pub(super) max_timestamp: i64,
    /// Empty for [`Kind::Create`].
    pub(super) batch: Bytes,
}

impl Queued {
    /// As the round's header names it.
    pub(super) fn entry(&self) -> Entry {
        Entry {
            kind: self.kind,
            partition: self.partition.key,
            base_offset: self.base_offset,
            offset_count: self.offset_count,
            // A batch's own length field has 31 bits.
            size_bytes: u32::try_from(self.batch.len()).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn next_offset(&self) -> i64 {
        self.base_offset
            .saturating_add(i64::from(self.offset_count))
    }
}

/// The entries of one append: they share a round and an answer.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) entries: Vec<Queued>,
    /// The strongest its batches ask for.
    pub(super) flush: Flush,
    /// Told when all of them are durable and visible; none when nobody waits.
    pub(super) done: Option<oneshot::Sender<()>>,
}

impl Group {
    fn cost_bytes(&self) -> usize {
        self.entries
            .iter()
            .map(|entry| entry.batch.len() + ENTRY_COST_BYTES)
            .sum()
    }
}

/// Groups in the order their offsets were assigned.
#[derive(Debug, Default)]
pub(super) struct Gather {
    groups: VecDeque<Group>,
    queued_bytes: usize,
    /// No more appends: the log is closing or has ended.
    pub(super) closed: bool,
}

impl Gather {
    pub(super) fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// Whether `size_bytes` more may wait. What is alone may always.
    pub(super) fn check_room(&self, size_bytes: usize, bound_bytes: usize) -> Result<(), Full> {
        let queued_bytes = self.queued_bytes;
        if queued_bytes == 0 || queued_bytes.saturating_add(size_bytes) <= bound_bytes {
            Ok(())
        } else {
            Err(Full::Queue { queued_bytes })
        }
    }

    pub(super) fn push(&mut self, group: Group) {
        self.queued_bytes += group.cost_bytes();
        self.groups.push_back(group);
    }

    /// Takes groups for the next round: up to `bound_bytes`, and at least one.
    pub(super) fn take(&mut self, bound_bytes: usize) -> Vec<Group> {
        let mut taken = Vec::new();
        let mut size_bytes = 0;
        while let Some(group) = self.groups.front() {
            let cost_bytes = group.cost_bytes();
            if !taken.is_empty() && size_bytes + cost_bytes > bound_bytes {
                break;
            }
            size_bytes += cost_bytes;
            self.queued_bytes -= cost_bytes;
            taken.extend(self.groups.pop_front());
        }
        taken
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Gives up what waits: the tickets fail.
    pub(super) fn abandon(&mut self) {
        self.closed = true;
        self.groups.clear();
        self.queued_bytes = 0;
    }
}
