//! Look-ups by timestamp. `CreateTime` timestamps are not in order, so they go by running maxima down to the batch, and inside
//! a batch by its records.

use std::{io, sync::Arc};

use bytes::Bytes;
use wire::record_batch::{Batch, BatchHeader};

use super::{
    ReadError, TimedOffset,
    disk::{Disk, DiskFile},
    partition::Partition,
    segment::Walk,
};

/// Records of one batch unfold to this at most.
const INFLATED_MAX_BYTES: usize = 32 << 20;

/// A batch that may hold the answer.
enum Candidate {
    Memory(Bytes),
    File {
        file: Arc<dyn DiskFile>,
        walk_from: u64,
        end: u64,
    },
}

/// The first record at or after `timestamp`.
pub(super) fn find(
    disk: &dyn Disk,
    partition: &Partition,
    timestamp: i64,
) -> Result<Option<TimedOffset>, ReadError> {
    let start = partition.start();
    let reaches =
        |header: &BatchHeader| header.max_timestamp >= timestamp && header.next_offset() > start;
    let pick = |batch: &Batch<'_>| first_at(batch, timestamp, start);
    search(disk, partition, timestamp, &reaches, &pick).map_err(|error| ReadError::Io {
        partition: partition.key,
        error,
    })
}

/// The first record that has the largest timestamp.
pub(super) fn latest(
    disk: &dyn Disk,
    partition: &Partition,
) -> Result<Option<TimedOffset>, ReadError> {
    let start = partition.start();
    let largest = largest(disk, partition, start).map_err(|error| ReadError::Io {
        partition: partition.key,
        error,
    })?;
    let Some(largest) = largest else {
        return Ok(None);
    };
    let reaches =
        |header: &BatchHeader| header.max_timestamp >= largest && header.next_offset() > start;
    let pick = |batch: &Batch<'_>| first_at(batch, largest, start);
    search(disk, partition, largest, &reaches, &pick).map_err(|error| ReadError::Io {
        partition: partition.key,
        error,
    })
}

/// The largest timestamp of all batches that reach above `start`.
fn largest(disk: &dyn Disk, partition: &Partition, start: i64) -> io::Result<Option<i64>> {
    let (cut, others) = {
        let mut held = partition.hold();
        let cut = match held.segments.first_mut() {
            Some(first) if first.span.base_offset < start => {
                Some((first.file(disk, partition.key)?, first.span.size_bytes))
            }
            _ => None,
        };
        let whole = held.segments.iter().skip(usize::from(cut.is_some()));
        let waiting = held
            .tail
            .from(held.written)
            .map(|batch| batch.max_timestamp);
        (
            cut,
            whole
                .map(|segment| segment.span.max_timestamp)
                .chain(waiting)
                .max(),
        )
    };
    let Some((file, end)) = cut else {
        return Ok(others);
    };
    // A trim went through this segment: what it has below the log start does not count.
    let (mut walk, mut largest) = (Walk::new(file, 0, end), others);
    while let Some((_, header)) = walk.next()? {
        if header.next_offset() > start {
            largest = largest.max(Some(header.max_timestamp));
        }
    }
    Ok(largest)
}

/// The answer of the first batch that `reaches` and of which something is picked.
fn search(
    disk: &dyn Disk,
    partition: &Partition,
    timestamp: i64,
    reaches: &dyn Fn(&BatchHeader) -> bool,
    pick: &dyn Fn(&Batch<'_>) -> Option<TimedOffset>,
) -> io::Result<Option<TimedOffset>> {
    for candidate in candidates(disk, partition, timestamp)? {
        match candidate {
            Candidate::Memory(bytes) => {
                let batch = Batch::split(&bytes).ok().map(|(batch, _)| batch);
                let found = batch
                    .filter(|batch| reaches(batch.header()))
                    .and_then(|batch| pick(&batch));
                if found.is_some() {
                    return Ok(found);
                }
            }
            Candidate::File {
                file,
                walk_from,
                end,
            } => {
                let mut walk = Walk::new(Arc::clone(&file), walk_from, end);
                while let Some((position, header)) = walk.next()? {
                    if !reaches(&header) {
                        continue;
                    }
                    let mut bytes = vec![0; header.size_bytes()];
                    file.read_exact_at(position, &mut bytes)?;
                    let found = Batch::split(&bytes)
                        .ok()
                        .and_then(|(batch, _)| pick(&batch));
                    if found.is_some() {
                        return Ok(found);
                    }
                }
            }
        }
    }
    Ok(None)
}

/// Where batches that reach `timestamp` may be, in offset order.
fn candidates(
    disk: &dyn Disk,
    partition: &Partition,
    timestamp: i64,
) -> io::Result<Vec<Candidate>> {
    let mut held = partition.hold();
    let mut candidates = Vec::new();
    for segment in &mut held.segments {
        if segment.span.max_timestamp >= timestamp {
            candidates.push(Candidate::File {
                walk_from: segment
                    .index
                    .as_ref()
                    .map_or(0, |index| index.before_time(timestamp)),
                end: segment.span.size_bytes,
                file: segment.file(disk, partition.key)?,
            });
            // Retention apart, this one has the answer; opening the others would be for nothing.
            if candidates.len() > 1 {
                break;
            }
        }
    }
    let waiting = held
        .tail
        .from(held.written)
        .filter(|batch| batch.max_timestamp >= timestamp);
    candidates.extend(waiting.map(|batch| Candidate::Memory(batch.bytes.clone())));
    Ok(candidates)
}

fn first_at(batch: &Batch<'_>, timestamp: i64, start: i64) -> Option<TimedOffset> {
    let Ok(inflated) = batch.inflate(INFLATED_MAX_BYTES) else {
        return Some(stand_in(batch.header(), timestamp, start));
    };
    for record in batch.records_in(&inflated) {
        match record {
            Ok(record) if record.timestamp >= timestamp && record.offset >= start => {
                return Some(TimedOffset {
                    offset: record.offset,
                    timestamp: record.timestamp,
                });
            }
            Ok(_) => {}
            Err(_) => return Some(stand_in(batch.header(), timestamp, start)),
        }
    }
    None
}

/// For a batch whose records cannot be read: its first one, so that no record is missed.
fn stand_in(header: &BatchHeader, timestamp: i64, start: i64) -> TimedOffset {
    let timestamp = header
        .base_timestamp
        .max(timestamp)
        .min(header.max_timestamp);
    TimedOffset {
        offset: header.base_offset.max(start),
        timestamp,
    }
}
