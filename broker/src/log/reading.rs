//! Reads: the end of a partition from memory, the rest as ranges of its files. Files are looked into only as far as it takes
//! to find where batches begin, and never under a lock.

use std::{io, ops::ControlFlow, sync::Arc};

use super::{
    FileRange, PartitionKey, ReadBounds, ReadError, Slice, Slices,
    disk::{Disk, DiskFile},
    indexes,
    partition::{Held, Partition},
    retention::Span,
    segment::{Trust, Walk},
};

/// Pieces of one answer; a reader far behind comes back for more.
const MAX_PIECES: usize = 16;

/// What is still wanted of a read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Want {
    /// The batch that contains this offset comes first.
    pub(super) offset: i64,
    /// Only batches that end at or below it.
    pub(super) below: i64,
    pub(super) room_bytes: usize,
    /// The part of it that may come from memory.
    pub(super) memory_bytes: usize,
    /// The first batch may exceed the room.
    pub(super) first_anyway: bool,
}

/// What files of earlier runs must be before anything of them is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Files {
    Verified,
    /// For who looks at headers only, and more closely where one does not fit.
    AsTheyAre,
}

/// What holds for all of a read.
#[derive(Debug, Clone, Copy)]
struct Terms {
    below: Option<i64>,
    files: Files,
}

/// A part of a segment, taken under the lock and used without it.
#[derive(Debug)]
pub(super) struct View {
    pub(super) file: Arc<dyn DiskFile>,
    trust: Trust,
    pub(super) span: Span,
    /// A batch start at or before what is looked for.
    pub(super) walk_from: u64,
    /// A batch start at or before where the answer ends.
    pub(super) answer_to: u64,
    /// The segment has no index yet.
    needs_index: bool,
}

impl View {
    /// No batch has `offset`: compaction took it, or what the headers say of their offsets is damaged.
    fn check_gap(&self, offset: i64) -> io::Result<()> {
        if self.span.revision > 0 {
            Ok(())
        } else {
            Err(no_batch(offset))
        }
    }
}

fn no_batch(offset: i64) -> io::Error {
    let what = format!("no batch has offset {offset}");
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Whole batches of `partition` from the one that contains `offset` on.
pub(super) fn read(
    disk: &dyn Disk,
    partition: &Partition,
    offset: i64,
    bounds: ReadBounds,
    files: Files,
) -> Result<Slices, ReadError> {
    let mut slices = Slices::default();
    let terms = Terms {
        below: bounds.below,
        files,
    };
    let mut want = Want {
        offset,
        below: i64::MAX,
        room_bytes: bounds.max_bytes,
        memory_bytes: bounds.memory_bytes,
        first_anyway: bounds.at_least_one,
    };
    while slices.parts().len() < MAX_PIECES {
        let Some(view) = look(disk, partition, &mut want, terms, &mut slices)? else {
            break;
        };
        let io = |error| {
            view.trust.weigh(&error);
            ReadError::Io {
                partition: partition.key,
                error,
            }
        };
        if view.needs_index {
            index(disk, partition, &view).map_err(io)?;
        }
        if read_view(&view, &mut want, &mut slices)
            .map_err(io)?
            .is_break()
        {
            break;
        }
    }
    Ok(slices)
}

/// Under the lock: checks the offset, reads from memory what is there, and gives the segment to go on with.
fn look(
    disk: &dyn Disk,
    partition: &Partition,
    want: &mut Want,
    terms: Terms,
    slices: &mut Slices,
) -> Result<Option<View>, ReadError> {
    let start = partition.start();
    let mut held = partition.hold();
    let high_watermark = held.high_watermark;
    want.below = terms.below.unwrap_or(i64::MAX).min(high_watermark);
    if let Some(damage) = held.damage_after(want.offset) {
        want.below = want.below.min(damage.first_offset);
    }
    if want.offset < start || want.offset > high_watermark {
        return if slices.is_empty() {
            Err(ReadError::OutOfRange {
                partition: partition.key,
                offset: want.offset,
                start,
                high_watermark,
            })
        } else {
            Ok(None)
        };
    }
    if let Some(damage) = held.damage_at(want.offset) {
        return if slices.is_empty() {
            Err(ReadError::Corrupt(damage))
        } else {
            Ok(None)
        };
    }
    if want.offset >= want.below {
        return Ok(None);
    }
    if held
        .tail
        .first_offset()
        .is_some_and(|first| first <= want.offset)
    {
        held.tail.read(want, slices);
        return Ok(None);
    }
    if terms.files == Files::Verified && held.is_unverified(want.offset) {
        return if slices.is_empty() {
            Err(ReadError::Unverified {
                partition: partition.key,
                offset: want.offset,
            })
        } else {
            Ok(None)
        };
    }
    view(disk, partition.key, &mut held, want).map_err(|error| ReadError::Io {
        partition: partition.key,
        error,
    })
}

fn view(
    disk: &dyn Disk,
    key: PartitionKey,
    held: &mut Held,
    want: &Want,
) -> io::Result<Option<View>> {
    let place = held
        .segments
        .partition_point(|segment| segment.span.next_offset <= want.offset);
    let Some(segment) = held.segments.get_mut(place) else {
        return Ok(None);
    };
    let file = segment.file(disk, key)?;
    let (walk_from, answer_to) = match &segment.index {
        Some(index) => {
            let from = index.before_offset(want.offset);
            let room = from.saturating_add(want.room_bytes as u64);
            (from, index.last_within(from, room, want.below))
        }
        None => (0, 0),
    };
    let needs_index = segment.index.is_none();
    Ok(Some(View {
        file,
        trust: segment.trust.clone(),
        span: segment.span,
        walk_from,
        answer_to,
        needs_index,
    }))
}

/// Adds the part of one segment. Breaks when the answer ends inside it.
fn read_view(view: &View, want: &mut Want, slices: &mut Slices) -> io::Result<ControlFlow<()>> {
    let mut walk = Walk::new(Arc::clone(&view.file), view.walk_from, view.span.size_bytes);
    let (position, first) = loop {
        match walk.next()? {
            Some((position, header)) if header.next_offset() > want.offset => {
                if header.base_offset > want.offset {
                    view.check_gap(want.offset)?;
                }
                if header.next_offset() > view.span.next_offset {
                    return Err(no_batch(want.offset));
                }
                break (position, header);
            }
            Some(_) => {}
            None => {
                view.check_gap(want.offset)?;
                want.offset = view.span.next_offset;
                return Ok(ControlFlow::Continue(()));
            }
        }
    };
    let size_bytes = first.size_bytes();
    if first.next_offset() > want.below || (size_bytes > want.room_bytes && !want.first_anyway) {
        return Ok(ControlFlow::Break(()));
    }
    let end_of_first = position + size_bytes as u64;
    let room_to = position.saturating_add(want.room_bytes as u64);
    let (end, next_offset) =
        if room_to >= view.span.size_bytes && want.below >= view.span.next_offset {
            (view.span.size_bytes, view.span.next_offset)
        } else {
            let from = view.answer_to.max(end_of_first);
            let known = if from == end_of_first {
                first.next_offset()
            } else {
                want.offset
            };
            last_batch_end(view, (from, known), room_to, want.below)?
        };
    let length = usize::try_from(end - position).map_err(io::Error::other)?;
    slices.push(Slice::File(FileRange {
        file: Arc::clone(&view.file),
        trust: view.trust.clone(),
        position,
        size_bytes: length,
    }));
    want.room_bytes = want.room_bytes.saturating_sub(length);
    want.offset = next_offset;
    want.first_anyway = false;
    let went_to_the_end = end == view.span.size_bytes && want.room_bytes > 0;
    Ok(if went_to_the_end {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(())
    })
}

/// Walks from a batch start to the end of the last batch that is within both bounds. Gives its position and next offset.
fn last_batch_end(
    view: &View,
    from: (u64, i64),
    room_to: u64,
    below: i64,
) -> io::Result<(u64, i64)> {
    let mut end = from;
    let mut walk = Walk::new(Arc::clone(&view.file), from.0, view.span.size_bytes);
    // What lies there may be damaged: it is not looked at.
    while end.1 < below
        && let Some((position, header)) = walk.next()?
    {
        let next = position + header.size_bytes() as u64;
        // Offsets that lead back are damaged.
        let leads_back = header.base_offset < end.1;
        if next > room_to || header.next_offset() > below || leads_back {
            break;
        }
        end = (next, header.next_offset());
    }
    Ok(end)
}

/// Finds the index of a segment that has none in memory, and leaves it with the segment.
fn index(disk: &dyn Disk, partition: &Partition, view: &View) -> io::Result<()> {
    let index = indexes::load(disk, partition.key, &view.span, &view.file)?;
    let mut held = partition.hold();
    let base_offset = view.span.base_offset;
    let same = held
        .segments
        .iter_mut()
        .find(|segment| segment.span.base_offset == base_offset);
    if let Some(segment) = same {
        // The file may have grown meanwhile; marks that are missing cost a longer walk, nothing else.
        segment.index.get_or_insert(index);
    }
    Ok(())
}
