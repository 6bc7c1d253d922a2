//! Checkpoints: what is written behind becomes durable, a new manifest says so, and only then goes what is no longer needed:
//! files of the shared log, segments that retention, a trim or compaction gave up, directories of dropped partitions.

use std::{
    io::{self, IoSlice},
    sync::Arc,
};

use super::{
    Cleaned,
    behind::Behind,
    compact::Compacted,
    disk::Disk,
    indexes,
    manifest::{FILE, Manifest, NEW_FILE, PartitionRecord},
    partition::Partition,
    queue::Target,
    retention,
    segment::{Segment, dir_name, file_name},
    threads::is_full,
    wal,
};

/// What becomes of a partition's oldest segments, before any manifest knows it.
#[derive(Debug)]
pub(super) struct Change {
    partition: Arc<Partition>,
    /// Its log start from then on.
    start: i64,
    /// So many of its oldest segments go.
    gone: usize,
    /// What comes in their place.
    put: Vec<Segment>,
    /// Everything below it is compacted from then on.
    cleaned_to: i64,
}

impl Change {
    /// Raises the log start of `partition` to `start`.
    fn trim(partition: Arc<Partition>, start: i64) -> Self {
        let (gone, cleaned_to) = {
            let held = partition.hold();
            let below = |segment: &&Segment| segment.span.next_offset <= start;
            let gone = held.segments.iter().take_while(below).count();
            (gone, held.cleaned_to)
        };
        Self {
            partition,
            start,
            gone,
            put: Vec::new(),
            cleaned_to,
        }
    }

    /// Puts compacted segments in place of those that they were made from.
    fn replace(partition: &Arc<Partition>, compacted: Compacted) -> Self {
        Self {
            partition: Arc::clone(partition),
            start: partition.start(),
            gone: compacted.sources.len(),
            put: compacted.segments,
            cleaned_to: compacted.cleaned_to,
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
        let mut changes = Vec::new();
        for partition in self.engine.partitions() {
            let expired = {
                let held = partition.hold();
                let spans: Vec<_> = held.segments.iter().map(|segment| segment.span).collect();
                let count = retention::expired(&spans, &held.policy, now_ms);
                count.checked_sub(1).map(|last| spans[last].next_offset)
            };
            changes.extend(expired.map(|start| Change::trim(partition, start)));
        }
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        self.checkpoint(changes, false)
    }

    /// Raises one log start offset. On a full disk, as far as what is written goes.
    pub(super) fn trim(&mut self, partition: &Arc<Partition>, start: i64) -> io::Result<()> {
        match self.write_all() {
            Err(error) if !is_full(&error) => return Err(error),
            _ => {}
        }
        let (written, next_offset) = {
            let held = partition.hold();
            (held.written, held.high_watermark)
        };
        // What can be seen may not be queued yet. A recovery that finds a start inside a batch that is in no file would look for
        // a batch that begins there.
        if start > written {
            self.write_partition(&Target {
                partition: Arc::clone(partition),
                next_offset,
            })?;
        }
        let change = Change::trim(Arc::clone(partition), start);
        self.checkpoint(vec![change], false).map(drop)
    }

    /// Puts compacted segments in their place; none when the segments they were made from are not all there any more.
    pub(super) fn replace(
        &mut self,
        partition: &Arc<Partition>,
        compacted: Compacted,
    ) -> io::Result<Option<Cleaned>> {
        let is_as_it_was = {
            let held = partition.hold();
            let spans = held.segments.iter().map(|segment| segment.span);
            !held.is_retired()
                && spans
                    .take(compacted.sources.len())
                    .eq(compacted.sources.iter().copied())
        };
        if !is_as_it_was {
            for name in compacted.names(partition.key) {
                remove(self.engine.disk.as_ref(), &name);
            }
            return Ok(None);
        }
        let names = compacted.names(partition.key);
        let change = Change::replace(partition, compacted);
        match self.checkpoint(vec![change], false) {
            Ok(mut cleaned) => Ok(cleaned.pop()),
            Err(error) => {
                // The disk may be full. But a manifest that took its name before the fault came counts at the next start.
                let disk = self.engine.disk.as_ref();
                if !is_any_named(disk, &names) {
                    for name in &names {
                        remove(disk, name);
                    }
                }
                Err(error)
            }
        }
    }

    /// Takes a checkpoint of everything that is written, with the changes. `clean` marks an orderly stop.
    pub(super) fn checkpoint(
        &mut self,
        changes: Vec<Change>,
        clean: bool,
    ) -> io::Result<Vec<Cleaned>> {
        self.sync_files()?;
        let mut dropped = std::mem::take(&mut self.dropped);
        dropped.extend(self.engine.take_dropped());
        let manifest = Manifest {
            run: self.run,
            lsn: self.written_lsn,
            leader_epoch: self.engine.leader_epoch,
            clean,
            partitions: self.records(&changes),
        };
        if let Err(error) = write_manifest(self.engine.disk.as_ref(), &manifest) {
            self.dropped = dropped;
            return Err(error);
        }
        self.checkpoint_lsn = self.written_lsn;
        self.closed = clean;
        self.engine.count_checkpoint();
        for change in &changes {
            let put = change.put.iter().map(|segment| segment.span);
            let put = put.map(|span| (Arc::clone(&change.partition), span));
            self.closed_segments.extend(put);
        }
        let cleaned = changes
            .into_iter()
            .map(|change| self.apply(change))
            .collect();
        self.keep_indexes();
        for first_lsn in self.engine.take_wal_files_below(self.checkpoint_lsn) {
            let disk = self.engine.disk.as_ref();
            let name = wal::file_name(first_lsn);
            if self.engine.has_room_for_ring() {
                self.engine.ring.fill_up(disk, &name);
            }
            self.engine.ring.give(disk, &name);
        }
        for partition in dropped {
            remove_dir(self.engine.disk.as_ref(), &dir_name(partition));
        }
        Ok(cleaned)
    }

    /// After the manifest: indexes are only worth their room while there is some.
    fn keep_indexes(&mut self) {
        for (partition, span) in std::mem::take(&mut self.closed_segments) {
            if let Err(error) = indexes::save(self.engine.disk.as_ref(), &partition, &span) {
                tracing::debug!(%error, partition = %partition.key, "keep the index of a segment");
            }
        }
    }

    fn records(&self, changes: &[Change]) -> Vec<PartitionRecord> {
        let mut records = Vec::new();
        for partition in self.engine.partitions() {
            let change = changes
                .iter()
                .find(|change| change.partition.key == partition.key);
            let start = change.map_or(partition.start(), |change| {
                change.start.max(partition.start())
            });
            let held = partition.hold();
            if !held.begun {
                continue;
            }
            let ranges = held
                .damage
                .iter()
                .filter(|damage| damage.next_offset > start);
            let put = change.map_or(&[][..], |change| &change.put);
            let kept = held
                .segments
                .iter()
                .skip(change.map_or(0, |change| change.gone));
            records.push(PartitionRecord {
                partition: partition.key,
                start,
                end: held.written,
                cleaned_to: change.map_or(held.cleaned_to, |change| change.cleaned_to),
                epochs: held.epochs.entries().to_vec(),
                damage: ranges
                    .map(|damage| (damage.first_offset, damage.next_offset))
                    .collect(),
                segments: put.iter().chain(kept).map(|segment| segment.span).collect(),
            });
        }
        records
    }

    /// The manifest has the change: readers may see it, and the files may go.
    fn apply(&self, change: Change) -> Cleaned {
        let partition = change.partition;
        partition.advance_start(change.start);
        let put_bytes: u64 = change
            .put
            .iter()
            .map(|segment| segment.span.size_bytes)
            .sum();
        let gone: Vec<_> = {
            let mut held = partition.hold();
            if held.cleaned_to < change.cleaned_to {
                held.cleaned_to = change.cleaned_to;
                // Readers find what was compacted in the segments, not as it was in memory.
                held.tail.forget_below(change.cleaned_to);
            }
            held.segments.splice(..change.gone, change.put).collect()
        };
        for segment in &gone {
            let disk = self.engine.disk.as_ref();
            remove(disk, &file_name(partition.key, &segment.span));
            remove(disk, &indexes::index_name(partition.key, &segment.span));
        }
        let gone_bytes: u64 = gone.iter().map(|segment| segment.span.size_bytes).sum();
        Cleaned {
            partition: partition.key,
            start: partition.start(),
            freed_bytes: gone_bytes.saturating_sub(put_bytes),
        }
    }
}

/// Whether the manifest on disk names any of these files as segments; one that cannot be read may.
pub(super) fn is_any_named(disk: &dyn Disk, names: &[String]) -> bool {
    let content = read_whole(disk, FILE).ok().flatten();
    let Some(manifest) = content.and_then(|content| Manifest::decode(&content)) else {
        return true;
    };
    let mut segments = manifest.partitions.iter().flat_map(|record| {
        let name = |span| file_name(record.partition, span);
        record.segments.iter().map(name)
    });
    segments.any(|segment| names.contains(&segment))
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
