//! Verifies a segment against its checksums: once, before anything of it is read for the first time since the start. What
//! does not fit is named as damage and answered as such; what lies before and after stays readable. Files that this run
//! wrote itself need none of it, unless bytes of them can no longer be read.
//!
//! Bounded: one window of the file and its index are held in memory.

use std::{io, ops::Range, sync::Arc};

use wire::record_batch::{Batch, BatchHeader, HEADER_LEN};

use super::{
    Damage, PartitionKey,
    disk::{Disk, DiskFile, is_unreadable},
    index::Index,
    indexes::is_same,
    partition::Partition,
    retention::Span,
    segment::file_name,
};

/// Read at once.
const WINDOW_BYTES: usize = 1 << 20;
/// Read at once around what cannot be read: the system's pages are no smaller.
const BLOCK_BYTES: u64 = 4096;

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
            Some(segment) if !segment.trust.holds() => {
                (segment.span, segment.file(disk, partition.key))
            }
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
    segment.trust.gain();
    // One that knows of no damage leads walks into it.
    if segment.index.is_none() || !verified.damage.is_empty() {
        let mut index = verified.index;
        if let Some(newer) = &segment.index {
            index.go_on_with(newer, span.size_bytes);
        }
        segment.index = Some(index);
    }
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
        unreadable: Vec::new(),
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
    /// The parts of the window that cannot be read.
    unreadable: Vec<Range<u64>>,
}

impl Reader<'_> {
    /// The batch that begins at `position`, if one does that is whole and can hold `expected` or later offsets.
    fn good_batch(&mut self, position: u64, expected: i64) -> io::Result<Option<BatchHeader>> {
        let Some(header) = self.header(position, expected)? else {
            return Ok(None);
        };
        let Some(bytes) = self.bytes(position, header.size_bytes())? else {
            return Ok(None);
        };
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
        let bytes = self.bytes(position, HEADER_LEN)?;
        let header = bytes.and_then(|bytes| BatchHeader::parse(bytes).ok());
        Ok(header.filter(|header| {
            header.size_bytes() as u64 <= left
                && header.base_offset >= expected
                && header.last_offset_delta >= 0
                && header.next_offset() <= last
        }))
    }

    /// Bytes within the end of the file. None where the disk cannot read them.
    fn bytes(&mut self, position: u64, count: usize) -> io::Result<Option<&[u8]>> {
        let wanted = position..position + count as u64;
        let held = self.window_at..self.window_at + self.window.len() as u64;
        if position < held.start || wanted.end > held.end {
            let left = usize::try_from(self.end - position).unwrap_or(usize::MAX);
            self.window.resize(left.min(WINDOW_BYTES.max(count)), 0);
            self.window_at = position;
            self.unreadable.clear();
            match self.file.read_exact_at(position, &mut self.window) {
                Err(error) if is_unreadable(&error) => self.read_in_blocks()?,
                read => read?,
            }
        }
        let mut unreadable = self.unreadable.iter();
        if unreadable.any(|lost| lost.start < wanted.end && wanted.start < lost.end) {
            return Ok(None);
        }
        let from = usize::try_from(position - self.window_at).map_err(io::Error::other)?;
        Ok(Some(&self.window[from..from + count]))
    }

    /// Fills the window with what can be read of it, and notes what cannot.
    fn read_in_blocks(&mut self) -> io::Result<()> {
        let mut at = self.window_at;
        let mut rest = self.window.as_mut_slice();
        while !rest.is_empty() {
            let to_block = usize::try_from(BLOCK_BYTES - at % BLOCK_BYTES).unwrap_or(usize::MAX);
            let (block, behind) = rest.split_at_mut(to_block.min(rest.len()));
            let next = at + block.len() as u64;
            match self.file.read_exact_at(at, block) {
                Err(error) if is_unreadable(&error) => self.unreadable.push(at..next),
                read => read?,
            }
            (at, rest) = (next, behind);
        }
        Ok(())
    }
}
