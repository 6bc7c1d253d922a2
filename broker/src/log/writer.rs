//! The one writer of the shared log: takes what has gathered, writes it as a round, syncs when anything in it asks for that,
//! and only then lets it be seen. A step at a time, so that tests drive it without a thread.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use wire::record_batch;

use super::{
    Fatal, Flush,
    engine::Engine,
    gather::{Group, Queued},
    queue::Completed,
    recent::Recent,
    round::{Entry, Kind, RoundHeader, extents},
    tail::TailBatch,
    wal::WalFile,
};

/// From this length on a checksum is put together from parts: that costs as much as reading so many bytes.
const COMBINE_FROM_BYTES: usize = 128 << 10;

/// What to do after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// There may be more to do.
    Again,
    /// Nothing to do before an append, or before this moment.
    Wait(Option<Instant>),
}

/// State of the writer.
#[derive(Debug)]
pub(super) struct Writer {
    engine: Arc<Engine>,
    file: WalFile,
    run: u64,
    round: u64,
    /// Where the next round goes.
    lsn: u64,
    /// Everything before it is durable.
    durable_lsn: u64,
    /// The durable lsn that the newest round on disk names.
    named_lsn: u64,
    recent: Recent,
    sync_due: Option<Instant>,
    follower_due: Option<Instant>,
}

impl Writer {
    /// A writer that begins `run` at `file`.
    pub(super) fn new(engine: Arc<Engine>, file: WalFile, run: u64) -> Self {
        let lsn = file.first_lsn;
        Self {
            engine,
            file,
            run,
            round: 0,
            lsn,
            durable_lsn: lsn,
            named_lsn: lsn,
            recent: Recent::default(),
            sync_due: None,
            follower_due: None,
        }
    }

    /// Does the most urgent thing there is: a round, an overdue sync, the empty round that follows the last one.
    pub(super) fn step(&mut self, now: Instant) -> Result<Next, Fatal> {
        let groups = self.engine.take_round();
        if !groups.is_empty() {
            self.commit(groups, now)?;
        } else if self.sync_due.is_some_and(|due| due <= now) {
            self.sync(now)?;
        } else if self.follower_due.is_some_and(|due| due <= now) {
            self.write(&[], true)?;
            self.sync(now)?;
            // Nobody waits for the empty round itself, so it needs no follower.
            self.follower_due = None;
        } else {
            return Ok(Next::Wait(
                self.sync_due.into_iter().chain(self.follower_due).min(),
            ));
        }
        Ok(Next::Again)
    }

    /// Makes everything written durable, whatever its mode.
    pub(super) fn finish(&mut self, now: Instant) -> Result<(), Fatal> {
        if self.durable_lsn < self.lsn {
            self.sync(now)?;
        }
        Ok(())
    }

    fn commit(&mut self, groups: Vec<Group>, now: Instant) -> Result<(), Fatal> {
        let (at_once, after_sync) = split(groups);
        let entries: Vec<&Queued> = at_once
            .iter()
            .chain(&after_sync)
            .flat_map(|group| &group.entries)
            .collect();
        self.write(&entries, !after_sync.is_empty())?;
        let mut completed = Completed::new(self.lsn);
        for group in at_once {
            self.delay_sync(group.flush, now);
            complete(group, &mut completed);
        }
        // An interval that is over is kept to however much there is to write.
        if !after_sync.is_empty() || self.sync_due.is_some_and(|due| due <= now) {
            self.sync(now)?;
        }
        for group in after_sync {
            complete(group, &mut completed);
        }
        self.engine.write_behind(completed, now);
        Ok(())
    }

    fn delay_sync(&mut self, flush: Flush, now: Instant) {
        let due = match flush {
            Flush::Sync => now,
            Flush::Interval(interval) => now + interval,
            Flush::PageCache => return,
        };
        self.sync_due = Some(self.sync_due.map_or(due, |earlier| earlier.min(due)));
    }

    /// Goes on in the next file where a round of so many bytes does not fit into this one.
    fn roll(&mut self, round_bytes: u64) -> Result<(), Fatal> {
        if !self.file.is_full(self.lsn, round_bytes) {
            return Ok(());
        }
        // What the old file still holds unsynced would be out of reach of a sync of the new one.
        if self.durable_lsn < self.lsn {
            self.sync_file()?;
        }
        let (disk, ring) = (self.engine.disk.as_ref(), &self.engine.ring);
        let size_bytes = self.file.next_size_bytes(ring);
        if size_bytes >= ring.file_bytes / 2 {
            ring.want();
        }
        self.file = WalFile::begin(disk, ring, self.lsn, size_bytes)
            .map_err(|error| self.fatal("create", error))?;
        self.engine.note_wal_file(self.lsn);
        Ok(())
    }

    fn write(&mut self, entries: &[&Queued], sync_follows: bool) -> Result<(), Fatal> {
        let named: Vec<Entry> = entries.iter().map(|entry| entry.entry()).collect();
        let payload: Vec<&[u8]> = entries.iter().map(|entry| entry.batch.as_ref()).collect();
        let held = extents(&named);
        let mut header = RoundHeader {
            run: self.run,
            round: self.round,
            lsn: self.lsn,
            durable_lsn: self.durable_lsn,
            payload_len: payload.iter().map(|batch| batch.len() as u64).sum(),
            payload_crc: payload.iter().fold(0, |crc, batch| append_crc(crc, batch)),
            entries: named,
            previous: self.recent.newest().to_vec(),
        };
        let older = self.recent.older().take(header.spare_extents());
        header.previous.extend(older);
        self.recent.note(held);
        self.roll(header.size_bytes())?;
        // The change of files may have made more durable.
        header.durable_lsn = self.durable_lsn;
        self.file
            .write(&header, &payload, sync_follows)
            .map_err(|error| self.fatal("write", error))?;
        self.named_lsn = self.durable_lsn;
        self.round += 1;
        self.lsn = header.end_lsn();
        self.engine.count_round(header.size_bytes(), entries.len());
        Ok(())
    }

    fn sync(&mut self, now: Instant) -> Result<(), Fatal> {
        self.sync_file()?;
        self.sync_due = None;
        self.follower_due = (self.named_lsn < self.durable_lsn).then(|| {
            now + self
                .engine
                .options
                .follower_delay
                .max(Duration::from_millis(1))
        });
        Ok(())
    }

    fn sync_file(&mut self) -> Result<(), Fatal> {
        self.file
            .sync()
            .map_err(|error| self.fatal("sync", error))?;
        self.durable_lsn = self.lsn;
        self.engine.count_sync();
        Ok(())
    }

    /// Told here and not by the caller: the groups of the round are still alive, so no ticket fails before the handler,
    /// which usually ends the process, has been told.
    fn fatal(&self, action: &'static str, error: std::io::Error) -> Fatal {
        let file = self.file.name();
        let fatal = Fatal {
            action,
            file,
            error,
        };
        self.engine.fail(&fatal);
        fatal
    }
}

/// The checksum of a batch after what `crc` covers. A large batch brings its own along, over all but its first bytes: putting
/// the two together is cheaper than reading it once more.
fn append_crc(crc: u32, batch: &[u8]) -> u32 {
    match record_batch::checksum_of_rest(batch) {
        Some((head, rest_crc)) if batch.len() >= COMBINE_FROM_BYTES => {
            let crc = crc32c::crc32c_append(crc, head);
            crc32c::crc32c_combine(crc, rest_crc, batch.len() - head.len())
        }
        _ => crc32c::crc32c_append(crc, batch),
    }
}

/// Groups that are answered after the write, and those that wait for the sync. A weak group that comes after a Sync one of
/// the same partition waits with it, because the high watermark cannot skip the other.
///
/// Offsets of one partition keep their order: what is answered at once comes before what waits.
fn split(groups: Vec<Group>) -> (Vec<Group>, Vec<Group>) {
    let mut waiting = HashSet::new();
    let (mut at_once, mut after_sync) = (Vec::new(), Vec::new());
    for group in groups {
        let keys = || group.entries.iter().map(|entry| entry.partition.key);
        if group.flush == Flush::Sync || keys().any(|key| waiting.contains(&key)) {
            waiting.extend(keys());
            after_sync.push(group);
        } else {
            at_once.push(group);
        }
    }
    (at_once, after_sync)
}

/// Makes a group visible, then tells its owner: who has the answer finds the records.
fn complete(group: Group, completed: &mut Completed) {
    for entry in group.entries {
        let next_offset = entry.next_offset();
        completed.note(&entry.partition, next_offset, entry.batch.len());
        if entry.kind == Kind::Batch {
            entry.partition.publish(TailBatch {
                base_offset: entry.base_offset,
                next_offset,
                max_timestamp: entry.max_timestamp,
                bytes: entry.batch.clone(),
            });
        }
    }
    if let Some(done) = group.done {
        // The other side may have gone; the batches are there all the same.
        let _ = done.send(());
    }
}

#[cfg(test)]
mod tests {
    use wire::record_batch::BatchBuilder;

    use super::*;

    #[test]
    fn a_checksum_from_parts_is_that_of_all_bytes() {
        for size in [0, 1, COMBINE_FROM_BYTES, COMBINE_FROM_BYTES + 12_345] {
            let mut builder = BatchBuilder::default();
            builder.push(None, Some(&vec![7; size]), 1);
            let mut batch = builder.build();
            record_batch::assign(&mut batch, 77, 5);
            let before = crc32c::crc32c(b"before");
            let read = crc32c::crc32c_append(before, &batch);
            assert_eq!(append_crc(before, &batch), read, "{size} bytes");
        }
        assert_eq!(append_crc(9, b"short"), crc32c::crc32c_append(9, b"short"));
    }
}
