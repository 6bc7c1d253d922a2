//! Partitions as the manifest describes them, compared with the files that are there.

use std::{collections::BTreeSet, io, sync::Arc};

use super::super::{
    Damage,
    checkpoint::remove,
    disk::Disk,
    epochs::Epochs,
    indexes::index_name,
    manifest::PartitionRecord,
    partition::Partition,
    retention::Span,
    segment::{Segment, Walk, dir_name, file_name},
};

/// The partition of `record`. Segments that are missing or too short are damage, and so named.
pub(super) fn load(disk: &dyn Disk, record: &PartitionRecord) -> io::Result<Arc<Partition>> {
    let mut damage: Vec<Damage> = record.damage().collect();
    let mut spans = Vec::new();
    let present = present(disk, record)?;
    for (place, span) in record.segments.iter().enumerate() {
        let name = file_name(record.partition, span);
        let is_last = place + 1 == record.segments.len();
        let kept = match (present.contains(&name), is_last) {
            (false, _) => None,
            // Only the newest is measured: a start must not depend on the number of files.
            (true, true) => readable(disk, &name, span)?,
            (true, false) => Some(*span),
        };
        let readable_to = kept.map_or(span.base_offset, |span| span.next_offset);
        if readable_to < span.next_offset {
            damage.push(Damage {
                partition: record.partition,
                first_offset: readable_to,
                next_offset: span.next_offset,
            });
        }
        spans.extend(kept);
    }
    damage.sort_by_key(|damage| damage.first_offset);
    let lost_to = damage.last().map_or(0, |damage| damage.next_offset);
    let end = record.end.max(lost_to).max(record.start);
    let partition = Partition::new(record.partition, record.start, end);
    {
        let mut held = partition.hold();
        held.epochs = Epochs::new(record.epochs.clone());
        held.segments = spans.into_iter().map(Segment::known).collect();
        held.damage = damage;
        held.cleaned_to = record.cleaned_to;
        held.begun = true;
    }
    Ok(Arc::new(partition))
}

fn present(disk: &dyn Disk, record: &PartitionRecord) -> io::Result<BTreeSet<String>> {
    let dir = dir_name(record.partition);
    match disk.list(&dir) {
        Ok(names) => Ok(names
            .into_iter()
            .map(|name| format!("{dir}/{name}"))
            .collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}

/// The part of a segment that is there: all of it, or whole batches from its start.
fn readable(disk: &dyn Disk, name: &str, span: &Span) -> io::Result<Option<Span>> {
    let file = disk.open(name)?;
    let size_bytes = file.size_bytes()?;
    if size_bytes >= span.size_bytes {
        return Ok(Some(*span));
    }
    let mut kept = Span {
        next_offset: span.base_offset,
        size_bytes: 0,
        ..*span
    };
    let mut walk = Walk::new(file, 0, size_bytes);
    while let Ok(Some((position, header))) = walk.next() {
        kept.next_offset = header.next_offset();
        kept.size_bytes = position + header.size_bytes() as u64;
    }
    Ok((kept.size_bytes > 0).then_some(kept))
}

/// Cuts what the checkpoint does not cover off a partition's files: it is in the shared log and is written again.
pub(super) fn cut_back(disk: &dyn Disk, record: &PartitionRecord) -> io::Result<()> {
    for name in present(disk, record)? {
        let known = |span: &&Span| file_name(record.partition, span) == name;
        match record.segments.iter().find(known) {
            Some(span) => {
                let file = disk.open(&name)?;
                if file.size_bytes()? > span.size_bytes {
                    file.resize(span.size_bytes)?;
                    // It was made for the longer file.
                    remove(disk, &index_name(record.partition, span));
                }
            }
            None if is_index(record, &name) => {}
            None => disk.remove(&name)?,
        }
    }
    Ok(())
}

/// An index that belongs to a segment; it says itself what it is worth.
fn is_index(record: &PartitionRecord, name: &str) -> bool {
    let mut indexes = record
        .segments
        .iter()
        .map(|span| index_name(record.partition, span));
    indexes.any(|index| index == name)
}
