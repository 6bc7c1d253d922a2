//! Written behind the shared log: the batches of each partition go to its own files, out of memory, in large writes. Runs on
//! its own thread; a failed write leaves everything as it was and is repeated from where it stopped.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::{self, IoSlice},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    PartitionKey,
    disk::DiskFile,
    engine::Engine,
    partition::{Held, Partition},
    queue::{Completed, Target},
    retention::{Follower, Span, must_roll},
    segment::{Segment, dir_name, file_name},
    tail::TailBatch,
    threads::is_full,
};

/// Bytes of one write.
const RUN_BYTES: usize = 1 << 20;
/// The system is asked to begin writing each time a file has grown by so much: a checkpoint then finds little left to do.
const WRITEBACK_BYTES: u64 = 8 << 20;
/// Files that may wait for their sync; more are synced early, because each holds a descriptor.
const MAX_UNSYNCED: usize = 256;
/// Checkpoints are at least this far apart, unless one is asked for by a caller that waits.
const CHECKPOINT_PAUSE: Duration = Duration::from_secs(1);

/// State of the write-behind.
#[derive(Debug)]
pub(super) struct Behind {
    pub(super) engine: Arc<Engine>,
    pub(super) run: u64,
    /// Taken from the queue and not yet wholly written.
    pending: Option<Completed>,
    /// Everything before it is written to segments.
    pub(super) written_lsn: u64,
    /// Everything before it is durable in segments.
    pub(super) checkpoint_lsn: u64,
    last_checkpoint: Option<Instant>,
    pub(super) unsynced: BTreeMap<String, Arc<dyn DiskFile>>,
    pub(super) unsynced_dirs: BTreeSet<String>,
    /// Batches that are written and still in memory, oldest first.
    cached: VecDeque<Cached>,
    cached_bytes: usize,
    /// Segments that were closed since the last checkpoint: their indexes are to be kept.
    pub(super) closed_segments: Vec<(Arc<Partition>, Span)>,
    /// Dropped partitions whose files go after the next checkpoint.
    pub(super) dropped: Vec<PartitionKey>,
    /// The last manifest says that the log is closed.
    pub(super) closed: bool,
    /// Clients were refused for lack of space when last looked at.
    short: bool,
}

#[derive(Debug)]
struct Cached {
    partition: Arc<Partition>,
    next_offset: i64,
    size_bytes: usize,
}

/// Batches that go into one file with one write.
#[derive(Debug)]
struct Run {
    is_new: bool,
    position: u64,
    /// The segment as it will be.
    span: Span,
    batches: Vec<TailBatch>,
}

impl Behind {
    pub(super) fn new(engine: Arc<Engine>, run: u64, lsn: u64) -> Self {
        Self {
            engine,
            run,
            pending: None,
            written_lsn: lsn,
            checkpoint_lsn: lsn,
            last_checkpoint: None,
            unsynced: BTreeMap::new(),
            unsynced_dirs: BTreeSet::new(),
            cached: VecDeque::new(),
            cached_bytes: 0,
            closed_segments: Vec::new(),
            dropped: Vec::new(),
            closed: false,
            short: false,
        }
    }

    /// Does what is due; gives when to come back even if nothing happens.
    pub(super) fn step(&mut self, now: Instant) -> io::Result<Option<Instant>> {
        self.engine.note_space(self.engine.disk.space()?);
        if let Some(completed) = self.engine.take_completed(Some(now)) {
            self.take(completed);
        }
        let written = self.write_pending();
        self.dropped.extend(self.engine.take_dropped());
        if let Err(error) = written {
            // What was dropped makes room.
            if is_full(&error) && !self.dropped.is_empty() {
                self.checkpoint(Vec::new(), false)?;
            }
            return Err(error);
        }
        if self.checkpoint_due().is_some_and(|due| due <= now) {
            self.checkpoint(Vec::new(), false)?;
            self.last_checkpoint = Some(now);
        } else if self.last_checkpoint.is_none() {
            self.last_checkpoint = Some(now);
        }
        let look_again = self.is_short().then(|| now + Duration::from_secs(1));
        Ok(self.checkpoint_due().into_iter().chain(look_again).min())
    }

    /// Whether clients are refused for lack of space; says so once when it begins, from the start on, and when it ends.
    fn is_short(&mut self) -> bool {
        let shortage = self.engine.shortage();
        match shortage {
            Some(full) if !self.short => tracing::warn!("no records are taken: {full}"),
            None if self.short => tracing::warn!("records are taken again: there is room"),
            _ => {}
        }
        self.short = shortage.is_some();
        self.short
    }

    /// Writes everything that is complete, due or not.
    pub(super) fn write_all(&mut self) -> io::Result<()> {
        if let Some(completed) = self.engine.take_completed(None) {
            self.take(completed);
        }
        self.write_pending()
    }

    pub(super) fn take(&mut self, completed: Completed) {
        match &mut self.pending {
            Some(pending) => pending.join(completed),
            None => self.pending = Some(completed),
        }
    }

    fn checkpoint_due(&self) -> Option<Instant> {
        let last = self.last_checkpoint?;
        let behind_bytes = self.written_lsn - self.checkpoint_lsn;
        let options = &self.engine.options;
        if behind_bytes >= options.checkpoint_bytes || !self.dropped.is_empty() {
            Some(last + CHECKPOINT_PAUSE)
        } else if behind_bytes > 0 {
            Some(last + options.checkpoint_interval)
        } else {
            None
        }
    }

    pub(super) fn write_pending(&mut self) -> io::Result<()> {
        let Some(pending) = self.pending.take() else {
            return Ok(());
        };
        for target in pending.targets.values() {
            if let Err(error) = self.write_partition(target) {
                // What is written is skipped when this is tried again.
                self.pending = Some(pending);
                return Err(error);
            }
        }
        self.written_lsn = pending.end_lsn;
        self.evict();
        Ok(())
    }

    pub(super) fn write_partition(&mut self, target: &Target) -> io::Result<()> {
        let partition = &target.partition;
        loop {
            let run = {
                let mut held = partition.hold();
                if held.is_retired() {
                    return Ok(());
                }
                held.begun = true;
                next_run(&held, target.next_offset)
            };
            match run {
                Some(run) => self.write_run(partition, &run)?,
                None => return Ok(()),
            }
        }
    }

    fn write_run(&mut self, partition: &Arc<Partition>, run: &Run) -> io::Result<()> {
        let disk = self.engine.disk.as_ref();
        let name = file_name(partition.key, &run.span);
        let file = if run.is_new {
            let dir = dir_name(partition.key);
            disk.create_dir(&dir)?;
            self.unsynced_dirs.insert("partitions".to_owned());
            self.unsynced_dirs.insert(dir);
            disk.create(&name)?
        } else {
            match partition.hold().segments.last_mut() {
                Some(segment) => segment.file(disk, partition.key)?,
                None => disk.open(&name)?,
            }
        };
        let mut slices: Vec<_> = run
            .batches
            .iter()
            .map(|batch| IoSlice::new(&batch.bytes))
            .collect();
        file.write_all_at(run.position, &mut slices)?;
        let written_to = run.span.size_bytes;
        if written_to / WRITEBACK_BYTES > run.position / WRITEBACK_BYTES {
            let from = (run.position / WRITEBACK_BYTES) * WRITEBACK_BYTES;
            file.begin_writing(from, written_to - from);
        }
        self.keep(partition, run, &file);
        self.unsynced.insert(name, file);
        if self.unsynced.len() > MAX_UNSYNCED {
            self.sync_files()?;
        }
        Ok(())
    }

    /// The run is in its file: readers find it there from now on.
    fn keep(&mut self, partition: &Arc<Partition>, run: &Run, file: &Arc<dyn DiskFile>) {
        let mut held = partition.hold();
        if run.is_new {
            let closed = held.segments.last().map(|segment| segment.span);
            let closed = closed.map(|span| (Arc::clone(partition), span));
            self.closed_segments.extend(closed);
            held.segments.push(Segment::new(run.span, file));
        }
        held.written = run.span.next_offset;
        if let Some(segment) = held.segments.last_mut() {
            segment.span = run.span;
            let mut position = run.position;
            for batch in &run.batches {
                if let Some(index) = &mut segment.index {
                    index.note(batch.base_offset, position, batch.max_timestamp);
                }
                position += batch.bytes.len() as u64;
            }
        }
        for batch in &run.batches {
            let size_bytes = batch.bytes.len();
            self.cached_bytes += size_bytes;
            self.cached.push_back(Cached {
                partition: Arc::clone(partition),
                next_offset: batch.next_offset,
                size_bytes,
            });
        }
    }

    /// Forgets the oldest batches that are in files until the rest fits.
    fn evict(&mut self) {
        while self.cached_bytes > self.engine.options.tail_bytes {
            let Some(oldest) = self.cached.pop_front() else {
                return;
            };
            self.cached_bytes -= oldest.size_bytes;
            oldest
                .partition
                .hold()
                .tail
                .forget_below(oldest.next_offset);
        }
    }

    pub(super) fn sync_files(&mut self) -> io::Result<()> {
        let is_short = self.engine.options.memory.is_short();
        for file in self.unsynced.values() {
            file.sync().map_err(unsynced)?;
            if is_short {
                file.forget_cached();
            }
        }
        for dir in &self.unsynced_dirs {
            match self.engine.disk.sync_dir(dir) {
                // Its partition was dropped in the meantime.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => result.map_err(unsynced)?,
            }
        }
        self.unsynced.clear();
        self.unsynced_dirs.clear();
        Ok(())
    }
}

/// A sync that failed is not tried again, be it for lack of space: the system has given up what it could not write, and would
/// call the next one a success.
fn unsynced(error: io::Error) -> io::Error {
    io::Error::other(error)
}

/// The next batches that are not in a file yet, up to `next_offset`, as far as they go into one.
fn next_run(held: &Held, next_offset: i64) -> Option<Run> {
    let open = held.segments.last().map(|segment| segment.span);
    let mut run: Option<Run> = None;
    let mut size_bytes = 0;
    for batch in held.tail.from(held.written) {
        if batch.next_offset > next_offset || size_bytes >= RUN_BYTES {
            break;
        }
        let next = Follower {
            next_offset: batch.next_offset,
            size_bytes: batch.bytes.len() as u64,
            max_timestamp: batch.max_timestamp,
        };
        // A file has no gap in its offsets: a reader who comes to the end of one learns what is missing.
        let goes_on = |span: &Span| {
            span.next_offset == batch.base_offset
                && held.sealed != Some(span.base_offset)
                && !must_roll(span, &next, &held.policy)
        };
        let run = match &mut run {
            Some(run) if goes_on(&run.span) => run,
            Some(_) => break,
            none => none.insert(match open.filter(goes_on) {
                Some(span) => Run {
                    is_new: false,
                    position: span.size_bytes,
                    span,
                    batches: Vec::new(),
                },
                None => Run {
                    is_new: true,
                    position: 0,
                    span: begin(batch),
                    batches: Vec::new(),
                },
            }),
        };
        run.span.next_offset = batch.next_offset;
        run.span.size_bytes += batch.bytes.len() as u64;
        run.span.max_timestamp = run.span.max_timestamp.max(batch.max_timestamp);
        size_bytes += batch.bytes.len();
        run.batches.push(batch.clone());
    }
    run
}

fn begin(batch: &TailBatch) -> Span {
    Span {
        base_offset: batch.base_offset,
        revision: 0,
        next_offset: batch.base_offset,
        size_bytes: 0,
        first_timestamp: batch.max_timestamp,
        max_timestamp: batch.max_timestamp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_sync_is_never_taken_for_a_full_disk() {
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            assert!(is_full(&kind.into()), "a write is tried again: {kind}");
            assert!(!is_full(&unsynced(kind.into())), "{kind}");
        }
    }
}
