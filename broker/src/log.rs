//! The log: record batches of many partitions on one disk. It knows batches and offsets, not requests, topics, groups or
//! producers; those are state in the floors above, kept as records here and rebuilt with [`Log::replay`].
//!
//! # How it works
//! All appends go to one shared append-only log, in *rounds*: one write and one `fdatasync` for everything that gathered
//! while the previous sync was in flight. Files per partition are written behind it, from memory, and a checkpoint makes
//! those durable and drops what the shared log no longer needs to hold. Readers get the end of a partition from memory and
//! the rest as ranges of its files.
//!
//! # What holds
//! - An append is all or nothing: refused before any offset is assigned, and after a crash either all of its batches are
//!   there or none. Offsets are assigned in call order and never twice.
//! - Nothing is visible above the high watermark, and the high watermark moves only when the batch is as durable as its
//!   [`Flush`] asks. It never goes back, nor does the log start offset or the leader epoch.
//! - After a failed write or sync nothing more is promised: [`Options::on_fatal`] is told and every ticket fails.
//! - Damage to acknowledged records is reported ([`Recovery::damage`]) and answered with [`ReadError::Corrupt`] for that
//!   range alone; what lies before and after is served, and the damaged files are kept.
//!
//! # Use
//! [`Log::open`] gives the handle (cheap to clone). The owner of topics creates, configures and drops partitions. Calls
//! marked "blocks on disk" are for `spawn_blocking` or plain threads; the others never wait for the disk.
//! `tokio` appears only as the primitives [`Ticket`] and [`Log::watch`] are made of.

use std::{collections::BTreeSet, fmt, path::Path, sync::Arc};

use tokio::sync::watch;
use wire::Uuid;

use engine::Engine;
use partition::Partition;
use reading::Files;
use threads::Threads;
use writer::Writer;

mod answers;
mod append;
mod behind;
mod check;
mod checkpoint;
mod compact;
mod disk;
mod engine;
mod epochs;
mod folder;
mod gather;
mod index;
mod indexes;
mod manifest;
mod options;
mod partition;
mod queue;
mod reading;
mod recent;
mod recovery;
mod replaying;
mod retention;
mod ring;
mod round;
mod segment;
mod slices;
mod snapshots;
mod tail;
#[cfg(test)]
mod tests;
mod threads;
mod times;
mod verify;
mod wal;
mod writer;

#[cfg(test)]
pub(crate) use disk::simulated::Simulated;

pub use answers::{
    Cleaned, Detail, EpochEnd, Offsets, ReadBounds, Replayed, Snapshot, Stats, TimedOffset,
};
pub use append::{Append, AppendError, Appended, Flush, Full, Origin, Stopped, Ticket};
pub use check::{CheckFinding, Checked, CheckedPartition, EachBatch, check};
pub use compact::Retained;
pub use folder::FORMAT;
pub use options::{
    Compaction, Damage, Fatal, FatalHandler, MemoryGauge, OpenError, Options, Policy, Recovery,
};
pub use slices::{FileRange, ReadError, Slice, Slices};

/// Names a partition for ever: topic ids are never used twice, topic names are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartitionKey {
    /// Topic id.
    pub topic: Uuid,
    /// Partition number.
    pub partition: i32,
}

impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "partition {} of topic {}", self.partition, self.topic)
    }
}

/// Handle on an open log; clones share it. See the module documentation.
#[derive(Debug, Clone)]
pub struct Log {
    shared: Arc<Shared>,
}

/// What clones share.
#[derive(Debug)]
struct Shared {
    engine: Arc<Engine>,
    recovery: Recovery,
    threads: Threads,
}

impl Log {
    /// Opens the data folder `dir`, creating it when it is not there, and recovers what a crash left. Blocks on disk; the
    /// time it takes depends on what was appended since the last checkpoint, not on the size of the data.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        let disk = Arc::new(disk::folder::Folder::new(dir));
        Self::open_on(disk, options).map_err(|refused| refused.at(dir))
    }

    /// What the start found.
    pub fn recovery(&self) -> &Recovery {
        &self.shared.recovery
    }

    /// Acknowledged records that cannot be read any more, as far as the start and reads since have met them.
    pub fn damage(&self) -> Vec<Damage> {
        let partitions = self.shared.engine.partitions();
        let damage = partitions
            .iter()
            .flat_map(|partition| partition.hold().damage.clone());
        damage.collect()
    }

    /// Makes an empty partition, or sets the policy of one that is there. Durable at the latest with the first
    /// [`Flush::Sync`] append to any partition that follows, so the record that announces the topic comes after it.
    pub fn create(&self, partition: PartitionKey, policy: Policy) -> Result<(), Stopped> {
        self.shared.engine.create(partition, policy)
    }

    /// Whether the partition is there.
    pub fn exists(&self, partition: PartitionKey) -> bool {
        self.shared.engine.partition(partition).is_some()
    }

    /// All partitions. After a start the owner of topics drops those it does not know.
    pub fn partitions(&self) -> BTreeSet<PartitionKey> {
        self.shared
            .engine
            .partitions()
            .iter()
            .map(|partition| partition.key)
            .collect()
    }

    /// Forgets a partition: appends and reads fail from now on, watchers end, its files go at the next checkpoint. Comes
    /// back after a crash before that; the owner of topics then drops it again. Fine when it is not there.
    pub fn drop(&self, partition: PartitionKey) {
        self.shared.engine.drop_partition(partition);
    }

    /// Raises the log start offset to `before` (at most the high watermark) and deletes what lies wholly below it.
    /// Durable when it returns the new log start offset. Blocks on disk.
    pub fn trim(&self, partition: PartitionKey, before: i64) -> Result<i64, ReadError> {
        let held = self.find(partition)?;
        let offsets = held.offsets();
        if !(offsets.start..=offsets.high_watermark).contains(&before) {
            return Err(ReadError::OutOfRange {
                partition,
                offset: before,
                start: offsets.start,
                high_watermark: offsets.high_watermark,
            });
        }
        self.shared
            .threads
            .with_behind(|behind| behind.trim(&held, before))
            .map_err(|error| ReadError::Io { partition, error })?;
        Ok(held.start())
    }

    /// Whole batches from the one that contains `offset` on, up to the bounds. Empty at the high watermark.
    ///
    /// May read a few KiB of a segment file to find the batch; otherwise never waits for the disk. Of a file that an earlier
    /// run wrote nothing is given before it is verified: [`ReadError::Unverified`] says so.
    pub fn read(
        &self,
        partition: PartitionKey,
        offset: i64,
        bounds: ReadBounds,
    ) -> Result<Slices, ReadError> {
        let held = self.find(partition)?;
        let disk = self.shared.engine.disk.as_ref();
        reading::read(disk, &held, offset, bounds, Files::Verified)
    }

    /// Verifies the segment that holds `offset`: what [`ReadError::Unverified`] asks for. Blocks on disk.
    pub fn verify(&self, partition: PartitionKey, offset: i64) -> Result<(), ReadError> {
        let held = self.find(partition)?;
        verify::verify_at(self.shared.engine.disk.as_ref(), &held, offset)
            .map_err(|error| ReadError::Io { partition, error })
    }

    /// Follows the high watermark. The channel closes when the partition is dropped or the log ends.
    pub fn watch(&self, partition: PartitionKey) -> Option<watch::Receiver<i64>> {
        self.shared.engine.partition(partition)?.watch()
    }

    /// Where the partition begins and ends.
    pub fn offsets(&self, partition: PartitionKey) -> Option<Offsets> {
        self.shared
            .engine
            .partition(partition)
            .map(|partition| partition.offsets())
    }

    /// Leader epoch of the partition; rises at every start after a stop that was not in order.
    pub fn leader_epoch(&self, partition: PartitionKey) -> Option<i32> {
        self.shared
            .engine
            .partition(partition)
            .map(|_| self.shared.engine.leader_epoch)
    }

    /// Where the records of a leader epoch end (`OffsetForLeaderEpoch`). None when the partition is not there or the epoch
    /// is above its own.
    pub fn epoch_end(&self, partition: PartitionKey, leader_epoch: i32) -> Option<EpochEnd> {
        self.shared
            .engine
            .partition(partition)?
            .epoch_end(leader_epoch)
    }

    /// The first record at or after a timestamp. In a batch whose records cannot be unfolded within 32 MiB the first one
    /// stands for it: never later than asked. Blocks on disk.
    pub fn find_by_time(
        &self,
        partition: PartitionKey,
        timestamp: i64,
    ) -> Result<Option<TimedOffset>, ReadError> {
        let held = self.find(partition)?;
        let engine = &self.shared.engine;
        let unfolded_bytes = engine.options.unfolded_bytes;
        times::find(engine.disk.as_ref(), &held, timestamp, unfolded_bytes)
    }

    /// The record with the largest timestamp, the first of them when there are several. None when the partition is empty.
    /// Blocks on disk.
    pub fn max_timestamp(&self, partition: PartitionKey) -> Result<Option<TimedOffset>, ReadError> {
        let held = self.find(partition)?;
        let engine = &self.shared.engine;
        times::latest(engine.disk.as_ref(), &held, engine.options.unfolded_bytes)
    }

    /// Bytes of the batches the partition holds.
    pub fn size_bytes(&self, partition: PartitionKey) -> Option<u64> {
        self.shared
            .engine
            .partition(partition)
            .map(|partition| partition.size_bytes())
    }

    /// Deletes what every partition's [`Policy`] no longer keeps at `now_ms`, milliseconds since 1970. The new log start
    /// offsets are durable before anyone sees them. Blocks on disk.
    pub fn clean(&self, now_ms: i64) -> std::io::Result<Vec<Cleaned>> {
        self.shared
            .threads
            .with_behind(|behind| behind.clean(now_ms))
    }

    /// Compacts what the partition's [`Policy::compaction`] asks to at `now_ms`, milliseconds since 1970, but for what is
    /// `retained`. None when nothing is due. Appends, reads and retention go on meanwhile. Not twice at once for one
    /// partition. Blocks on disk.
    pub fn compact(
        &self,
        partition: PartitionKey,
        retained: &Retained,
        now_ms: i64,
    ) -> Result<Option<Cleaned>, ReadError> {
        let held = self.find(partition)?;
        let io = |error| ReadError::Io { partition, error };
        let disk = self.shared.engine.disk.as_ref();
        let unfolded_bytes = self.shared.engine.options.unfolded_bytes;
        let compacted = compact::compact(disk, &held, retained, now_ms, unfolded_bytes);
        let Some(compacted) = compacted.map_err(io)? else {
            return Ok(None);
        };
        let threads = &self.shared.threads;
        threads
            .with_behind(|behind| behind.replace(&held, compacted))
            .map_err(io)
    }

    /// Gives `each` every batch from the one that contains `from` (or the log start, when that is higher) up to the high
    /// watermark, in order. Damaged ranges are skipped. Holds one batch at a time. Blocks on disk.
    pub fn replay(
        &self,
        partition: PartitionKey,
        from: i64,
        detail: Detail,
        each: &mut dyn FnMut(Replayed),
    ) -> Result<(), ReadError> {
        let held = self.find(partition)?;
        replaying::replay(self.shared.engine.disk.as_ref(), &held, from, detail, each)
    }

    /// Keeps a snapshot under `name` (letters, digits, `-` and `_`), in place of an older one. Blocks on disk.
    pub fn save_snapshot(&self, name: &str, snapshot: &Snapshot) -> std::io::Result<()> {
        snapshots::save(self.shared.engine.disk.as_ref(), name, snapshot)
    }

    /// The snapshot last saved under `name`; none when there is none or it is damaged. Blocks on disk.
    pub fn load_snapshot(&self, name: &str) -> Option<Snapshot> {
        snapshots::load(self.shared.engine.disk.as_ref(), name)
    }

    /// Bytes free on the volume and bytes in all, when last looked at.
    pub fn space_bytes(&self) -> (u64, u64) {
        let space = self.shared.engine.space();
        (space.free_bytes, space.total_bytes)
    }

    /// The largest batch that fits into half of the ring of log files.
    pub fn largest_batch_bytes(&self) -> u64 {
        self.shared.engine.ring.bytes() / 2
    }

    /// Counters since start.
    pub fn stats(&self) -> Stats {
        self.shared.engine.stats()
    }

    /// Orderly stop: refuses new appends, makes everything durable, writes it behind and marks the folder clean. Blocks on
    /// disk. The folder stays locked until the last clone of the handle is gone.
    pub fn close(&self) -> Result<(), Stopped> {
        self.shared.threads.close()
    }

    fn open_on(disk: Arc<dyn disk::Disk>, options: Options) -> Result<Self, recovery::Refused> {
        let (log, writer) = Self::open_idle(disk, options)?;
        log.shared.threads.start(writer)?;
        Ok(log)
    }

    /// For tests of the floors above: on a simulated disk.
    #[cfg(test)]
    pub(crate) fn open_simulated(disk: &Simulated, options: Options) -> Self {
        Self::open_on(Arc::new(disk.clone()), options).unwrap()
    }

    /// Open, with no thread running yet: tests drive the writer and the write-behind themselves.
    fn open_idle(
        disk: Arc<dyn disk::Disk>,
        options: Options,
    ) -> Result<(Self, Writer), recovery::Refused> {
        let opened = recovery::open(disk, options)?;
        let (engine, recovery) = (opened.engine, opened.recovery);
        let threads = Threads::new(opened.behind);
        Ok((
            Self {
                shared: Arc::new(Shared {
                    engine,
                    recovery,
                    threads,
                }),
            },
            opened.writer,
        ))
    }

    fn find(&self, partition: PartitionKey) -> Result<Arc<Partition>, ReadError> {
        self.shared
            .engine
            .partition(partition)
            .ok_or(ReadError::UnknownPartition(partition))
    }
}
