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

use tokio::sync::Notify;

use super::{
    Fatal, Flush, Options, PartitionKey, Policy, Stats, Stopped,
    disk::{Disk, Space},
    gather::{Gather, Group, Queued},
    partition::Partition,
    queue::{BehindQueue, Completed},
    ring::{self, Ring},
    round::Kind,
};

mod append;

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
    /// The gathering round has become smaller.
    has_room: Notify,
    /// Groups were put into the gathering round of which the writer was not told.
    pub(super) is_gathering: AtomicBool,
    queue: Mutex<BehindQueue>,
    /// The write-behind has something to do.
    waiting: Condvar,
    /// The write-behind has taken what waited.
    drained: Condvar,
    /// Free files of the shared log.
    pub(super) ring: Ring,
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
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        options: Options,
        volume: Space,
        leader_epoch: i32,
    ) -> Self {
        let wal_file_bytes = options.wal_file_bytes;
        Self {
            disk,
            options,
            leader_epoch,
            table: RwLock::default(),
            gather: Mutex::default(),
            gathered: Condvar::new(),
            has_room: Notify::new(),
            is_gathering: AtomicBool::new(false),
            queue: Mutex::default(),
            waiting: Condvar::new(),
            drained: Condvar::new(),
            ring: Ring::new(wal_file_bytes.unwrap_or_else(|| ring::file_bytes(volume))),
            wal_files: Mutex::default(),
            free_bytes: AtomicU64::new(volume.free_bytes),
            total_bytes: AtomicU64::new(volume.total_bytes),
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

    // === the writer's side ===

    /// What goes into the next round; nothing while too much waits to be written behind.
    pub(super) fn take_round(&self) -> Vec<Group> {
        if lock(&self.queue).size_bytes() > self.behind_bound() {
            return Vec::new();
        }
        let groups = lock(&self.gather).take(self.options.round_bytes);
        self.has_room.notify_waiters();
        groups
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
        self.has_room.notify_waiters();
        self.stop_behind();
    }

    pub(super) fn stop_behind(&self) {
        lock(&self.queue).stop = true;
        self.ring.stop();
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
