//! Verifies a segment against its checksums: once, before anything of it is read for the first time since the start. What
//! does not fit is named as damage and answered as such; what lies before and after stays readable. Files that this run
//! wrote itself need none of it.
//!
//! Bounded: one window of the file and its index are held in memory.

use std::{io, sync::Arc};

use wire::record_batch::{Batch, BatchHeader, HEADER_LEN};

use super::{
    Damage, PartitionKey,
    disk::{Disk, DiskFile},
    index::Index,
    indexes::is_same,
    partition::Partition,
    retention::Span,
    segment::file_name,
};

/// Read at once.
const WINDOW_BYTES: usize = 1 << 20;

/// What a whole look at a segment found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verified {
    /// Of the batches that are good.
    pub(super) index: Index,
    /// First offset lost, and offset after the last one lost; in order.
    pub(super) damage: Vec<(i64, i64)>,
}

/// Verifies the segment that contains `offset`, unless that is done. Blocks on disk.
pub(super) fn verify_at(disk: &dyn Disk, partition: &Partition, offset: i64) -> io::Result<()> {
    let span = {
        let held = partition.hold();
        let place = held
            .segments
            .partition_point(|segment| segment.span.next_offset <= offset);
        match held.segments.get(place) {
            Some(segment) => segment.span,
            None => return Ok(()),
        }
    };
    verify(disk, partition, &span)
}

/// Verifies one segment, unless that is done or the partition has it no more. Blocks on disk.
pub(super) fn verify(disk: &dyn Disk, partition: &Partition, span: &Span) -> io::Result<()> {
    let (span, file) = {
        let mut held = partition.hold();
        let mut segments = held.segments.iter_mut();
        match segments.find(|segment| is_same(&segment.span, span)) {
            Some(segment) if !segment.verified => (segment.span, segment.file(disk, partition.key)),
            _ => return Ok(()),
        }
    };
    let verified = match file {
        Ok(file) => segment(&file, &span)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Verified {
            damage: vec![(span.base_offset, span.next_offset)],
            ..Verified::default()
        },
        Err(error) => return Err(error),
    };
    keep(partition, &span, verified);
    Ok(())
}

fn keep(partition: &Partition, span: &Span, verified: Verified) {
    let start = partition.start();
    let mut held = partition.hold();
    let mut segments = held.segments.iter_mut();
    let same = segments.find(|segment| is_same(&segment.span, span));
    let Some(segment) = same else {
        // Retention took it, or compaction wrote it anew.
        return;
    };
    segment.verified = true;
    segment.index.get_or_insert(verified.index);
    for (first_offset, next_offset) in verified.damage {
        let damage = Damage {
            partition: partition.key,
            first_offset,
            next_offset,
        };
        let is_known = held.damage.iter().any(|known| covers(known, &damage));
        if is_known || next_offset <= start {
            continue;
        }
        report(partition.key, span, &damage);
        held.damage.push(damage);
        held.damage.sort_by_key(|damage| damage.first_offset);
    }
}

fn covers(known: &Damage, found: &Damage) -> bool {
    known.first_offset <= found.first_offset && found.next_offset <= known.next_offset
}

fn report(key: PartitionKey, span: &Span, damage: &Damage) {
    tracing::error!(
        topic = %key.topic,
        partition = key.partition,
        first_offset = damage.first_offset,
        last_offset = damage.next_offset - 1,
        file = file_name(key, span),
        "acknowledged records are damaged on disk; reads of them answer CORRUPT_MESSAGE",
    );
}

/// Reads a segment to its end.
pub(super) fn segment(file: &Arc<dyn DiskFile>, span: &Span) -> io::Result<Verified> {
    let size_bytes = file.size_bytes()?.min(span.size_bytes);
    let mut reader = Reader {
        file,
        span,
        end: size_bytes,
        window: Vec::new(),
        window_at: 0,
    };
    let mut verified = Verified::default();
    let (mut position, mut expected) = (0, span.base_offset);
    while position < size_bytes {
        let header = reader.good_batch(position, expected)?;
        // Compaction leaves gaps, and nothing else does.
        let follows = |header: &BatchHeader| header.base_offset == expected || span.revision > 0;
        if let Some(header) = header.filter(follows) {
            let index = &mut verified.index;
            index.note(header.base_offset, position, header.max_timestamp);
            position += header.size_bytes() as u64;
            expected = header.next_offset();
            continue;
        }
        let Some((found, header)) = reader.next_good(position, expected)? else {
            break;
        };
        verified.damage.push((expected, header.base_offset));
        // A walk that begins before the damage never comes out of it.
        verified.index.resume(header.base_offset, found);
        (position, expected) = (found, header.base_offset);
    }
    let cut = position < size_bytes || size_bytes < span.size_bytes || span.revision == 0;
    if cut && expected < span.next_offset {
        verified.damage.push((expected, span.next_offset));
    }
    Ok(verified)
}

/// A window on the file.
struct Reader<'a> {
    file: &'a Arc<dyn DiskFile>,
    span: &'a Span,
    end: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl Reader<'_> {
    /// The batch that begins at `position`, if one does that is whole and can hold `expected` or later offsets.
    fn good_batch(&mut self, position: u64, expected: i64) -> io::Result<Option<BatchHeader>> {
        let Some(header) = self.header(position, expected)? else {
            return Ok(None);
        };
        let bytes = self.bytes(position, header.size_bytes())?;
        let good = Batch::split(bytes).and_then(|(batch, _)| batch.verify());
        Ok(good.is_ok().then_some(header))
    }

    /// The first good batch behind the one that is expected at `position`.
    fn next_good(
        &mut self,
        position: u64,
        expected: i64,
    ) -> io::Result<Option<(u64, BatchHeader)>> {
        // Where only its records are damaged, its length says where the next one is: their bytes may look like batches.
        let claimed = self.header(position, expected)?;
        let behind = claimed.map(|header| position + header.size_bytes() as u64);
        let candidates = behind.into_iter().chain(position + 1..self.end);
        for candidate in candidates {
            if let Some(header) = self.good_batch(candidate, expected)? {
                return Ok(Some((candidate, header)));
            }
        }
        Ok(None)
    }

    fn header(&mut self, position: u64, expected: i64) -> io::Result<Option<BatchHeader>> {
        let left = self.end.saturating_sub(position);
        if left < HEADER_LEN as u64 {
            return Ok(None);
        }
        let last = self.span.next_offset;
        let header = BatchHeader::parse(self.bytes(position, HEADER_LEN)?).ok();
        Ok(header.filter(|header| {
            header.size_bytes() as u64 <= left
                && header.base_offset >= expected
                && header.last_offset_delta >= 0
                && header.next_offset() <= last
        }))
    }

    /// Bytes within the end of the file.
    fn bytes(&mut self, position: u64, count: usize) -> io::Result<&[u8]> {
        let held = self.window_at..self.window_at + self.window.len() as u64;
        if position < held.start || position + count as u64 > held.end {
            let left = usize::try_from(self.end - position).unwrap_or(usize::MAX);
            self.window.resize(left.min(WINDOW_BYTES.max(count)), 0);
            self.file.read_exact_at(position, &mut self.window)?;
            self.window_at = position;
        }
        let from = usize::try_from(position - self.window_at).map_err(io::Error::other)?;
        Ok(&self.window[from..from + count])
    }
}
