//! Log compaction: of each key the last record stays, at its offset and in its order (`cleanup.policy=compact`). Old
//! segments are read, sifted and written anew beside the log's other work; the write-behind lock is held only to put the
//! new files in place of the old ones.
//!
//! It knows keys, times and offsets. What it must not take away for reasons of the floors above comes in as data
//! ([`Retained`]).

use std::{collections::BTreeSet, io, sync::Arc};

use bytes::Bytes;
use wire::record_batch::{Batch, BatchHeader};

use self::{keys::LastOffsets, plan::Plan, sift::Rules, written::Written};
use super::{
    Compaction, PartitionKey, Policy,
    disk::{Disk, DiskFile},
    partition::Partition,
    retention::Span,
    segment::{Segment, Trust, Walk, file_name},
    verify,
};

mod keys;
mod plan;
mod sift;
mod written;

/// What compaction leaves alone, whatever the keys say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retained {
    /// Records from here on are not looked at: they belong to an open transaction. The end of the log when not given.
    pub unstable_from: Option<i64>,
    /// The last offsets of each producer's newest batch: its sequence has to be found again after a restart.
    pub producers: BTreeSet<i64>,
}

/// Segments written anew, not yet in place.
#[derive(Debug)]
pub(super) struct Compacted {
    /// What they were made from: the partition's oldest segments.
    pub(super) sources: Vec<Span>,
    pub(super) segments: Vec<Segment>,
    pub(super) cleaned_to: i64,
    /// Keeps the new files open until they are in place.
    _files: Vec<Arc<dyn DiskFile>>,
}

impl Compacted {
    /// The new files.
    pub(super) fn names(&self, partition: PartitionKey) -> Vec<String> {
        let name = |segment: &Segment| file_name(partition, &segment.span);
        self.segments.iter().map(name).collect()
    }
}

/// One closed segment and its file.
struct Source {
    span: Span,
    file: Arc<dyn DiskFile>,
    trust: Trust,
}

/// What is to be done, as it was decided under the partition's lock.
struct Task {
    policy: Policy,
    compaction: Compaction,
    plan: Plan,
    sources: Vec<Source>,
}

/// Compacts as much of `partition` as its policy asks at `now_ms`, milliseconds since 1970. None when nothing is due.
pub(super) fn compact(
    disk: &dyn Disk,
    partition: &Partition,
    retained: &Retained,
    now_ms: i64,
    unfolded_bytes: usize,
) -> io::Result<Option<Compacted>> {
    let Some(task) = begin(disk, partition, retained, now_ms)? else {
        return Ok(None);
    };
    let Task {
        policy,
        compaction,
        plan,
        sources,
    } = task;
    for source in &sources {
        verify::verify(disk, partition, &source.span)?;
    }
    if !partition.hold().damage.is_empty() {
        return Ok(None);
    }
    let (last, mapped_to) = map(&sources[plan.dirty_from..], plan.cleaned_to, unfolded_bytes)?;
    let end = sources
        .iter()
        .take_while(|source| source.span.base_offset < mapped_to)
        .count();
    let sources = &sources[..end];
    let log_end = sources
        .last()
        .map_or(mapped_to, |last| last.span.next_offset);
    let rules = Rules {
        last: &last,
        mapped_to,
        now_ms,
        delete_retention_ms: compaction.delete_retention_ms,
        producers: &retained.producers,
        log_end,
        unfolded_bytes,
    };
    let newest = sources.iter().map(|source| source.span.revision).max();
    let revision = newest.map_or(1, |newest| newest + 1);
    let mut written = Written::new(disk, partition.key, &policy, revision);
    let result = sift_all(sources, &rules, &mut written);
    let (segments, files) = match result.and_then(|()| written.finish()) {
        Ok(finished) => finished,
        Err(error) => {
            written.discard();
            return Err(error);
        }
    };
    Ok(Some(Compacted {
        sources: sources.iter().map(|source| source.span).collect(),
        segments,
        cleaned_to: mapped_to,
        _files: files,
    }))
}

/// What is to be done, with the files it takes, as they are now.
fn begin(
    disk: &dyn Disk,
    partition: &Partition,
    retained: &Retained,
    now_ms: i64,
) -> io::Result<Option<Task>> {
    let start = partition.start();
    let mut held = partition.hold();
    let policy = held.policy;
    let Some(compaction) = policy.compaction else {
        return Ok(None);
    };
    // What is damaged is kept as evidence until it is below the log start.
    if held.is_retired() || !held.damage.is_empty() {
        return Ok(None);
    }
    let cleaned_to = held.cleaned_to.max(start);
    let newest = held.segments.last().map(|segment| segment.span);
    if newest.is_some_and(|newest| plan::is_overdue(&newest, cleaned_to, &compaction, now_ms)) {
        held.sealed = newest.map(|newest| newest.base_offset);
    }
    let open = newest.is_some_and(|newest| held.sealed != Some(newest.base_offset));
    let closed = held.segments.len() - usize::from(open);
    let spans: Vec<_> = held.segments[..closed]
        .iter()
        .map(|segment| segment.span)
        .collect();
    let stable_to = retained.unstable_from.unwrap_or(i64::MAX);
    let Some(plan) = plan::plan(&spans, cleaned_to, &compaction, stable_to, now_ms) else {
        return Ok(None);
    };
    let mut sources = Vec::with_capacity(plan.end);
    for segment in &mut held.segments[..plan.end] {
        sources.push(Source {
            span: segment.span,
            file: segment.file(disk, partition.key)?,
            trust: segment.trust.clone(),
        });
    }
    Ok(Some(Task {
        policy,
        compaction,
        plan,
        sources,
    }))
}

/// The last offset of every key from `from` on, and up to where they are known.
fn map(sources: &[Source], from: i64, unfolded_bytes: usize) -> io::Result<(LastOffsets, i64)> {
    let mut last = LastOffsets::default();
    let mut mapped_to = from;
    for source in sources {
        let mut full = false;
        each_batch(source, &mut |bytes| {
            let (batch, _) = Batch::split(&bytes).map_err(damaged)?;
            if full || batch.header().next_offset() <= from {
                return Ok(());
            }
            full = !last.has_room_for(batch.header().record_count);
            if !full {
                note(&mut last, &batch, from, unfolded_bytes);
                mapped_to = batch.header().next_offset();
            }
            Ok(())
        })?;
        if full {
            return Ok((last, mapped_to));
        }
        mapped_to = source.span.next_offset;
    }
    Ok((last, mapped_to))
}

fn note(last: &mut LastOffsets, batch: &Batch<'_>, from: i64, unfolded_bytes: usize) {
    if batch.header().is_control() {
        return;
    }
    let Ok(inflated) = batch.inflate(unfolded_bytes) else {
        return;
    };
    for record in batch.records_in(&inflated).map_while(Result::ok) {
        if let Some(key) = record.key
            && record.offset >= from
        {
            last.note(key, record.offset);
        }
    }
}

fn sift_all(sources: &[Source], rules: &Rules<'_>, written: &mut Written<'_>) -> io::Result<()> {
    for source in sources {
        written.begin(&source.span)?;
        each_batch(source, &mut |bytes| {
            let (batch, _) = Batch::split(&bytes).map_err(damaged)?;
            match sift::sift(&batch, rules)? {
                sift::Sifted::Whole => written.push(bytes),
                sift::Sifted::Rewritten(bytes) => written.push(bytes),
                sift::Sifted::Gone => Ok(()),
            }
        })?;
    }
    Ok(())
}

/// Gives `each` the batches of a segment, one at a time. One that is damaged ends it with an error: written anew it would get a
/// checksum that fits, and nobody could tell any more.
fn each_batch(source: &Source, each: &mut dyn FnMut(Bytes) -> io::Result<()>) -> io::Result<()> {
    let span = &source.span;
    let mut walk = Walk::new(Arc::clone(&source.file), 0, span.size_bytes);
    let mut expected = span.base_offset;
    let mut next = || next_batch(&mut walk).inspect_err(|error| source.trust.weigh(error));
    while let Some((header, bytes)) = next()? {
        // No checksum covers the offset, but there is one place for it, unless an earlier compaction left gaps.
        let is_early = header.base_offset < expected;
        let is_late = span.revision == 0 && header.base_offset > expected;
        if is_early || is_late || header.next_offset() > span.next_offset {
            return Err(damaged(format!(
                "a batch of offset {expected} has {}",
                header.base_offset
            )));
        }
        expected = header.next_offset();
        each(bytes)?;
    }
    Ok(())
}

fn next_batch(walk: &mut Walk) -> io::Result<Option<(BatchHeader, Bytes)>> {
    let Some((position, header)) = walk.next()? else {
        return Ok(None);
    };
    let bytes = walk.batch(position, &header)?;
    Ok(Some((header, bytes)))
}

fn damaged(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
