//! Indexes of closed segments, kept beside them: a reader that comes after a start need not walk over whole files. They may
//! be lost without harm.

use std::{
    io::{self, IoSlice},
    sync::Arc,
};

use super::{
    PartitionKey,
    checkpoint::read_whole,
    disk::{Disk, DiskFile},
    index::Index,
    partition::Partition,
    retention::Span,
    segment::{build_index, file_name},
};

/// File of the index of a segment.
pub(super) fn index_name(partition: PartitionKey, span: &Span) -> String {
    let segment = file_name(partition, span);
    format!("{}.index", segment.strip_suffix(".log").unwrap_or(&segment))
}

/// Keeps the index of a closed segment beside it, and forgets it in memory: the next look-up reads it back. A segment that is
/// gone, or has no index, has nothing to keep.
pub(super) fn save(disk: &dyn Disk, partition: &Partition, closed: &Span) -> io::Result<()> {
    let (bytes, span) = {
        let held = partition.hold();
        let same = held
            .segments
            .iter()
            .find(|segment| is_same(&segment.span, closed));
        let Some((index, span)) =
            same.and_then(|segment| Some((segment.index.as_ref()?, segment.span)))
        else {
            return Ok(());
        };
        (index.encode(span.size_bytes), span)
    };
    let file = disk.create(&index_name(partition.key, &span))?;
    // Not synced: its checksum tells whether it came through.
    file.write_all_at(0, &mut [IoSlice::new(&bytes)])?;
    let mut held = partition.hold();
    let same = held
        .segments
        .iter_mut()
        .find(|segment| is_same(&segment.span, closed));
    if let Some(segment) = same {
        segment.index = None;
    }
    Ok(())
}

/// Whether both are of one file, however much it has grown.
pub(super) fn is_same(left: &Span, right: &Span) -> bool {
    (left.base_offset, left.revision) == (right.base_offset, right.revision)
}

/// The index of a segment: as it was kept, else made again from the segment.
pub(super) fn load(
    disk: &dyn Disk,
    partition: PartitionKey,
    span: &Span,
    file: &Arc<dyn DiskFile>,
) -> io::Result<Index> {
    let kept = read_whole(disk, &index_name(partition, span))
        .ok()
        .flatten()
        .and_then(|bytes| Index::decode(&bytes, span.size_bytes));
    match kept {
        Some(index) => Ok(index),
        None => build_index(Arc::clone(file), span.size_bytes),
    }
}
