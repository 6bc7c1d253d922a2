//! Where the coordinator writes and reads back: one partition of `__consumer_offsets`, and the wait
//! until what was written is durable.
//!
//! It must not know what the records mean.

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::watch;
use wire::record_batch::BatchBuilder;

use super::error::GroupError;
use crate::log::{Append, Detail, Flush, Log, Origin, PartitionKey, ReadError, Replayed, Snapshot};

/// A partition log as the coordinator needs it.
pub(super) trait Journal: Debug + Send + Sync {
    /// Queues one batch and tells the offset after it; never waits.
    ///
    /// # Errors
    /// Nothing was queued; worth another try.
    fn append(&self, batch: BytesMut) -> Result<i64, GroupError>;

    /// The offset after the last batch queued.
    fn end(&self) -> i64;

    /// The offset up to which everything is durable; `None` once the log has ended.
    fn durable(&self) -> Option<watch::Receiver<i64>>;

    /// Gives `each` the last snapshot, if there is one, and every batch after it; tells where the
    /// batches began. Blocks on disk.
    ///
    /// # Errors
    /// The partition cannot be read.
    fn read_back(&self, each: &mut dyn FnMut(&[u8])) -> Result<i64, ReadError>;

    /// Keeps `batches` in place of all records below `at`. Blocks on disk.
    ///
    /// # Errors
    /// What the system said. It is only a cache: nothing is lost.
    fn save_snapshot(&self, at: i64, batches: Vec<u8>) -> io::Result<()>;
}

/// A real partition.
#[derive(Debug)]
pub(super) struct PartitionJournal {
    pub(super) log: Log,
    pub(super) partition: PartitionKey,
}

impl PartitionJournal {
    fn snapshot_name(&self) -> String {
        format!("groups-{}", self.partition.partition)
    }

    /// The snapshot, unless it says more than the log does: then it is from another life.
    fn snapshot(&self) -> Option<Snapshot> {
        let offsets = self.log.offsets(self.partition)?;
        let snapshot = self.log.load_snapshot(&self.snapshot_name())?;
        (snapshot.at <= offsets.high_watermark).then_some(snapshot)
    }
}

impl Journal for PartitionJournal {
    fn append(&self, batch: BytesMut) -> Result<i64, GroupError> {
        let append = Append {
            partition: self.partition,
            batch,
            flush: Flush::Sync,
            sync_every: None,
            origin: Origin::Broker,
        };
        let refused = |error| {
            tracing::warn!("write group records: {error}");
            GroupError::Unavailable
        };
        let ticket = self.log.append(vec![append]).map_err(refused)?;
        let appended = ticket.appended().first().ok_or(GroupError::Unavailable)?;
        Ok(appended.next_offset)
    }

    fn end(&self) -> i64 {
        self.log
            .offsets(self.partition)
            .map_or(0, |offsets| offsets.end)
    }

    fn durable(&self) -> Option<watch::Receiver<i64>> {
        self.log.watch(self.partition)
    }

    fn read_back(&self, each: &mut dyn FnMut(&[u8])) -> Result<i64, ReadError> {
        let snapshot = self.snapshot();
        let from = snapshot.as_ref().map_or(0, |snapshot| snapshot.at);
        if let Some(snapshot) = snapshot {
            each(&snapshot.bytes);
        }
        let mut tail = |batch: Replayed| each(&batch.bytes);
        self.log
            .replay(self.partition, from, Detail::Batches, &mut tail)?;
        Ok(from)
    }

    fn save_snapshot(&self, at: i64, batches: Vec<u8>) -> io::Result<()> {
        let snapshot = Snapshot { at, bytes: batches };
        self.log.save_snapshot(&self.snapshot_name(), &snapshot)
    }
}

/// The partitions of `__consumer_offsets`; a group stays on one, chosen by its name as Kafka does.
#[derive(Clone, Debug)]
pub(super) struct Journals(Vec<Arc<dyn Journal>>);

impl Journals {
    /// At least one.
    pub(super) fn new(journals: Vec<Arc<dyn Journal>>) -> Option<Self> {
        (!journals.is_empty()).then_some(Self(journals))
    }

    pub(super) fn of(&self, group: &str) -> &Arc<dyn Journal> {
        &self.0[partition_of(group, self.0.len())]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<dyn Journal>> {
        self.0.iter()
    }
}

/// Kafka's choice: Java's `String.hashCode` without its sign, modulo the number of partitions.
fn partition_of(group: &str, partitions: usize) -> usize {
    let hash = group.encode_utf16().fold(0_i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    });
    let unsigned = hash.cast_unsigned() & 0x7fff_ffff;
    usize::try_from(unsigned).unwrap_or(0) % partitions.max(1)
}

/// A record as it stands in the log.
pub(super) type Encoded = (Bytes, Option<Bytes>);

/// One batch of `records`.
///
/// # Errors
/// [`GroupError::TooLarge`] when it would be longer than `max_bytes`.
pub(super) fn batch(
    records: &[Encoded],
    now_ms: i64,
    max_bytes: usize,
) -> Result<BytesMut, GroupError> {
    let mut builder = BatchBuilder::default();
    for (key, value) in records {
        builder.push(Some(key), value.as_deref(), now_ms);
        if builder.size_bytes() > max_bytes {
            return Err(GroupError::TooLarge);
        }
    }
    Ok(builder.build())
}

/// Until when an answer has to wait.
#[derive(Clone, Debug)]
pub(super) struct Barrier {
    journal: Arc<dyn Journal>,
    at: i64,
}

impl Barrier {
    /// What was written below `at` is durable.
    pub(super) fn new(journal: &Arc<dyn Journal>, at: i64) -> Self {
        Self {
            journal: Arc::clone(journal),
            at,
        }
    }

    /// Waits.
    ///
    /// # Errors
    /// The log ended first: what is durable is unknown, so nothing may be said.
    pub(super) async fn pass(self) -> Result<(), GroupError> {
        if self.at == 0 {
            return Ok(());
        }
        let mut durable = self.journal.durable().ok_or(GroupError::Unavailable)?;
        let reached = durable.wait_for(|durable| *durable >= self.at).await;
        reached.map(drop).map_err(|_| GroupError::Unavailable)
    }
}

/// Something that may leave once its barrier is passed.
#[derive(Debug)]
pub(super) struct Held<T> {
    pub(super) value: T,
    pub(super) barrier: Barrier,
}

impl<T> Held<T> {
    /// Waits and gives it out.
    pub(super) async fn release(self) -> Result<T, GroupError> {
        self.barrier.pass().await?;
        Ok(self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_goes_where_kafka_puts_it() {
        // Java: "a".hashCode() is 97, "test-group".hashCode() is 627841412, "orders-readers" is
        // -879800024.
        assert_eq!(partition_of("a", 50), 47);
        assert_eq!(partition_of("test-group", 50), 627_841_412 % 50);
        assert_eq!(partition_of("orders-readers", 50), 24);
        assert_eq!(partition_of("", 50), 0);
        assert_eq!(partition_of("any", 1), 0);
    }
}
