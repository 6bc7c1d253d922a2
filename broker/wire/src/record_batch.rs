//! Record batches, magic 2 (KIP-98): the unit a producer sends, the log keeps byte for byte and a consumer reads.
//!
//! A batch is looked at in place: [`Batch`] is a decoded [`BatchHeader`] beside the bytes it came from. Records inside are
//! touched only where somebody needs them ([`Batch::records`]; with the feature `compression` [`Batch::inflate`] first).
//! This module knows nothing of requests, partitions or what a producer may do: [`Batch::validate`] holds the checks that
//! concern one batch alone.
//!
//! Layout, big-endian: base offset i64 · length i32 · partition leader epoch i32 · magic i8 · CRC-32C u32 · attributes i16 ·
//! last offset delta i32 · base timestamp i64 · max timestamp i64 · producer id i64 · producer epoch i16 · base sequence i32 ·
//! record count i32 · records. The length counts what follows it; the CRC covers everything from the attributes on, so base
//! offset and leader epoch can be written without a new checksum.

mod builder;
#[cfg(feature = "compression")]
pub mod compression;
mod error;
mod records;
#[cfg(feature = "compression")]
mod rewrite;
#[cfg(test)]
mod tests;

pub use builder::BatchBuilder;
pub use error::BatchError;
pub use records::{Record, RecordError, RecordHeader, Records};
#[cfg(feature = "compression")]
pub use rewrite::Rewrite;

/// Bytes of a batch before its first record.
pub const HEADER_LEN: usize = 61;
/// Bytes before the part that the length field counts.
pub const LENGTH_END: usize = 12;
/// The only record format written since Kafka 4.0.
pub const MAGIC: i8 = 2;

const EPOCH_AT: usize = 12;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const MAX_TIMESTAMP_AT: usize = 35;

const CODEC_MASK: i16 = 0x07;
const LOG_APPEND_TIME: i16 = 0x08;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;
const DELETE_HORIZON: i16 = 0x40;
/// Bits 7 to 15 mean nothing yet.
const RESERVED: i16 = !0x7f;

/// How the records of a batch are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    None,
    /// gzip, 1.
    Gzip,
    /// snappy, 2.
    Snappy,
    /// lz4, 3.
    Lz4,
    /// zstd, 4; needs Produce v7 or later.
    Zstd,
}

/// What the timestamps of a batch mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// Set by the producer, record by record.
    CreateTime,
    /// Set by the broker: every record carries the batch's max timestamp.
    LogAppendTime,
}

/// The fixed part of a batch, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record.
    pub base_offset: i64,
    /// Bytes after the length field.
    pub length: i32,
    /// Leader epoch the batch was appended in.
    pub partition_leader_epoch: i32,
    /// Record format, 2.
    pub magic: i8,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Codec, timestamp type and flags as bits.
    pub attributes: i16,
    /// Offset of the last record minus the base offset.
    pub last_offset_delta: i32,
    /// Milliseconds since 1970 that record timestamps are relative to.
    pub base_timestamp: i64,
    /// Largest timestamp of the batch, in milliseconds since 1970.
    pub max_timestamp: i64,
    /// Idempotent or transactional producer, or -1.
    pub producer_id: i64,
    /// Its epoch, or -1.
    pub producer_epoch: i16,
    /// Sequence of the first record, or -1.
    pub base_sequence: i32,
    /// Records in the batch.
    pub record_count: i32,
}

impl BatchHeader {
    /// Decodes the first [`HEADER_LEN`] bytes. The length field is checked against the header only, so a caller that has
    /// read nothing but the header can still learn how much to read.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let Some(head) = bytes.first_chunk::<HEADER_LEN>() else {
            return Err(BatchError::Truncated {
                have: bytes.len(),
                want: HEADER_LEN,
            });
        };
        let header = Self {
            base_offset: i64::from_be_bytes(field(head, 0)),
            length: i32::from_be_bytes(field(head, 8)),
            partition_leader_epoch: i32::from_be_bytes(field(head, EPOCH_AT)),
            magic: i8::from_be_bytes(field(head, MAGIC_AT)),
            crc: u32::from_be_bytes(field(head, CRC_AT)),
            attributes: i16::from_be_bytes(field(head, ATTRIBUTES_AT)),
            last_offset_delta: i32::from_be_bytes(field(head, 23)),
            base_timestamp: i64::from_be_bytes(field(head, 27)),
            max_timestamp: i64::from_be_bytes(field(head, MAX_TIMESTAMP_AT)),
            producer_id: i64::from_be_bytes(field(head, 43)),
            producer_epoch: i16::from_be_bytes(field(head, 51)),
            base_sequence: i32::from_be_bytes(field(head, 53)),
            record_count: i32::from_be_bytes(field(head, 57)),
        };
        if usize::try_from(header.length).is_ok_and(|length| length >= HEADER_LEN - LENGTH_END) {
            Ok(header)
        } else {
            Err(BatchError::Length(header.length))
        }
    }

    /// Bytes of the whole batch.
    pub fn size_bytes(&self) -> usize {
        usize::try_from(self.length).unwrap_or_default() + LENGTH_END
    }

    /// Offset of the last record.
    pub fn last_offset(&self) -> i64 {
        self.base_offset
            .saturating_add(i64::from(self.last_offset_delta))
    }

    /// Offset after the last record.
    pub fn next_offset(&self) -> i64 {
        self.last_offset().saturating_add(1)
    }

    /// Compression of the records.
    pub fn codec(&self) -> Result<Codec, BatchError> {
        match self.attributes & CODEC_MASK {
            0 => Ok(Codec::None),
            1 => Ok(Codec::Gzip),
            2 => Ok(Codec::Snappy),
            3 => Ok(Codec::Lz4),
            4 => Ok(Codec::Zstd),
            other => Err(BatchError::Codec(other)),
        }
    }

    /// Who set the timestamps.
    pub fn timestamp_type(&self) -> TimestampType {
        if self.attributes & LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// Part of a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    /// Holds a transaction marker instead of records.
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// The base timestamp is the time after which tombstones go (KIP-534).
    pub fn has_delete_horizon(&self) -> bool {
        self.attributes & DELETE_HORIZON != 0
    }

    fn check(&self) -> Result<(), BatchError> {
        if self.magic != MAGIC {
            return Err(BatchError::Magic(self.magic));
        }
        if self.attributes & RESERVED != 0 {
            return Err(BatchError::Reserved(self.attributes));
        }
        self.codec()?;
        if self.record_count <= 0 {
            return Err(BatchError::Count(self.record_count));
        }
        if self.last_offset_delta != self.record_count - 1 {
            return Err(BatchError::OffsetDelta {
                last_offset_delta: self.last_offset_delta,
                count: self.record_count,
            });
        }
        if self.producer_id >= 0 && (self.producer_epoch < 0 || self.base_sequence < 0) {
            return Err(BatchError::Producer {
                producer_id: self.producer_id,
                producer_epoch: self.producer_epoch,
                base_sequence: self.base_sequence,
            });
        }
        Ok(())
    }
}

/// One whole batch: its header beside all its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch<'a> {
    header: BatchHeader,
    bytes: &'a [u8],
}

impl<'a> Batch<'a> {
    /// The first batch of `bytes` and what follows it. Nothing but the lengths is checked.
    pub fn split(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), BatchError> {
        let header = BatchHeader::parse(bytes)?;
        match bytes.split_at_checked(header.size_bytes()) {
            Some((bytes, rest)) => Ok((Self { header, bytes }, rest)),
            None => Err(BatchError::Truncated {
                have: bytes.len(),
                want: header.size_bytes(),
            }),
        }
    }

    /// `bytes` as exactly one batch with a matching checksum that a client may append (Produce v3 and later).
    pub fn validate(bytes: &'a [u8]) -> Result<Self, BatchError> {
        let (batch, rest) = Self::split(bytes)?;
        if !rest.is_empty() {
            return Err(BatchError::Trailing(rest.len()));
        }
        if batch.header.magic != MAGIC {
            // Another format keeps its checksum elsewhere: say so instead of calling it damaged.
            return Err(BatchError::Magic(batch.header.magic));
        }
        batch.verify()?;
        batch.header.check()?;
        if batch.header.is_control() {
            return Err(BatchError::Control);
        }
        if batch.header.has_delete_horizon() {
            return Err(BatchError::DeleteHorizon);
        }
        Ok(batch)
    }

    /// Checks format and checksum, nothing a producer is answerable for: what the log asks of bytes it wrote itself.
    pub fn verify(&self) -> Result<(), BatchError> {
        if self.header.magic != MAGIC {
            return Err(BatchError::Magic(self.header.magic));
        }
        let computed = checksum(self.bytes);
        if computed == self.header.crc {
            Ok(())
        } else {
            Err(BatchError::Crc {
                found: self.header.crc,
                computed,
            })
        }
    }

    /// The decoded header.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// All bytes, header included.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The records of an uncompressed batch, in order. A compressed batch gives one [`RecordError::Compressed`].
    pub fn records(&self) -> Records<'a> {
        Records::new(self.header, &self.bytes[HEADER_LEN..])
    }
}

/// The batches of a slice, in order; the first error ends it.
pub fn batches(bytes: &[u8]) -> impl Iterator<Item = Result<Batch<'_>, BatchError>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        Some(match Batch::split(rest) {
            Ok((batch, after)) => {
                rest = after;
                Ok(batch)
            }
            Err(error) => {
                rest = &[];
                Err(error)
            }
        })
    })
}

/// Writes base offset and leader epoch in place. Both lie outside the checksum.
///
/// `batch` must hold at least a header; a shorter slice stays as it is.
pub fn assign(batch: &mut [u8], base_offset: i64, leader_epoch: i32) {
    if let Some(head) = batch.first_chunk_mut::<HEADER_LEN>() {
        head[..8].copy_from_slice(&base_offset.to_be_bytes());
        head[EPOCH_AT..MAGIC_AT].copy_from_slice(&leader_epoch.to_be_bytes());
    }
}

/// Turns a batch to log append time (`message.timestamp.type`): flag, max timestamp and a new checksum, in place.
///
/// `batch` must hold at least a header; a shorter slice stays as it is.
pub fn stamp_log_append_time(batch: &mut [u8], now_ms: i64) {
    if let Some(head) = batch.first_chunk_mut::<HEADER_LEN>() {
        head[ATTRIBUTES_AT + 1] |= LOG_APPEND_TIME.to_be_bytes()[1];
        head[MAX_TIMESTAMP_AT..43].copy_from_slice(&now_ms.to_be_bytes());
        write_checksum(batch);
    }
}

/// The bytes before those that a batch's own checksum covers, and that checksum; none when a header does not fit.
pub fn checksum_of_rest(batch: &[u8]) -> Option<(&[u8], u32)> {
    let head = batch.first_chunk::<HEADER_LEN>()?;
    let crc = u32::from_be_bytes(field(head, CRC_AT));
    Some((&batch[..ATTRIBUTES_AT], crc))
}

fn write_checksum(batch: &mut [u8]) {
    let crc = checksum(batch);
    batch[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
}

fn checksum(batch: &[u8]) -> u32 {
    crc32c::crc32c(batch.get(ATTRIBUTES_AT..).unwrap_or_default())
}

fn field<const N: usize>(head: &[u8; HEADER_LEN], at: usize) -> [u8; N] {
    std::array::from_fn(|index| head[at + index])
}
