//! What is asked of the log, and what it answers, as plain values.

use bytes::Bytes;
use wire::record_batch::BatchHeader;

use super::PartitionKey;

/// Where a partition begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offsets {
    /// First offset still held (log start offset).
    pub start: i64,
    /// Readers see what is below it.
    pub high_watermark: i64,
    /// The next append gets this one. Not for answers: what lies between the high watermark and here may not survive.
    pub end: i64,
}

/// How much a read may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadBounds {
    /// Bytes to stay within.
    pub max_bytes: usize,
    /// Bytes of memory to stay within, but for the first batch: an answer holds what it took from memory until it is sent,
    /// and what lies in files costs none.
    pub memory_bytes: usize,
    /// Give the first batch even when it alone exceeds `max_bytes` (KIP-74).
    pub at_least_one: bool,
    /// Only batches below this offset; for `read_committed` the last stable offset. The high watermark bounds every read.
    pub below: Option<i64>,
}

/// An offset and the timestamp of its record, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOffset {
    /// Offset of the record.
    pub offset: i64,
    /// Its timestamp.
    pub timestamp: i64,
}

/// Answer of [`Log::epoch_end`](super::Log::epoch_end), as `OffsetForLeaderEpoch` gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEnd {
    /// The largest epoch at or below the one asked for.
    pub leader_epoch: i32,
    /// Offset after its last record.
    pub end_offset: i64,
}

/// One batch of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Its header.
    pub header: BatchHeader,
    /// All its bytes, header included; empty when only headers were asked for.
    pub bytes: Bytes,
}

/// How much of each batch [`Log::replay`](super::Log::replay) reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Headers alone, which is far less to read: for producer state.
    Headers,
    /// Whole batches: for the broker's own topics.
    Batches,
}

/// A snapshot kept for a floor above. It is a cache: one that is lost, or that lies above the end of the log after a power
/// cut in a weaker [`Flush`](super::Flush) mode, means replay from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The position its owner saved it at, usually an offset of the owner's partition.
    pub at: i64,
    /// What the owner wrote.
    pub bytes: Vec<u8>,
}

/// What [`Log::clean`](super::Log::clean) or [`Log::compact`](super::Log::compact) took from one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleaned {
    /// The partition.
    pub partition: PartitionKey,
    /// Its new log start offset.
    pub start: i64,
    /// Bytes freed on the disk.
    pub freed_bytes: u64,
}

/// Counters since start, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Rounds written to the shared log.
    pub rounds: u64,
    /// Bytes of those rounds, padding included.
    pub round_bytes: u64,
    /// Syncs of the shared log.
    pub syncs: u64,
    /// Batches appended.
    pub batches: u64,
    /// Checkpoints taken.
    pub checkpoints: u64,
    /// Bytes appended but not yet written to the shared log.
    pub queued_bytes: u64,
    /// Bytes in memory that wait to be written behind.
    pub behind_bytes: u64,
}
