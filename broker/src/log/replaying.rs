//! Every batch of a partition in order, for the floors above: they rebuild their state from it.

use std::{io, sync::Arc};

use bytes::Bytes;
use wire::record_batch::BatchHeader;

use super::{
    Detail, ReadBounds, ReadError, Replayed, Slice,
    disk::Disk,
    partition::Partition,
    reading::{self, Files},
    segment::Walk,
    verify,
};

/// Read at once.
const STEP_BYTES: usize = 8 << 20;

/// How far a replay has come.
#[derive(Debug)]
struct Progress {
    /// Offset after the last batch, or where the replay begins.
    offset: i64,
    end: i64,
    /// The next batch may begin before `offset`: a replay, and a log start, may lie inside of one.
    jumped: bool,
}

impl Progress {
    fn jump(&mut self, offset: i64) {
        self.offset = offset;
        self.jumped = true;
    }

    /// Goes on behind a batch. No checksum covers its offset: one that is damaged must not lead back, which would never end,
    /// nor past the end, which would pass over what follows.
    fn pass(&mut self, header: &BatchHeader) -> io::Result<()> {
        let (base_offset, next_offset) = (header.base_offset, header.next_offset());
        let leads_on = next_offset > self.offset && next_offset <= self.end;
        if !leads_on || (base_offset < self.offset && !self.jumped) {
            let what = format!("a batch has offset {base_offset} behind {}", self.offset);
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        self.offset = next_offset;
        self.jumped = false;
        Ok(())
    }
}

/// Gives `each` the batches from `from` on, up to the high watermark as it is now.
pub(super) fn replay(
    disk: &dyn Disk,
    partition: &Partition,
    from: i64,
    detail: Detail,
    each: &mut dyn FnMut(Replayed),
) -> Result<(), ReadError> {
    let end = partition.offsets().high_watermark;
    let mut progress = Progress {
        offset: from.max(partition.start()),
        end,
        jumped: true,
    };
    let mut reader = Reader {
        disk,
        partition,
        detail,
        files: Files::Verified,
    };
    // Headers tell nothing of what they head: reading all of it would make a start as long as the data.
    if detail == Detail::Headers {
        reader.files = Files::AsTheyAre;
    }
    while progress.offset < end {
        let before = progress.offset;
        match reader.step(&mut progress, each) {
            Ok(()) if progress.offset == before => break,
            Ok(()) => {}
            Err(ReadError::Corrupt(damage)) => progress.jump(damage.next_offset),
            // Retention went on meanwhile.
            Err(ReadError::OutOfRange { start, .. }) if start > progress.offset => {
                progress.jump(start);
            }
            Err(ReadError::Unverified { offset, .. }) => {
                verify::verify_at(disk, partition, offset).map_err(|error| ReadError::Io {
                    partition: partition.key,
                    error,
                })?;
            }
            Err(ReadError::Io { .. }) if reader.files == Files::AsTheyAre => {
                reader.files = Files::Verified;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// How a replay reads.
struct Reader<'a> {
    disk: &'a dyn Disk,
    partition: &'a Partition,
    detail: Detail,
    files: Files,
}

impl Reader<'_> {
    /// One answer's worth.
    fn step(
        &self,
        progress: &mut Progress,
        each: &mut dyn FnMut(Replayed),
    ) -> Result<(), ReadError> {
        let bounds = ReadBounds {
            max_bytes: STEP_BYTES,
            memory_bytes: usize::MAX,
            at_least_one: true,
            below: Some(progress.end),
        };
        let slices = reading::read(
            self.disk,
            self.partition,
            progress.offset,
            bounds,
            self.files,
        )?;
        for part in slices.parts() {
            replay_part(part, self.detail, progress, each).map_err(|error| ReadError::Io {
                partition: self.partition.key,
                error,
            })?;
        }
        Ok(())
    }
}

fn replay_part(
    part: &Slice,
    detail: Detail,
    progress: &mut Progress,
    each: &mut dyn FnMut(Replayed),
) -> io::Result<()> {
    match part {
        Slice::Memory(bytes) => {
            let mut at = 0;
            for batch in wire::record_batch::batches(bytes) {
                let batch =
                    batch.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                progress.pass(batch.header())?;
                let end = at + batch.bytes().len();
                let bytes = match detail {
                    Detail::Headers => Bytes::new(),
                    Detail::Batches => bytes.slice(at..end),
                };
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
                progress.pass(&header)?;
                let mut bytes = Vec::new();
                if detail == Detail::Batches {
                    bytes.resize(header.size_bytes(), 0);
                    range.file.read_exact_at(position, &mut bytes)?;
                }
                each(Replayed {
                    header,
                    bytes: Bytes::from(bytes),
                });
            }
        }
    }
    Ok(())
}
