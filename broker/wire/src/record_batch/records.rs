//! The records inside an uncompressed batch, read in place. Every length is checked against the bytes that are left before
//! anything is allocated, so a hostile batch costs no more memory than it is long.

use thiserror::Error;

use super::{BatchHeader, Codec, TimestampType};

/// A header of a record needs at least a key length and a value length.
const HEADER_MIN_LEN: usize = 2;

/// Why the records of a batch cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RecordError {
    /// This build reads uncompressed records only.
    #[error("records are compressed ({0:?})")]
    Compressed(Codec),
    /// A length, count or number runs past its bytes.
    #[error("record {index} is malformed: {what}")]
    Malformed {
        /// Position of the record in its batch.
        index: i32,
        /// The part that does not fit.
        what: &'static str,
    },
}

/// One record, borrowed from its batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// Absolute offset.
    pub offset: i64,
    /// Milliseconds since 1970; the batch's max timestamp under log append time.
    pub timestamp: i64,
    /// Key, if any.
    pub key: Option<&'a [u8]>,
    /// Value; none is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Headers in order.
    pub headers: Vec<RecordHeader<'a>>,
}

/// A header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader<'a> {
    /// Name; Kafka writes UTF-8, nothing enforces it.
    pub key: &'a [u8],
    /// Value, if any.
    pub value: Option<&'a [u8]>,
}

/// Iterator over the records of one batch; ends after the first error.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    header: BatchHeader,
    rest: &'a [u8],
    index: i32,
}

impl<'a> Records<'a> {
    pub(super) fn new(header: BatchHeader, rest: &'a [u8]) -> Self {
        Self {
            header,
            rest,
            index: 0,
        }
    }

    fn read(&mut self) -> Result<Record<'a>, RecordError> {
        match self.header.codec() {
            Ok(Codec::None) => {}
            Ok(codec) => return Err(RecordError::Compressed(codec)),
            Err(_) => return Err(self.malformed("compression codec")),
        }
        let mut cursor = Cursor(self.rest);
        let Ok(Some(body)) = cursor.bytes() else {
            return Err(self.malformed("length"));
        };
        self.rest = cursor.0;
        self.body(Cursor(body)).map_err(|what| self.malformed(what))
    }

    fn body(&self, mut cursor: Cursor<'a>) -> Result<Record<'a>, &'static str> {
        cursor.byte().map_err(|Short| "attributes")?;
        let timestamp_delta = cursor.varint().map_err(|Short| "timestamp")?;
        let offset_delta = cursor.varint().map_err(|Short| "offset")?;
        let key = cursor.bytes().map_err(|Short| "key")?;
        let value = cursor.bytes().map_err(|Short| "value")?;
        let count = cursor.varint().map_err(|Short| "header count")?;
        let count = usize::try_from(count).map_err(|_| "header count")?;
        if count > cursor.0.len() / HEADER_MIN_LEN {
            return Err("header count");
        }
        let mut headers = Vec::with_capacity(count);
        for _ in 0..count {
            let key = cursor.bytes().ok().flatten().ok_or("header key")?;
            let value = cursor.bytes().map_err(|Short| "header value")?;
            headers.push(RecordHeader { key, value });
        }
        if !cursor.0.is_empty() {
            return Err("bytes after its headers");
        }
        let timestamp = match self.header.timestamp_type() {
            // Wraps as it does in the Java client, and as it was written: any base gives any timestamp back.
            TimestampType::CreateTime => self.header.base_timestamp.wrapping_add(timestamp_delta),
            TimestampType::LogAppendTime => self.header.max_timestamp,
        };
        let offset = self.header.base_offset.saturating_add(offset_delta);
        Ok(Record {
            offset,
            timestamp,
            key,
            value,
            headers,
        })
    }

    fn malformed(&self, what: &'static str) -> RecordError {
        RecordError::Malformed {
            index: self.index,
            what,
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.index >= self.header.record_count {
            return None;
        }
        let record = self.read();
        self.index = if record.is_ok() {
            self.index + 1
        } else {
            i32::MAX
        };
        Some(record)
    }
}

/// Fewer bytes than a field needs.
struct Short;

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn byte(&mut self) -> Result<u8, Short> {
        let (first, rest) = self.0.split_first().ok_or(Short)?;
        self.0 = rest;
        Ok(*first)
    }

    /// A zigzag varint of up to 64 bits.
    fn varint(&mut self) -> Result<i64, Short> {
        let mut raw = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            raw |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed());
            }
        }
        Err(Short)
    }

    /// Bytes after their length; a negative length is null.
    fn bytes(&mut self) -> Result<Option<&'a [u8]>, Short> {
        let Ok(length) = usize::try_from(self.varint()?) else {
            return Ok(None);
        };
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Short)?;
        self.0 = rest;
        Ok(Some(bytes))
    }
}
