//! Look-ups by timestamp. `CreateTime` timestamps are not in order, so they go by running maxima down to the batch, and inside
//! a batch by its records.

use std::{io, sync::Arc};

use bytes::Bytes;
use wire::record_batch::{Batch, BatchHeader};

use super::{
    ReadError, TimedOffset,
    disk::{Disk, DiskFile},
    partition::{Held, Partition},
    retention::Span,
    segment::Walk,
    verify::verify,
};

/// A batch that may hold the answer.
enum Candidate {
    Memory(Bytes),
    File {
        file: Arc<dyn DiskFile>,
        walk_from: u64,
        span: Span,
    },
}

/// The first record at or after `timestamp`.
pub(super) fn find(
    disk: &dyn Disk,
    partition: &Partition,
    timestamp: i64,
    unfolded_bytes: usize,
) -> Result<Option<TimedOffset>, ReadError> {
    let start = partition.start();
    let reaches =
        |header: &BatchHeader| header.max_timestamp >= timestamp && header.next_offset() > start;
    let pick = |batch: &Batch<'_>| first_at(batch, timestamp, start, unfolded_bytes);
    search(disk, partition, timestamp, &reaches, &pick)
}

/// The first record that has the largest timestamp.
pub(super) fn latest(
    disk: &dyn Disk,
    partition: &Partition,
    unfolded_bytes: usize,
) -> Result<Option<TimedOffset>, ReadError> {
    let start = partition.start();
    let largest = largest(disk, partition, start)?;
    let Some(largest) = largest else {
        return Ok(None);
    };
    let reaches =
        |header: &BatchHeader| header.max_timestamp >= largest && header.next_offset() > start;
    let pick = |batch: &Batch<'_>| first_at(batch, largest, start, unfolded_bytes);
    search(disk, partition, largest, &reaches, &pick)
}

/// The largest timestamp of all batches that reach above `start`.
fn largest(disk: &dyn Disk, partition: &Partition, start: i64) -> Result<Option<i64>, ReadError> {
    let (cut, others) = {
        let mut held = partition.hold();
        let cut = match held.segments.first_mut() {
            Some(first) if first.span.base_offset < start => {
                Some((first.file(disk, partition.key), first.span))
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
    let Some((file, span)) = cut else {
        return Ok(others);
    };
    // A trim went through this segment: what it has below the log start does not count.
    let above = || {
        verify(disk, partition, &span)?;
        let (mut walk, mut largest) = (Walk::new(file?, 0, span.size_bytes), others);
        while let Some((_, header)) = walk.next()? {
            if header.next_offset() > start {
                largest = largest.max(Some(header.max_timestamp));
            }
        }
        Ok(largest)
    };
    above().map_err(|error| unreadable(partition, &span, error))
}

/// The answer of the first batch that `reaches` and of which something is picked.
fn search(
    disk: &dyn Disk,
    partition: &Partition,
    timestamp: i64,
    reaches: &dyn Fn(&BatchHeader) -> bool,
    pick: &dyn Fn(&Batch<'_>) -> Option<TimedOffset>,
) -> Result<Option<TimedOffset>, ReadError> {
    for candidate in candidates(disk, partition, timestamp)? {
        let found = match candidate {
            Candidate::Memory(bytes) => {
                let batch = Batch::split(&bytes).ok().map(|(batch, _)| batch);
                batch
                    .filter(|batch| reaches(batch.header()))
                    .and_then(|batch| pick(&batch))
            }
            Candidate::File {
                file,
                walk_from,
                span,
            } => {
                let walk = Walk::new(Arc::clone(&file), walk_from, span.size_bytes);
                let found = in_file(&file, walk, reaches, pick)
                    .map_err(|error| unreadable(partition, &span, error))?;
                if let Some((base_offset, _)) = found
                    && let Some(damage) = partition.hold().damage_before(base_offset)
                {
                    // Nothing good between the two says that the damaged records are older.
                    return Err(ReadError::Corrupt(damage));
                }
                found.map(|(_, found)| found)
            }
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The answer, and the base offset of its batch.
fn in_file(
    file: &Arc<dyn DiskFile>,
    mut walk: Walk,
    reaches: &dyn Fn(&BatchHeader) -> bool,
    pick: &dyn Fn(&Batch<'_>) -> Option<TimedOffset>,
) -> io::Result<Option<(i64, TimedOffset)>> {
    while let Some((position, header)) = walk.next()? {
        if !reaches(&header) {
            continue;
        }
        let mut bytes = vec![0; header.size_bytes()];
        file.read_exact_at(position, &mut bytes)?;
        let found = Batch::split(&bytes)
            .ok()
            .and_then(|(batch, _)| pick(&batch));
        if let Some(found) = found {
            return Ok(Some((header.base_offset, found)));
        }
    }
    Ok(None)
}

fn unreadable(partition: &Partition, span: &Span, error: io::Error) -> ReadError {
    unreadable_in(&partition.hold(), partition, span, error)
}

/// Damage is in the way of the answer, if there is some in the segment.
fn unreadable_in(held: &Held, partition: &Partition, span: &Span, error: io::Error) -> ReadError {
    let mut damage = held.damage.iter();
    let inside = damage.find(|damage| {
        damage.first_offset < span.next_offset && damage.next_offset > span.base_offset
    });
    match inside {
        Some(damage) => ReadError::Corrupt(*damage),
        None => ReadError::Io {
            partition: partition.key,
            error,
        },
    }
}

/// Where batches that reach `timestamp` may be, in offset order.
fn candidates(
    disk: &dyn Disk,
    partition: &Partition,
    timestamp: i64,
) -> Result<Vec<Candidate>, ReadError> {
    loop {
        let unverified = {
            let mut held = partition.hold();
            let mut reaching = held
                .segments
                .iter()
                .filter(|one| reaches(&one.span, timestamp));
            let unverified = reaching.by_ref().take(FILES).find(|one| !one.trust.holds());
            match unverified.map(|one| one.span) {
                Some(span) => span,
                None => return gather(disk, partition, &mut held, timestamp),
            }
        };
        verify(disk, partition, &unverified)
            .map_err(|error| unreadable(partition, &unverified, error))?;
    }
}

/// Retention apart, the first of them has the answer; opening more than one other would be for nothing.
const FILES: usize = 2;

fn reaches(span: &Span, timestamp: i64) -> bool {
    span.max_timestamp >= timestamp
}

fn gather(
    disk: &dyn Disk,
    partition: &Partition,
    held: &mut Held,
    timestamp: i64,
) -> Result<Vec<Candidate>, ReadError> {
    let mut candidates = Vec::new();
    let mut failed = None;
    let segments = held.segments.iter_mut();
    for segment in segments
        .filter(|one| reaches(&one.span, timestamp))
        .take(FILES)
    {
        let walk_from = segment
            .index
            .as_ref()
            .map_or(0, |index| index.before_time(timestamp));
        match segment.file(disk, partition.key) {
            Ok(file) => candidates.push(Candidate::File {
                file,
                walk_from,
                span: segment.span,
            }),
            Err(error) => failed = Some((segment.span, error)),
        }
    }
    if let Some((span, error)) = failed {
        return Err(unreadable_in(held, partition, &span, error));
    }
    let waiting = held
        .tail
        .from(held.written)
        .filter(|batch| batch.max_timestamp >= timestamp);
    candidates.extend(waiting.map(|batch| Candidate::Memory(batch.bytes.clone())));
    Ok(candidates)
}

fn first_at(
    batch: &Batch<'_>,
    timestamp: i64,
    start: i64,
    unfolded_bytes: usize,
) -> Option<TimedOffset> {
    let Ok(inflated) = batch.inflate(unfolded_bytes) else {
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
