//! One file of a partition: verbatim batches one after the other, named by the offset of the first.

use std::{
    io,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use wire::record_batch::{Batch, BatchHeader, HEADER_LEN};

use super::{
    PartitionKey,
    disk::{Disk, DiskFile, is_unreadable},
    index::Index,
    retention::Span,
};

/// Read at once while walking over headers.
const WALK_BYTES: usize = 16 * 1024;

/// Whether a segment may be given to readers as it is: its batches fit their checksums, but for those that are known as
/// damaged; or this run wrote them. What is given of it shares this, so that bytes that can no longer be read lead to a new
/// look at all of it.
#[derive(Debug, Clone)]
pub(super) struct Trust(Arc<AtomicBool>);

impl Trust {
    pub(super) fn new(holds: bool) -> Self {
        Self(Arc::new(AtomicBool::new(holds)))
    }

    pub(super) fn holds(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn gain(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whoever reads next has the segment verified first, if `error` speaks of its bytes.
    pub(super) fn weigh(&self, error: &io::Error) {
        if is_unreadable(error) || error.kind() == io::ErrorKind::InvalidData {
            self.0.store(false, Ordering::Release);
        }
    }
}

/// A segment as its partition knows it.
#[derive(Debug)]
pub(super) struct Segment {
    /// Offsets, bytes and timestamps of what the file holds.
    pub(super) span: Span,
    /// Built on first use; while it is absent look-ups walk from the start of the file.
    pub(super) index: Option<Index>,
    pub(super) trust: Trust,
    /// Open as long as somebody reads or writes it: ten thousand files must not take ten thousand descriptors.
    file: Option<Weak<dyn DiskFile>>,
}

impl Segment {
    /// A segment from what the manifest says.
    pub(super) fn known(span: Span) -> Self {
        Self {
            span,
            index: None,
            trust: Trust::new(false),
            file: None,
        }
    }

    /// A new segment.
    pub(super) fn new(span: Span, file: &Arc<dyn DiskFile>) -> Self {
        Self::with_index(span, file, Index::default())
    }

    /// A segment whose file is written already.
    pub(super) fn with_index(span: Span, file: &Arc<dyn DiskFile>, index: Index) -> Self {
        Self {
            span,
            index: Some(index),
            trust: Trust::new(true),
            file: Some(Arc::downgrade(file)),
        }
    }

    /// The open file.
    pub(super) fn file(
        &mut self,
        disk: &dyn Disk,
        partition: PartitionKey,
    ) -> io::Result<Arc<dyn DiskFile>> {
        if let Some(file) = self.file.as_ref().and_then(Weak::upgrade) {
            return Ok(file);
        }
        let file = disk.open(&file_name(partition, &self.span))?;
        self.file = Some(Arc::downgrade(&file));
        Ok(file)
    }
}

/// Directory of a partition. Hexadecimal, because macOS folders do not tell upper from lower case.
pub(super) fn dir_name(partition: PartitionKey) -> String {
    let topic = u128::from_be_bytes(partition.topic.0);
    format!("partitions/{topic:032x}-{}", partition.partition)
}

/// The partition whose directory has this name (without its parent).
pub(super) fn parse_dir_name(name: &str) -> Option<PartitionKey> {
    let (topic, partition) = name.split_once('-')?;
    let topic = u128::from_str_radix(topic, 16).ok()?;
    let topic = wire::Uuid(topic.to_be_bytes());
    Some(PartitionKey {
        topic,
        partition: partition.parse().ok()?,
    })
}

/// File of a segment: named by its first offset, and by its revision once there is one.
pub(super) fn file_name(partition: PartitionKey, span: &Span) -> String {
    let (dir, base_offset) = (dir_name(partition), span.base_offset);
    match span.revision {
        0 => format!("{dir}/{base_offset:020}.log"),
        revision => format!("{dir}/{base_offset:020}.{revision}.log"),
    }
}

/// First offset and revision of the segment whose file has this name (without its directory).
pub(super) fn parse_file_name(name: &str) -> Option<(i64, u32)> {
    let name = name.strip_suffix(".log")?;
    match name.split_once('.') {
        None => Some((name.parse().ok()?, 0)),
        Some((base_offset, revision)) => Some((base_offset.parse().ok()?, revision.parse().ok()?)),
    }
}

/// Walks over the batch headers of a file range.
#[derive(Debug)]
pub(super) struct Walk {
    file: Arc<dyn DiskFile>,
    position: u64,
    end: u64,
    buffer: Vec<u8>,
    buffer_at: u64,
}

impl Walk {
    /// From the batch start `position` to `end`, which is where a batch ends.
    pub(super) fn new(file: Arc<dyn DiskFile>, position: u64, end: u64) -> Self {
        Self {
            file,
            position,
            end,
            buffer: Vec::new(),
            buffer_at: 0,
        }
    }

    /// The next batch: where it begins and its header. None at the end. A header that does not fit is `InvalidData`.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, BatchHeader)>> {
        if self.position >= self.end {
            return Ok(None);
        }
        let at = self.position;
        let damaged =
            || io::Error::new(io::ErrorKind::InvalidData, format!("no batch at byte {at}"));
        if self.end - at < HEADER_LEN as u64 {
            return Err(damaged());
        }
        let skip = self.fill(at)?;
        let header = BatchHeader::parse(&self.buffer[skip..]).map_err(|_| damaged())?;
        let next = at + header.size_bytes() as u64;
        if next > self.end {
            return Err(damaged());
        }
        self.position = next;
        Ok(Some((at, header)))
    }

    /// The batch that [`Walk::next`] found, read and held against its checksum. One that does not fit is `InvalidData`.
    pub(super) fn batch(&self, position: u64, header: &BatchHeader) -> io::Result<Bytes> {
        let mut bytes = vec![0; header.size_bytes()];
        self.file.read_exact_at(position, &mut bytes)?;
        Batch::split(&bytes)
            .and_then(|(batch, _)| batch.verify())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(bytes.into())
    }

    /// Makes the buffer hold a header at `at`; gives where in the buffer.
    fn fill(&mut self, at: u64) -> io::Result<usize> {
        let held = self.buffer_at..self.buffer_at + self.buffer.len() as u64;
        if !(held.contains(&at) && at + HEADER_LEN as u64 <= held.end) {
            let left = usize::try_from(self.end - at).unwrap_or(usize::MAX);
            self.buffer.resize(left.min(WALK_BYTES), 0);
            self.buffer_at = at;
            if let Err(error) = self.file.read_exact_at(at, &mut self.buffer) {
                // What cannot be read may lie behind the header.
                self.buffer.truncate(HEADER_LEN);
                let again = self.file.read_exact_at(at, &mut self.buffer);
                if again.is_err() {
                    self.buffer.clear();
                    return Err(error);
                }
            }
        }
        Ok(usize::try_from(at - self.buffer_at).unwrap_or_default())
    }
}

/// The index of the first `size_bytes` of a file.
pub(super) fn build_index(file: Arc<dyn DiskFile>, size_bytes: u64) -> io::Result<Index> {
    let mut index = Index::default();
    let mut walk = Walk::new(file, 0, size_bytes);
    while let Some((position, header)) = walk.next()? {
        index.note(header.base_offset, position, header.max_timestamp);
    }
    Ok(index)
}
