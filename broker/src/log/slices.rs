//! What a read gives back: pieces of memory and of files, in order, never one contiguous copy.

use std::{io, os::fd::BorrowedFd, sync::Arc};

use bytes::{Bytes, BytesMut};
use thiserror::Error;

use super::{Damage, PartitionKey, disk::DiskFile, segment::Trust};

/// Whole batches of one partition, in offset order.
#[derive(Debug, Clone, Default)]
pub struct Slices {
    pub(super) parts: Vec<Slice>,
    pub(super) size_bytes: usize,
}

/// One piece of an answer. A piece starts and ends at a batch.
#[derive(Debug, Clone)]
pub enum Slice {
    /// In memory.
    Memory(Bytes),
    /// In a segment file.
    File(FileRange),
}

/// A range of a segment file. The file stays readable while this lives, even when retention has deleted it. Where bytes of it
/// can no longer be read, the next reader has the segment looked over, and learns what is damaged.
#[derive(Debug, Clone)]
pub struct FileRange {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) trust: Trust,
    pub(super) position: u64,
    pub(super) size_bytes: usize,
}

impl Slices {
    pub(super) fn push(&mut self, part: Slice) {
        self.size_bytes += part.size_bytes();
        self.parts.push(part);
    }

    /// The pieces.
    pub fn parts(&self) -> &[Slice] {
        &self.parts
    }

    /// Takes the pieces.
    pub fn into_parts(self) -> Vec<Slice> {
        self.parts
    }

    /// Bytes of all pieces together.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// The part of them that is in memory.
    pub fn memory_bytes(&self) -> usize {
        self.parts.iter().map(Slice::memory_bytes).sum()
    }

    /// Nothing to read.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// All pieces copied into one buffer: for the broker's own topics and for tests, not for fetch answers. Blocks on disk.
    pub fn concat(&self) -> io::Result<Bytes> {
        let mut whole = BytesMut::with_capacity(self.size_bytes);
        for part in &self.parts {
            match part {
                Slice::Memory(bytes) => whole.extend_from_slice(bytes),
                Slice::File(range) => {
                    let at = whole.len();
                    whole.resize(at + range.size_bytes, 0);
                    range.read_exact_at(0, &mut whole[at..])?;
                }
            }
        }
        Ok(whole.freeze())
    }
}

impl Slice {
    /// Bytes of this piece.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            Self::File(range) => range.size_bytes,
        }
    }

    /// The part of it that is in memory.
    pub fn memory_bytes(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            Self::File(_) => 0,
        }
    }
}

impl FileRange {
    /// Bytes of the range.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// Brings bytes that start `at` bytes into the range into the page cache. False where [`FileRange::send`] can move none
    /// for other reasons. Blocks on disk.
    pub fn warm(&self, at: usize, count: usize) -> io::Result<bool> {
        let left = self.size_bytes.saturating_sub(at);
        let warmed = self.file.warm(self.position + at as u64, count.min(left));
        warmed.inspect_err(|error| self.trust.weigh(error))
    }

    /// Moves bytes that start `at` bytes into the range into a socket without a copy, at most `count` and as many as it takes
    /// now. None where they have to be read instead, as from a file that is not in the page cache.
    pub fn send(
        &self,
        socket: BorrowedFd<'_>,
        at: usize,
        count: usize,
    ) -> Option<io::Result<usize>> {
        let left = self.size_bytes.saturating_sub(at);
        let position = self.position + at as u64;
        let sent = match self.file.send(socket, position, count.min(left))? {
            Ok(0) if count.min(left) > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
            sent => sent,
        };
        Some(sent.inspect_err(|error| self.trust.weigh(error)))
    }

    /// Fills `buffer` with the bytes that start `at` bytes into the range. Blocks on disk unless the page cache has them.
    pub fn read_exact_at(&self, at: usize, buffer: &mut [u8]) -> io::Result<()> {
        if at
            .checked_add(buffer.len())
            .is_none_or(|end| end > self.size_bytes)
        {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let read = self.file.read_exact_at(self.position + at as u64, buffer);
        read.inspect_err(|error| self.trust.weigh(error))
    }
}

/// Why a read gave nothing.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The partition was never created, or is dropped.
    #[error("read {0}: no such partition")]
    UnknownPartition(PartitionKey),
    /// The offset is below the log start or above the high watermark.
    #[error("read {partition} at offset {offset}: it holds {start} up to {high_watermark}")]
    OutOfRange {
        /// The partition.
        partition: PartitionKey,
        /// What was asked for.
        offset: i64,
        /// Log start offset.
        start: i64,
        /// High watermark.
        high_watermark: i64,
    },
    /// The offset lies in a range that damage took (`CORRUPT_MESSAGE`); reading at `next_offset` goes on behind it.
    #[error("read {}: offsets {} to {} are damaged on disk", .0.partition, .0.first_offset, .0.next_offset - 1)]
    Corrupt(Damage),
    /// The offset lies in a file that was not looked at since the start: [`super::Log::verify`], then read again.
    #[error("read {partition}: the file that holds offset {offset} is to be verified first")]
    Unverified {
        /// The partition.
        partition: PartitionKey,
        /// An offset in the file.
        offset: i64,
    },
    /// A file could not be read; worth a retry.
    #[error("read {partition}: {error}")]
    Io {
        /// The partition.
        partition: PartitionKey,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}
