//! Appends: checked first, then given their offsets in one short critical section in which nothing can fail.

use std::{
    num::NonZero,
    sync::{Arc, atomic::Ordering},
};

use bytes::BytesMut;
use tokio::sync::oneshot;
use wire::record_batch::{self, Batch, BatchError, BatchHeader};

use super::{
    super::{
        Append, AppendError, Appended, Flush, Full, Origin, Ticket,
        disk::Space,
        gather::{Group, Queued},
        partition::Partition,
        round::Kind,
    },
    Engine, lock,
};

/// The reserve is a hundredth of the volume, but never more than this: large disks need no larger one, and a laptop with
/// a few free gigabytes on a large disk must still be able to produce.
const MAX_SHARE_BYTES: u64 = 1 << 30;
/// From here on what was appended is worth a round of its own, and the disk works while more comes in.
const GATHER_BYTES: usize = 64 << 10;

impl Engine {
    /// Puts a group into the gathering round. Only much wakes the writer.
    pub(in crate::log) fn append(&self, group: Vec<Append>) -> Result<Ticket, AppendError> {
        let mut prepared = Vec::with_capacity(group.len());
        let (mut size_bytes, mut flush, mut client) = (0, Flush::PageCache, false);
        for append in group {
            size_bytes += append.batch.len();
            flush = flush.or_stronger(append.flush);
            client |= append.origin == Origin::Client;
            prepared.push(self.prepare(append)?);
        }
        let (done, receiver) = oneshot::channel();
        let mut gather = lock(&self.gather);
        if gather.closed {
            return Err(AppendError::Stopped);
        }
        if client {
            self.check_space().map_err(AppendError::Full)?;
        }
        // The broker's own records are few, and go on while clients have to wait.
        let bound_bytes = self.options.queue_bytes * if client { 1 } else { 2 };
        gather
            .check_room(size_bytes, bound_bytes)
            .map_err(AppendError::Full)?;
        // From here on nothing can fail: offsets that are assigned are written.
        for one in &prepared {
            // Each counts, whatever the others say.
            if one.is_sync_due() {
                flush = Flush::Sync;
            }
        }
        let (entries, appended): (Vec<_>, Vec<_>) = prepared
            .into_iter()
            .map(|prepared| prepared.assign(self.leader_epoch))
            .unzip();
        self.counters
            .batches
            .fetch_add(entries.len() as u64, Ordering::Relaxed);
        gather.push(Group {
            entries,
            flush,
            done: Some(done),
        });
        let is_much = gather.queued_bytes() >= GATHER_BYTES;
        // Or the writer wakes only to wait for the lock.
        drop(gather);
        if is_much {
            self.wake_writer();
        } else {
            self.is_gathering.store(true, Ordering::Release);
        }
        Ok(Ticket {
            appended,
            done: receiver,
        })
    }

    pub(in crate::log) async fn room(&self, size_bytes: usize) {
        loop {
            let mut changed = std::pin::pin!(self.has_room.notified());
            // Before the look, so that no change between the two is missed.
            changed.as_mut().enable();
            {
                let gather = lock(&self.gather);
                // Half of what is refused above: all who are called at once find room.
                let room = gather.check_room(size_bytes, self.options.queue_bytes / 2);
                if room.is_ok() || gather.closed {
                    return;
                }
            }
            changed.await;
        }
    }

    pub(in crate::log) fn wake_writer(&self) {
        self.is_gathering.store(false, Ordering::Release);
        self.gathered.notify_one();
    }

    pub(in crate::log) fn wake_for_gathered(&self) {
        if self.is_gathering.swap(false, Ordering::AcqRel) {
            self.gathered.notify_one();
        }
    }

    fn prepare(&self, append: Append) -> Result<Prepared, AppendError> {
        let key = append.partition;
        let partition = self
            .partition(key)
            .ok_or(AppendError::UnknownPartition(key))?;
        let refused = |error| AppendError::Batch {
            partition: key,
            error,
        };
        let (batch, rest) = Batch::split(&append.batch).map_err(refused)?;
        if !rest.is_empty() {
            return Err(refused(BatchError::Trailing(rest.len())));
        }
        let header = *batch.header();
        match u32::try_from(i64::from(header.last_offset_delta) + 1) {
            Ok(offset_count) if offset_count > 0 => Ok(Prepared {
                partition,
                header,
                offset_count,
                sync_every: append.sync_every,
                batch: append.batch,
            }),
            _ => Err(refused(BatchError::OffsetDelta {
                last_offset_delta: header.last_offset_delta,
                count: header.record_count,
            })),
        }
    }

    fn check_space(&self) -> Result<(), Full> {
        let free_bytes = self.free_bytes.load(Ordering::Relaxed);
        let total_bytes = self.total_bytes.load(Ordering::Relaxed);
        let share_bytes = (total_bytes / 100).min(MAX_SHARE_BYTES);
        let least_bytes = self.options.reserve_bytes.max(2 * self.ring.file_bytes);
        let reserve_bytes = least_bytes.max(share_bytes);
        if free_bytes < reserve_bytes {
            return Err(Full::Disk {
                free_bytes,
                total_bytes,
                reserve_bytes,
            });
        }
        Ok(())
    }

    /// Whether a file made ahead leaves enough for records.
    pub(in crate::log) fn has_room_for_ring(&self) -> bool {
        let free_bytes = self.free_bytes.load(Ordering::Relaxed);
        self.check_space().is_ok() && free_bytes / 4 > self.ring.file_bytes
    }

    /// Why appends of clients are refused for lack of space, if they are.
    pub(in crate::log) fn shortage(&self) -> Option<Full> {
        self.check_space().err()
    }

    pub(in crate::log) fn note_space(&self, space: Space) {
        self.free_bytes.store(space.free_bytes, Ordering::Relaxed);
        self.total_bytes.store(space.total_bytes, Ordering::Relaxed);
    }

    pub(in crate::log) fn space(&self) -> Space {
        Space {
            free_bytes: self.free_bytes.load(Ordering::Relaxed),
            total_bytes: self.total_bytes.load(Ordering::Relaxed),
        }
    }
}

/// A batch that passed every check and has no offset yet.
struct Prepared {
    partition: Arc<Partition>,
    header: BatchHeader,
    offset_count: u32,
    sync_every: Option<NonZero<u64>>,
    batch: BytesMut,
}

impl Prepared {
    /// Counts its records, and says whether they are to be synced. Only under the lock of the gathering round.
    fn is_sync_due(&self) -> bool {
        self.sync_every.is_some_and(|every| {
            let records = u64::from(self.offset_count);
            self.partition.count_unsynced(records, every.get())
        })
    }

    /// Takes the next offsets. Only under the lock of the gathering round.
    fn assign(mut self, leader_epoch: i32) -> (Queued, Appended) {
        let base_offset = self.partition.end();
        let next_offset = base_offset + i64::from(self.offset_count);
        record_batch::assign(&mut self.batch, base_offset, leader_epoch);
        self.partition.advance_end(next_offset);
        let appended = Appended {
            partition: self.partition.key,
            base_offset,
            next_offset,
            log_start_offset: self.partition.start(),
        };
        let queued = Queued {
            partition: self.partition,
            kind: Kind::Batch,
            base_offset,
            offset_count: self.offset_count,
            max_timestamp: self.header.max_timestamp,
            batch: self.batch.freeze(),
        };
        (queued, appended)
    }
}
