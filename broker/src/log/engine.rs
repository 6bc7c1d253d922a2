//! What the handle, the writer and the write-behind share, and how an append gets from the first to the second.
//!
//! Lock order: write-behind, table, gathering round, partition. Nothing here holds a lock across I/O except the write-behind
//! lock, which only its thread and the calls marked "blocks on disk" take.

use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::sync::oneshot;
use wire::record_batch::{self, Batch, BatchHeader};

use super::{
    Append, AppendError, Appended, Fatal, Flush, Full, Options, Origin, PartitionKey, Policy,
    Stats, Stopped, Ticket,
    disk::{Disk, Space},
    gather::{Gather, Group, Queued, strongest},
    partition::Partition,
    queue::{BehindQueue, Completed},
    round::Kind,
};

/// One open log.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) options: Options,
    pub(super) leader_epoch: i32,
    table: RwLock<HashMap<PartitionKey, Arc<Partition>>>,
    /// A std mutex: held while offsets are assigned, a few microseconds.
    gather: Mutex<Gather>,
    gathered: Condvar,
    queue: Mutex<BehindQueue>,
    /// The write-behind has something to do.
    waiting: Condvar,
    /// The write-behind has taken what waited.
    drained: Condvar,
    /// First lsn of every file of the shared log, the written one last.
    wal_files: Mutex<Vec<u64>>,
    free_bytes: AtomicU64,
    total_bytes: AtomicU64,
    failed: AtomicBool,
    counters: Counters,
}

#[derive(Debug, Default)]
struct Counters {
    rounds: AtomicU64,
    round_bytes: AtomicU64,
    syncs: AtomicU64,
    batches: AtomicU64,
    checkpoints: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    pub(super) fn new(disk: Arc<dyn Disk>, options: Options, leader_epoch: i32) -> Self {
        Self {
            disk,
            options,
            leader_epoch,
            table: RwLock::default(),
            gather: Mutex::default(),
            gathered: Condvar::new(),
            queue: Mutex::default(),
            waiting: Condvar::new(),
            drained: Condvar::new(),
            wal_files: Mutex::default(),
            free_bytes: AtomicU64::new(u64::MAX),
            total_bytes: AtomicU64::new(u64::MAX),
            failed: AtomicBool::new(false),
            counters: Counters::default(),
        }
    }

    // === partitions ===

    pub(super) fn partition(&self, key: PartitionKey) -> Option<Arc<Partition>> {
        self.table
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned()
    }

    pub(super) fn partitions(&self) -> Vec<Arc<Partition>> {
        self.table
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    pub(super) fn insert(&self, partition: Arc<Partition>) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        table.insert(partition.key, partition);
    }

    pub(super) fn remove(&self, key: PartitionKey) -> Option<Arc<Partition>> {
        self.table
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&key)
    }

    pub(super) fn create(&self, key: PartitionKey, policy: Policy) -> Result<(), Stopped> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = table.get(&key) {
            known.hold().policy = policy;
            return Ok(());
        }
        let mut gather = lock(&self.gather);
        if gather.closed {
            return Err(Stopped);
        }
        let partition = Arc::new(Partition::new(key, 0, 0));
        {
            let mut held = partition.hold();
            held.policy = policy;
            held.epochs.begin(self.leader_epoch, 0);
        }
        table.insert(key, Arc::clone(&partition));
        let entry = Queued {
            partition,
            kind: Kind::Create,
            base_offset: 0,
            offset_count: 0,
            max_timestamp: -1,
            batch: bytes::Bytes::new(),
        };
        gather.push(Group {
            entries: vec![entry],
            flush: Flush::PageCache,
            done: None,
        });
        self.gathered.notify_one();
        Ok(())
    }

    // === appends ===

    pub(super) fn append(&self, group: Vec<Append>) -> Result<Ticket, AppendError> {
        let mut prepared = Vec::with_capacity(group.len());
        let (mut size_bytes, mut flush, mut client) = (0, Flush::PageCache, false);
        for append in group {
            size_bytes += append.batch.len();
            flush = strongest(flush, append.flush);
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
        gather
            .check_room(size_bytes, self.options.queue_bytes)
            .map_err(AppendError::Full)?;
        // From here on nothing can fail: offsets that are assigned are written.
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
        self.gathered.notify_one();
        Ok(Ticket {
            appended,
            done: receiver,
        })
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
            return Err(refused(record_batch::BatchError::Trailing(rest.len())));
        }
        let header = *batch.header();
        match u32::try_from(i64::from(header.last_offset_delta) + 1) {
            Ok(offset_count) if offset_count > 0 => Ok(Prepared {
                partition,
                header,
                offset_count,
                batch: append.batch,
            }),
            _ => Err(refused(record_batch::BatchError::OffsetDelta {
                last_offset_delta: header.last_offset_delta,
                count: header.record_count,
            })),
        }
    }

    fn check_space(&self) -> Result<(), Full> {
        let free_bytes = self.free_bytes.load(Ordering::Relaxed);
        let hundredth = self.total_bytes.load(Ordering::Relaxed) / 100;
        let reserve_bytes = self.options.reserve_bytes.max(hundredth);
        if free_bytes < reserve_bytes {
            return Err(Full::Disk {
                free_bytes,
                reserve_bytes,
            });
        }
        Ok(())
    }

    /// Whether appends of clients are refused for lack of space.
    pub(super) fn is_short_of_space(&self) -> bool {
        self.check_space().is_err()
    }

    pub(super) fn note_space(&self, space: Space) {
        self.free_bytes.store(space.free_bytes, Ordering::Relaxed);
        self.total_bytes.store(space.total_bytes, Ordering::Relaxed);
    }

    pub(super) fn space(&self) -> Space {
        Space {
            free_bytes: self.free_bytes.load(Ordering::Relaxed),
            total_bytes: self.total_bytes.load(Ordering::Relaxed),
        }
    }

    // === the writer's side ===

    /// What goes into the next round; nothing while too much waits to be written behind.
    pub(super) fn take_round(&self) -> Vec<Group> {
        if lock(&self.queue).size_bytes() > self.behind_bound() {
            return Vec::new();
        }
        lock(&self.gather).take(self.options.round_bytes)
    }

    fn behind_bound(&self) -> usize {
        self.options.write_behind_bytes.saturating_mul(4)
    }

    /// Waits until a round can be taken, the log is closing, or `until`. True once there is nothing more to write.
    pub(super) fn wait_for_round(&self, until: Option<Instant>) -> bool {
        let queue = lock(&self.queue);
        if queue.size_bytes() > self.behind_bound() && !queue.stop {
            // Bounded by the write-behind, which is at work or retries every second.
            drop(
                self.drained
                    .wait_timeout(queue, std::time::Duration::from_secs(1)),
            );
            return false;
        }
        drop(queue);
        let gather = lock(&self.gather);
        if !gather.is_empty() {
            return false;
        }
        if gather.closed {
            return true;
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        match left {
            Some(left) => drop(self.gathered.wait_timeout(gather, left)),
            None => drop(self.gathered.wait(gather)),
        }
        false
    }

    pub(super) fn write_behind(&self, completed: Completed, now: Instant) {
        let mut queue = lock(&self.queue);
        let first = queue.size_bytes() == 0;
        queue.push(completed, now);
        // One wake starts its clock, the next says that there is enough.
        if first || queue.size_bytes() >= self.options.write_behind_bytes {
            self.waiting.notify_one();
        }
    }

    pub(super) fn note_wal_file(&self, first_lsn: u64) {
        lock(&self.wal_files).push(first_lsn);
    }

    /// Files of the shared log that end at or below `lsn`; they are forgotten here.
    pub(super) fn take_wal_files_below(&self, lsn: u64) -> Vec<u64> {
        let mut files = lock(&self.wal_files);
        let kept = files
            .iter()
            .skip(1)
            .take_while(|&&next_first| next_first <= lsn)
            .count();
        files.drain(..kept).collect()
    }

    pub(super) fn count_round(&self, size_bytes: u64, _entries: usize) {
        self.counters.rounds.fetch_add(1, Ordering::Relaxed);
        self.counters
            .round_bytes
            .fetch_add(size_bytes, Ordering::Relaxed);
    }

    pub(super) fn count_sync(&self) {
        self.counters.syncs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_checkpoint(&self) {
        self.counters.checkpoints.fetch_add(1, Ordering::Relaxed);
    }

    // === the write-behind's side ===

    /// What waits to be written behind, if it is due at `now`; whatever waits, without a time.
    pub(super) fn take_completed(&self, now: Option<Instant>) -> Option<Completed> {
        let mut queue = lock(&self.queue);
        queue.hurry = false;
        let enough = queue.size_bytes() >= self.options.write_behind_bytes;
        let old = |now| {
            queue
                .since()
                .is_some_and(|since| since + self.options.write_behind_delay <= now)
        };
        if !(enough || now.is_none_or(old)) {
            return None;
        }
        let taken = queue.take();
        self.drained.notify_one();
        taken
    }

    /// Waits until something is due; true when the write-behind is to end. A `patient` one waits for `until` alone.
    pub(super) fn wait_behind(&self, until: Option<Instant>, patient: bool) -> bool {
        let queue = lock(&self.queue);
        if queue.stop {
            return true;
        }
        let enough = queue.size_bytes() >= self.options.write_behind_bytes;
        if (enough || queue.hurry) && !patient {
            return false;
        }
        let by_age = queue
            .since()
            .map(|since| since + self.options.write_behind_delay);
        let due = until.into_iter().chain(by_age.filter(|_| !patient)).min();
        let queue = match due.map(|due| due.saturating_duration_since(Instant::now())) {
            Some(left) => match self.waiting.wait_timeout(queue, left) {
                Ok((queue, _)) => queue,
                Err(poisoned) => poisoned.into_inner().0,
            },
            None => self
                .waiting
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner),
        };
        queue.stop
    }

    /// Forgets a partition; its files go after the next checkpoint.
    pub(super) fn drop_partition(&self, key: PartitionKey) {
        if let Some(partition) = self.remove(key) {
            partition.retire();
            let mut queue = lock(&self.queue);
            queue.dropped.push(key);
            queue.hurry = true;
            self.waiting.notify_one();
        }
    }

    /// Partitions dropped since this was asked last.
    pub(super) fn take_dropped(&self) -> Vec<PartitionKey> {
        std::mem::take(&mut lock(&self.queue).dropped)
    }

    // === the end ===

    /// Refuses new appends; what is queued is still written.
    pub(super) fn refuse_appends(&self) -> bool {
        let mut gather = lock(&self.gather);
        let first = !gather.closed;
        gather.closed = true;
        self.gathered.notify_all();
        first
    }

    /// Ends the threads as they are: what is queued is given up.
    pub(super) fn abandon(&self) {
        lock(&self.gather).abandon();
        self.gathered.notify_all();
        self.stop_behind();
    }

    pub(super) fn stop_behind(&self) {
        lock(&self.queue).stop = true;
        self.waiting.notify_all();
        self.drained.notify_all();
    }

    /// Ends every watcher.
    pub(super) fn retire_all(&self) {
        for partition in self.partitions() {
            partition.retire();
        }
    }

    /// A write or sync failed. The handler comes first: it usually ends the process, and nothing may be answered then.
    pub(super) fn fail(&self, fatal: &Fatal) {
        if !self.failed.swap(true, Ordering::AcqRel) {
            (self.options.on_fatal.0)(fatal);
        }
        self.abandon();
        self.retire_all();
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    pub(super) fn stats(&self) -> Stats {
        let counters = &self.counters;
        Stats {
            rounds: counters.rounds.load(Ordering::Relaxed),
            round_bytes: counters.round_bytes.load(Ordering::Relaxed),
            syncs: counters.syncs.load(Ordering::Relaxed),
            batches: counters.batches.load(Ordering::Relaxed),
            checkpoints: counters.checkpoints.load(Ordering::Relaxed),
            queued_bytes: lock(&self.gather).queued_bytes() as u64,
            behind_bytes: lock(&self.queue).size_bytes() as u64,
        }
    }
}

/// A batch that passed every check and has no offset yet.
struct Prepared {
    partition: Arc<Partition>,
    header: BatchHeader,
    offset_count: u32,
    batch: bytes::BytesMut,
}

impl Prepared {
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
