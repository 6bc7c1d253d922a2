//! Every batch of a partition in order, for the floors above: they rebuild their state from it.

use std::{io, sync::Arc};

use bytes::Bytes;
use wire::record_batch::BatchHeader;

use super::{
    Detail, ReadBounds, ReadError, Replayed, Slice, disk::Disk, partition::Partition, reading,
    segment::Walk, verify,
};

/// Read at once.
const STEP_BYTES: usize = 8 << 20;

/// Gives `each` the batches from `from` on, up to the high watermark as it is now.
pub(super) fn replay(
    disk: &dyn Disk,
    partition: &Partition,
    from: i64,
    detail: Detail,
    each: &mut dyn FnMut(Replayed),
) -> Result<(), ReadError> {
    let end = partition.offsets().high_watermark;
    let mut offset = from.max(partition.start());
    while offset < end {
        let bounds = ReadBounds {
            max_bytes: STEP_BYTES,
            memory_bytes: usize::MAX,
            at_least_one: true,
            below: Some(end),
        };
        let slices = match reading::read(disk, partition, offset, bounds) {
            Ok(slices) => slices,
            Err(ReadError::Corrupt(damage)) => {
                offset = damage.next_offset;
                continue;
            }
            Err(ReadError::Unverified {
                partition: key,
                offset,
            }) => {
                verify::verify(disk, partition, offset).map_err(|error| ReadError::Io {
                    partition: key,
                    error,
                })?;
                continue;
            }
            // Retention went on meanwhile.
            Err(ReadError::OutOfRange { start, .. }) if start > offset => {
                offset = start;
                continue;
            }
            Err(error) => return Err(error),
        };
        let before = offset;
        for part in slices.parts() {
            let last = replay_part(part, detail, each).map_err(|error| ReadError::Io {
                partition: partition.key,
                error,
            })?;
            offset = last.map_or(offset, |header| header.next_offset());
        }
        if offset == before {
            break;
        }
    }
    Ok(())
}

fn replay_part(
    part: &Slice,
    detail: Detail,
    each: &mut dyn FnMut(Replayed),
) -> io::Result<Option<BatchHeader>> {
    let mut last = None;
    match part {
        Slice::Memory(bytes) => {
            let mut at = 0;
            for batch in wire::record_batch::batches(bytes) {
                let batch =
                    batch.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                let end = at + batch.bytes().len();
                let bytes = match detail {
                    Detail::Headers => Bytes::new(),
                    Detail::Batches => bytes.slice(at..end),
                };
                last = Some(*batch.header());
                each(Replayed {
                    header: *batch.header(),
                    bytes,
                });
                at = end;
            }
        }
        Slice::File(range) => {
            let end = range.position + range.size_bytes as u64;
            let mut walk = Walk::new(Arc::clone(&range.file), range.position, end);
            while let Some((position, header)) = walk.next()? {
                let mut bytes = Vec::new();
                if detail == Detail::Batches {
                    bytes.resize(header.size_bytes(), 0);
                    range.file.read_exact_at(position, &mut bytes)?;
                }
                last = Some(header);
                each(Replayed {
                    header,
                    bytes: Bytes::from(bytes),
                });
            }
        }
    }
    Ok(last)
}
