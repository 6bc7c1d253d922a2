//! The new files of a compaction: neighbours that became small are put together.

use std::{
    io::{self, IoSlice},
    sync::Arc,
};

use bytes::Bytes;
use wire::record_batch::BatchHeader;

use super::super::{
    PartitionKey, Policy,
    checkpoint::remove,
    disk::{Disk, DiskFile},
    index::Index,
    retention::{Follower, Span, must_roll},
    segment::{Segment, dir_name, file_name},
};

/// Bytes of one write.
const STEP_BYTES: usize = 1 << 20;

/// The segments and the files that hold them open.
pub(super) type Finished = (Vec<Segment>, Vec<Arc<dyn DiskFile>>);

/// Files being written.
#[derive(Debug)]
pub(super) struct Written<'a> {
    disk: &'a dyn Disk,
    partition: PartitionKey,
    /// As the topic's, but for `segment.ms`: it says when a file is closed for writing, not how long a part of the past one
    /// may hold.
    policy: Policy,
    /// Of all new files: above that of any file they are made from.
    revision: u32,
    open: Option<Open>,
    done: Vec<(Span, Index, Arc<dyn DiskFile>)>,
}

#[derive(Debug)]
struct Open {
    span: Span,
    index: Index,
    file: Arc<dyn DiskFile>,
    /// What is in the file already.
    flushed_bytes: u64,
    pending: Vec<Bytes>,
    pending_bytes: usize,
}

impl<'a> Written<'a> {
    pub(super) fn new(
        disk: &'a dyn Disk,
        partition: PartitionKey,
        policy: &Policy,
        revision: u32,
    ) -> Self {
        let policy = Policy {
            segment_ms: i64::MAX,
            ..*policy
        };
        Self {
            disk,
            partition,
            policy,
            revision,
            open: None,
            done: Vec::new(),
        }
    }

    /// What follows comes from this segment: it goes on in the open file where both have room in it.
    pub(super) fn begin(&mut self, source: &Span) -> io::Result<()> {
        let follower = Follower {
            next_offset: source.next_offset,
            size_bytes: source.size_bytes,
            max_timestamp: source.max_timestamp,
        };
        let goes_on = |open: &&mut Open| !must_roll(&open.span, &follower, &self.policy);
        if let Some(open) = self.open.as_mut().filter(goes_on) {
            open.span.next_offset = source.next_offset;
            return Ok(());
        }
        self.close()?;
        let span = Span {
            revision: self.revision,
            size_bytes: 0,
            max_timestamp: -1,
            ..*source
        };
        let file = self.disk.create(&file_name(self.partition, &span))?;
        self.open = Some(Open {
            span,
            index: Index::default(),
            file,
            flushed_bytes: 0,
            pending: Vec::new(),
            pending_bytes: 0,
        });
        Ok(())
    }

    /// A batch that stays.
    pub(super) fn push(&mut self, batch: Bytes) -> io::Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let header = BatchHeader::parse(&batch)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        // One without records has no time to be found by.
        let max_timestamp = if header.record_count == 0 {
            -1
        } else {
            header.max_timestamp
        };
        open.index
            .note(header.base_offset, open.span.size_bytes, max_timestamp);
        open.span.size_bytes += batch.len() as u64;
        open.span.max_timestamp = open.span.max_timestamp.max(max_timestamp);
        open.pending_bytes += batch.len();
        open.pending.push(batch);
        if open.pending_bytes >= STEP_BYTES {
            open.flush()?;
        }
        Ok(())
    }

    /// Makes everything durable.
    pub(super) fn finish(&mut self) -> io::Result<Finished> {
        self.close()?;
        self.disk.sync_dir(&dir_name(self.partition))?;
        let (mut segments, mut files) = (Vec::new(), Vec::new());
        for (span, index, file) in self.done.drain(..) {
            segments.push(Segment::with_index(span, &file, index));
            files.push(file);
        }
        Ok((segments, files))
    }

    /// Removes what was written.
    pub(super) fn discard(&mut self) {
        let open = self.open.take().map(|open| open.span);
        for span in self.done.drain(..).map(|(span, ..)| span).chain(open) {
            remove(self.disk, &file_name(self.partition, &span));
        }
    }

    fn close(&mut self) -> io::Result<()> {
        if let Some(open) = &mut self.open {
            open.flush()?;
            open.file.sync()?;
        }
        self.done.extend(
            self.open
                .take()
                .map(|open| (open.span, open.index, open.file)),
        );
        Ok(())
    }
}

impl Open {
    fn flush(&mut self) -> io::Result<()> {
        let mut slices: Vec<_> = self
            .pending
            .iter()
            .map(|batch| IoSlice::new(batch))
            .collect();
        self.file.write_all_at(self.flushed_bytes, &mut slices)?;
        self.flushed_bytes += self.pending_bytes as u64;
        self.pending.clear();
        self.pending_bytes = 0;
        Ok(())
    }
}
