//! One partition in memory: where it begins and ends, its policy, the end of it as batches and the rest as segments.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use tokio::sync::watch;

use super::{
    Damage, EpochEnd, Offsets, PartitionKey, Policy,
    epochs::Epochs,
    segment::Segment,
    tail::{Tail, TailBatch},
};

/// A partition. Appends touch only the atomics, under the lock of the gathering round; everything else is behind `held`.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) key: PartitionKey,
    /// Offset the next append gets. Written under the lock of the gathering round.
    end: AtomicI64,
    /// Records appended in a weaker mode since the last of them that asked for a sync. Written like `end`.
    unsynced: AtomicU64,
    /// Log start offset. Written by the holder of the write-behind lock.
    start: AtomicI64,
    /// A std mutex: held for microseconds, never across I/O or an await.
    held: Mutex<Held>,
}

/// The part of a partition that readers, the writer and the write-behind share.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) policy: Policy,
    pub(super) epochs: Epochs,
    /// Readers see what is below it.
    pub(super) high_watermark: i64,
    pub(super) tail: Tail,
    /// Oldest first.
    pub(super) segments: Vec<Segment>,
    /// Offset after the last batch in the segments.
    pub(super) written: i64,
    /// Acknowledged records that are lost, oldest first.
    pub(super) damage: Vec<Damage>,
    /// Everything below it is compacted, as far as the policy asks.
    pub(super) cleaned_to: i64,
    /// The segment with this base offset is closed though it is the newest.
    pub(super) sealed: Option<i64>,
    /// The write-behind has seen its beginning, so that the manifest names it.
    pub(super) begun: bool,
    /// Gone once the partition is dropped or the log has ended.
    watchers: Option<watch::Sender<i64>>,
}

impl Partition {
    /// A partition whose records, if any, lie in `held.segments`.
    pub(super) fn new(key: PartitionKey, start: i64, end: i64) -> Self {
        let held = Held {
            policy: Policy::default(),
            epochs: Epochs::default(),
            high_watermark: end,
            tail: Tail::default(),
            segments: Vec::new(),
            written: end,
            damage: Vec::new(),
            cleaned_to: 0,
            sealed: None,
            begun: false,
            watchers: Some(watch::Sender::new(end)),
        };
        Self {
            key,
            end: AtomicI64::new(end),
            unsynced: AtomicU64::new(0),
            start: AtomicI64::new(start),
            held: Mutex::new(held),
        }
    }

    pub(super) fn hold(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn end(&self) -> i64 {
        self.end.load(Ordering::Acquire)
    }

    pub(super) fn start(&self) -> i64 {
        self.start.load(Ordering::Acquire)
    }

    /// Only under the lock of the gathering round, or before the log is shared.
    pub(super) fn advance_end(&self, end: i64) {
        self.end.store(end, Ordering::Release);
    }

    /// Counts records of a weaker mode; true with every `every`th. Only under the lock of the gathering round.
    pub(super) fn count_unsynced(&self, records: u64, every: u64) -> bool {
        let unsynced = self.unsynced.load(Ordering::Relaxed);
        let unsynced = unsynced.saturating_add(records);
        let is_due = unsynced >= every;
        let left = if is_due { 0 } else { unsynced };
        self.unsynced.store(left, Ordering::Relaxed);
        is_due
    }

    /// Only with the write-behind lock held, or before the log is shared.
    pub(super) fn advance_start(&self, start: i64) {
        self.start.fetch_max(start, Ordering::AcqRel);
        let mut held = self.hold();
        held.tail.forget_below(start);
        held.damage.retain(|damage| damage.next_offset > start);
    }

    pub(super) fn offsets(&self) -> Offsets {
        // In this order each is at most the next, whatever happens in between.
        let start = self.start();
        let high_watermark = self.hold().high_watermark;
        Offsets {
            start,
            high_watermark,
            end: self.end(),
        }
    }

    /// Makes batches visible, in offset order.
    pub(super) fn publish(&self, batch: TailBatch) {
        let mut held = self.hold();
        held.high_watermark = batch.next_offset;
        held.tail.push(batch);
        if let Some(watchers) = &held.watchers {
            watchers.send_replace(held.high_watermark);
        }
    }

    pub(super) fn watch(&self) -> Option<watch::Receiver<i64>> {
        self.hold().watchers.as_ref().map(watch::Sender::subscribe)
    }

    /// Ends every watcher.
    pub(super) fn retire(&self) {
        self.hold().watchers = None;
    }

    pub(super) fn epoch_end(&self, leader_epoch: i32) -> Option<EpochEnd> {
        let held = self.hold();
        held.epochs.end_of(leader_epoch, held.high_watermark)
    }

    pub(super) fn size_bytes(&self) -> u64 {
        let held = self.hold();
        let segments: u64 = held
            .segments
            .iter()
            .map(|segment| segment.span.size_bytes)
            .sum();
        let waiting: usize = held
            .tail
            .from(held.written)
            .map(|batch| batch.bytes.len())
            .sum();
        segments + waiting as u64
    }
}

impl Held {
    /// Dropped, or of a log that has ended: nothing of it is written any more.
    pub(super) fn is_retired(&self) -> bool {
        self.watchers.is_none()
    }

    /// Whether `offset` lies in a segment that was not verified yet.
    pub(super) fn is_unverified(&self, offset: i64) -> bool {
        let place = self
            .segments
            .partition_point(|segment| segment.span.next_offset <= offset);
        self.segments
            .get(place)
            .is_some_and(|segment| !segment.trust.holds())
    }

    /// The first damaged range that begins after `offset`.
    pub(super) fn damage_after(&self, offset: i64) -> Option<Damage> {
        let mut damage = self.damage.iter();
        damage.find(|damage| damage.first_offset > offset).copied()
    }

    /// The damaged range that ends at `offset`.
    pub(super) fn damage_before(&self, offset: i64) -> Option<Damage> {
        let mut damage = self.damage.iter();
        damage.find(|damage| damage.next_offset == offset).copied()
    }

    /// The damaged range that contains `offset`.
    pub(super) fn damage_at(&self, offset: i64) -> Option<Damage> {
        let contains =
            |damage: &&Damage| (damage.first_offset..damage.next_offset).contains(&offset);
        self.damage.iter().find(contains).copied()
    }
}
