//! What is appended, what comes back, and when it may be answered.

use std::{num::NonZero, time::Duration};

use bytes::BytesMut;
use thiserror::Error;
use tokio::sync::oneshot;
use wire::record_batch::BatchError;

use super::{Log, PartitionKey};

/// When an appended batch may be answered and becomes visible to readers. Every mode writes through the shared log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flush {
    /// After the sync of its round: neither kill -9 nor a power cut loses it.
    #[default]
    Sync,
    /// After the write; a sync follows at most this much later. kill -9 loses nothing, a power cut up to the interval.
    Interval(Duration),
    /// After the write, with no sync of its own. kill -9 loses nothing, a power cut what no other sync covered.
    PageCache,
}

impl Flush {
    /// The stronger of two modes.
    #[must_use]
    pub fn or_stronger(self, other: Self) -> Self {
        match (self, other) {
            (Self::Sync, _) | (_, Self::Sync) => Self::Sync,
            (Self::Interval(left), Self::Interval(right)) => Self::Interval(left.min(right)),
            (Self::Interval(interval), Self::PageCache)
            | (Self::PageCache, Self::Interval(interval)) => Self::Interval(interval),
            (Self::PageCache, Self::PageCache) => Self::PageCache,
        }
    }
}

/// Who appends; decides whether the disk reserve may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Records of a client: refused while free space is below the reserve.
    Client,
    /// The broker's own records (metadata, groups, offsets): go on inside the reserve.
    Broker,
}

/// One batch for one partition.
#[derive(Debug)]
pub struct Append {
    /// Where it goes.
    pub partition: PartitionKey,
    /// Exactly one batch that passed [`wire::record_batch::Batch::validate`] (or was built by the broker). Base offset
    /// and leader epoch are written over. The log keeps these bytes in memory for a while: a caller whose slice is a
    /// small part of a large frame copies it first.
    pub batch: BytesMut,
    /// When it may be answered.
    pub flush: Flush,
    /// In a weaker mode: the append with which so many records of the partition are not synced yet is [`Flush::Sync`].
    pub sync_every: Option<NonZero<u64>>,
    /// Who appends it.
    pub origin: Origin,
}

impl Log {
    /// Appends one batch each to one or more partitions, all or nothing. Never waits for the disk: offsets are assigned
    /// in call order when this returns; see [`Ticket`] for the rest.
    pub fn append(&self, group: Vec<Append>) -> Result<Ticket, AppendError> {
        let ticket = self.shared.engine.append(group)?;
        self.shared.engine.wake_writer();
        Ok(ticket)
    }

    /// Waits until so little waits for the disk that an append of so many bytes is far from [`Full::Queue`].
    pub async fn room(&self, size_bytes: usize) {
        self.shared.engine.room(size_bytes).await;
    }

    /// As [`Log::append`], for a caller that has more to append at once: so little does not wake the writer by itself, and
    /// what follows shares its round and its sync. Whoever calls this calls [`Log::write_gathered`] before it waits for
    /// anything.
    pub fn gather(&self, group: Vec<Append>) -> Result<Ticket, AppendError> {
        self.shared.engine.append(group)
    }

    /// Has the writer take what [`Log::gather`] left. Costs nothing when there is nothing.
    pub fn write_gathered(&self) {
        self.shared.engine.wake_for_gathered();
    }
}

/// Where an appended batch went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The partition.
    pub partition: PartitionKey,
    /// Offset of the first record.
    pub base_offset: i64,
    /// Offset after the last record. The batch is visible once the high watermark is at or above it.
    pub next_offset: i64,
    /// First offset the partition still holds.
    pub log_start_offset: i64,
}

/// The promise of an append: offsets are assigned, durability is still to come.
///
/// Dropping a ticket takes nothing back; the batches are written all the same.
#[derive(Debug)]
pub struct Ticket {
    pub(super) appended: Vec<Appended>,
    pub(super) done: oneshot::Receiver<()>,
}

impl Ticket {
    /// Where the batches went, in the order they were given. Nothing that depends on it may leave the broker before
    /// [`Ticket::durable`] resolves.
    pub fn appended(&self) -> &[Appended] {
        &self.appended
    }

    /// Waits until every batch of the append is as durable as its [`Flush`] asks, and visible to readers.
    ///
    /// Fails only when the log ended first (fatal fault, or closed): whether the batches survive is then unknown.
    pub async fn durable(self) -> Result<Vec<Appended>, Stopped> {
        match self.done.await {
            Ok(()) => Ok(self.appended),
            Err(_) => Err(Stopped),
        }
    }

    /// As [`Ticket::durable`], for threads outside the async runtime.
    pub fn durable_blocking(self) -> Result<Vec<Appended>, Stopped> {
        match self.done.blocking_recv() {
            Ok(()) => Ok(self.appended),
            Err(_) => Err(Stopped),
        }
    }
}

/// The log has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the log has stopped")]
pub struct Stopped;

/// Why nothing was appended. No offset was assigned and no state changed, so the caller may answer at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AppendError {
    /// The partition was never created, or is dropped.
    #[error("append to {0}: no such partition")]
    UnknownPartition(PartitionKey),
    /// The bytes are not one whole batch.
    #[error("append to {partition}: {error}")]
    Batch {
        /// Where it should have gone.
        partition: PartitionKey,
        /// What is wrong with it.
        error: BatchError,
    },
    /// No room; worth a retry.
    #[error("append: {0}")]
    Full(Full),
    /// The log has ended.
    #[error("append: the log has stopped")]
    Stopped,
}

/// What there is no room in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Full {
    /// The disk cannot keep up: too many bytes wait to be written.
    #[error("{queued_bytes} bytes already wait for the disk")]
    Queue {
        /// Bytes appended but not yet written.
        queued_bytes: usize,
    },
    /// Free space on the volume is below the reserve.
    #[error("{}", no_space(*free_bytes, *total_bytes, *reserve_bytes))]
    Disk {
        /// Free bytes when last looked at, at most about a second ago.
        free_bytes: u64,
        /// Bytes of the whole volume.
        total_bytes: u64,
        /// Bytes kept for the broker's own records.
        reserve_bytes: u64,
    },
}

fn no_space(free_bytes: u64, total_bytes: u64, reserve_bytes: u64) -> String {
    let (free, total, reserve) = (mib(free_bytes), mib(total_bytes), mib(reserve_bytes));
    if total_bytes < reserve_bytes {
        format!(
            "the data folder's volume has {total} in all, and {reserve} must stay free for the broker's own records: use a larger volume"
        )
    } else {
        format!(
            "the data folder's volume has {free} free, and {reserve} are kept for the broker's own records: make room on it"
        )
    }
}

fn mib(bytes: u64) -> String {
    let tenths = u128::from(bytes) * 10 / (1024 * 1024);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
