//! Checkpoints: what is written behind becomes durable, a new manifest says so, and only then goes what is no longer needed:
//! files of the shared log, segments that retention or a trim gave up, directories of dropped partitions.

use std::{
    io::{self, IoSlice},
    sync::Arc,
};

use super::{
    Cleaned,
    behind::Behind,
    disk::Disk,
    manifest::{FILE, Manifest, NEW_FILE, PartitionRecord},
    partition::Partition,
    retention,
    segment::{dir_name, file_name},
    threads::is_full,
    wal,
};

/// A new log start offset that no manifest knows yet.
#[derive(Debug)]
pub(super) struct Cut {
    partition: Arc<Partition>,
    start: i64,
    /// Oldest segments that lie wholly below it.
    segments: usize,
}

impl Cut {
    /// Raises the log start of `partition` to `start`.
    fn at(partition: Arc<Partition>, start: i64) -> Self {
        let below = |held: &super::partition::Held| {
            held.segments
                .iter()
                .take_while(|segment| segment.span.next_offset <= start)
                .count()
        };
        let segments = below(&partition.hold());
        Self {
            partition,
            start,
            segments,
        }
    }
}

impl Behind {
    /// Deletes what no policy keeps at `now_ms`.
    ///
    /// On a full disk it goes by what is written already: deleting is what makes room.
    pub(super) fn clean(&mut self, now_ms: i64) -> io::Result<Vec<Cleaned>> {
        match self.write_all() {
            Err(error) if !is_full(&error) => return Err(error),
            _ => {}
        }
        let mut cuts = Vec::new();
        for partition in self.engine.partitions() {
            let expired = {
                let held = partition.hold();
                let spans: Vec<_> = held.segments.iter().map(|segment| segment.span).collect();
                let count = retention::expired(&spans, &held.policy, now_ms);
                count.checked_sub(1).map(|last| spans[last].next_offset)
            };
            cuts.extend(expired.map(|start| Cut::at(partition, start)));
        }
        if cuts.is_empty() {
            return Ok(Vec::new());
        }
        self.checkpoint(&cuts, false)
    }

    /// Raises one log start offset.
    pub(super) fn trim(&mut self, partition: &Arc<Partition>, start: i64) -> io::Result<()> {
        self.write_all()?;
        let cut = Cut::at(Arc::clone(partition), start);
        self.checkpoint(&[cut], false).map(drop)
    }

    /// Takes a checkpoint of everything that is written, with the new log start offsets. `clean` marks an orderly stop.
    pub(super) fn checkpoint(&mut self, cuts: &[Cut], clean: bool) -> io::Result<Vec<Cleaned>> {
        self.sync_files()?;
        let mut dropped = std::mem::take(&mut self.dropped);
        dropped.extend(self.engine.take_dropped());
        let manifest = Manifest {
            run: self.run,
            lsn: self.written_lsn,
            leader_epoch: self.engine.leader_epoch,
            clean,
            partitions: self.records(cuts),
        };
        if let Err(error) = write_manifest(self.engine.disk.as_ref(), &manifest) {
            self.dropped = dropped;
            return Err(error);
        }
        self.checkpoint_lsn = self.written_lsn;
        self.closed = clean;
        self.engine.count_checkpoint();
        let cleaned = cuts.iter().map(|cut| self.apply(cut)).collect();
        for first_lsn in self.engine.take_wal_files_below(self.checkpoint_lsn) {
            remove(self.engine.disk.as_ref(), &wal::file_name(first_lsn));
        }
        for partition in dropped {
            remove_dir(self.engine.disk.as_ref(), &dir_name(partition));
        }
        Ok(cleaned)
    }

    fn records(&self, cuts: &[Cut]) -> Vec<PartitionRecord> {
        let mut records = Vec::new();
        for partition in self.engine.partitions() {
            let cut = cuts.iter().find(|cut| cut.partition.key == partition.key);
            let start = cut.map_or(partition.start(), |cut| cut.start.max(partition.start()));
            let skip = cut.map_or(0, |cut| cut.segments);
            let held = partition.hold();
            if !held.begun {
                continue;
            }
            let ranges = held
                .damage
                .iter()
                .filter(|damage| damage.next_offset > start);
            records.push(PartitionRecord {
                partition: partition.key,
                start,
                end: held.written,
                epochs: held.epochs.entries().to_vec(),
                damage: ranges
                    .map(|damage| (damage.first_offset, damage.next_offset))
                    .collect(),
                segments: held
                    .segments
                    .iter()
                    .skip(skip)
                    .map(|segment| segment.span)
                    .collect(),
            });
        }
        records
    }

    /// The manifest has the new start: readers may see it, and the files may go.
    fn apply(&self, cut: &Cut) -> Cleaned {
        cut.partition.advance_start(cut.start);
        let gone: Vec<_> = cut
            .partition
            .hold()
            .segments
            .drain(..cut.segments)
            .collect();
        for segment in &gone {
            let name = file_name(cut.partition.key, segment.span.base_offset);
            remove(self.engine.disk.as_ref(), &name);
        }
        Cleaned {
            partition: cut.partition.key,
            start: cut.partition.start(),
            freed_bytes: gone.iter().map(|segment| segment.span.size_bytes).sum(),
        }
    }
}

/// Puts a manifest in place of the last one.
pub(super) fn write_manifest(disk: &dyn Disk, manifest: &Manifest) -> io::Result<()> {
    write_whole(disk, NEW_FILE, &manifest.encode())?;
    disk.rename(NEW_FILE, FILE)?;
    disk.sync_dir("")
}

/// A new file with this content, durable but for its name.
pub(super) fn write_whole(disk: &dyn Disk, name: &str, content: &[u8]) -> io::Result<()> {
    let file = disk.create(name)?;
    file.write_all_at(0, &mut [IoSlice::new(content)])?;
    file.sync()
}

/// All bytes of a file; none when it is not there.
pub(super) fn read_whole(disk: &dyn Disk, name: &str) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open(name) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let size_bytes = usize::try_from(file.size_bytes()?).map_err(io::Error::other)?;
    let mut content = vec![0; size_bytes];
    file.read_exact_at(0, &mut content)?;
    Ok(Some(content))
}

/// Removes a file that nothing refers to any more. One that stays costs space until the next start, nothing else.
pub(super) fn remove(disk: &dyn Disk, name: &str) {
    if let Err(error) = disk.remove(name)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, file = name, "remove a file that is no longer needed");
    }
}

/// As [`remove`], for a directory and the files in it.
pub(super) fn remove_dir(disk: &dyn Disk, dir: &str) {
    for name in disk.list(dir).unwrap_or_default() {
        remove(disk, &format!("{dir}/{name}"));
    }
    if let Err(error) = disk.remove_dir(dir)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, dir, "remove a directory that is no longer needed");
    }
}
