//! The primitives that the records of `__consumer_offsets` are made of, with every length checked.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::RecordError;

/// Reads fields off the front of a record.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    what: &'static str,
    /// Compact lengths and tagged fields (KIP-482).
    pub(super) flexible: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self {
            rest: bytes,
            what,
            flexible: false,
        }
    }

    fn short<T, E>(&self, value: Result<T, E>) -> Result<T, RecordError> {
        value.map_err(|_| RecordError::Short(self.what))
    }

    /// The version in front of a value, at most `newest`.
    pub(super) fn version(&mut self, newest: i16) -> Result<i16, RecordError> {
        let version = self.i16()?;
        if (0..=newest).contains(&version) {
            Ok(version)
        } else {
            Err(RecordError::Version(self.what, version))
        }
    }

    pub(super) fn i16(&mut self) -> Result<i16, RecordError> {
        let value = self.rest.try_get_i16();
        self.short(value)
    }

    pub(super) fn i32(&mut self) -> Result<i32, RecordError> {
        let value = self.rest.try_get_i32();
        self.short(value)
    }

    pub(super) fn i64(&mut self) -> Result<i64, RecordError> {
        let value = self.rest.try_get_i64();
        self.short(value)
    }

    pub(super) fn string(&mut self) -> Result<String, RecordError> {
        self.nullable_string()?
            .ok_or(RecordError::Length(self.what, -1))
    }

    pub(super) fn nullable_string(&mut self) -> Result<Option<String>, RecordError> {
        let length = if self.flexible {
            self.compact()?
        } else {
            i64::from(self.i16()?)
        };
        if length == -1 {
            return Ok(None);
        }
        let text = std::str::from_utf8(self.take(length)?);
        Ok(Some(
            text.map_err(|_| RecordError::Text(self.what))?.to_owned(),
        ))
    }

    pub(super) fn bytes(&mut self) -> Result<Bytes, RecordError> {
        let length = if self.flexible {
            self.compact()?
        } else {
            i64::from(self.i32()?)
        };
        // A member without subscription or assignment: the same as an empty one.
        if length == -1 {
            return Ok(Bytes::new());
        }
        Ok(Bytes::copy_from_slice(self.take(length)?))
    }

    /// The number of elements that follow.
    pub(super) fn count(&mut self) -> Result<i64, RecordError> {
        let count = if self.flexible {
            self.compact()?
        } else {
            i64::from(self.i32()?)
        };
        if count < 0 {
            Err(RecordError::Length(self.what, count))
        } else {
            Ok(count)
        }
    }

    /// Skips the tagged fields at the end of a flexible struct.
    pub(super) fn skip_tags(&mut self) -> Result<(), RecordError> {
        self.tagged(0).map(drop)
    }

    /// Reads the tagged fields at the end of a flexible struct; gives the one with this tag.
    pub(super) fn tagged(&mut self, wanted: u32) -> Result<Option<&'a [u8]>, RecordError> {
        let mut found = None;
        if !self.flexible {
            return Ok(found);
        }
        for _ in 0..self.varint()? {
            let tag = self.varint()?;
            let length = self.varint()?;
            let bytes = self.take(i64::from(length))?;
            if tag == wanted {
                found = Some(bytes);
            }
        }
        Ok(found)
    }

    /// A compact length: one more than the length, 0 for null (here -1).
    fn compact(&mut self) -> Result<i64, RecordError> {
        Ok(i64::from(self.varint()?) - 1)
    }

    fn varint(&mut self) -> Result<u32, RecordError> {
        let mut value = 0_u32;
        for shift in (0..35).step_by(7) {
            let next = self.rest.try_get_u8();
            let byte = self.short(next)?;
            value |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(RecordError::Length(self.what, i64::from(value)))
    }

    fn take(&mut self, length: i64) -> Result<&'a [u8], RecordError> {
        let length = usize::try_from(length).map_err(|_| RecordError::Length(self.what, length))?;
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(RecordError::Short(self.what))?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Writes a string.
pub(super) fn put_string(out: &mut BytesMut, text: &str) -> Result<(), RecordError> {
    out.put_i16(i16::try_from(text.len()).map_err(|_| too_long("string", text.len()))?);
    out.put_slice(text.as_bytes());
    Ok(())
}

/// Writes a compact string (KIP-482).
pub(super) fn put_compact(out: &mut BytesMut, text: &str) -> Result<(), RecordError> {
    // The bound of the older form: whatever is written can be written in both.
    let length = i16::try_from(text.len()).map_err(|_| too_long("string", text.len()))?;
    put_varint(out, u32::from(length.unsigned_abs()) + 1);
    out.put_slice(text.as_bytes());
    Ok(())
}

/// Ends a flexible struct with one tagged field (KIP-482).
pub(super) fn put_tag(out: &mut BytesMut, tag: u32, bytes: &[u8; 16]) {
    put_varint(out, 1);
    put_varint(out, tag);
    out.put_u8(16);
    out.put_slice(bytes);
}

fn put_varint(out: &mut BytesMut, mut value: u32) {
    while value >= 0x80 {
        out.put_u8(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.put_u8(value.to_le_bytes()[0]);
}

/// Writes a string that may be missing.
pub(super) fn put_nullable(out: &mut BytesMut, text: Option<&str>) -> Result<(), RecordError> {
    let Some(text) = text else {
        out.put_i16(-1);
        return Ok(());
    };
    put_string(out, text)
}

/// Writes bytes.
pub(super) fn put_bytes(out: &mut BytesMut, bytes: &[u8]) -> Result<(), RecordError> {
    out.put_i32(i32::try_from(bytes.len()).map_err(|_| too_long("bytes", bytes.len()))?);
    out.put_slice(bytes);
    Ok(())
}

fn too_long(what: &'static str, length: usize) -> RecordError {
    RecordError::Length(what, i64::try_from(length).unwrap_or(i64::MAX))
}
