//! Puts values into a frame, and notes where bytes that are not in memory belong.

use bytes::Bytes;

use crate::{EncodeError, Uuid};

/// Bytes of a frame that stand elsewhere (in a file, in the log's memory): written by whoever sends the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Splice {
    /// They belong before this index of [`Encoded::bytes`].
    pub at: usize,
    /// How many they are.
    pub len: usize,
}

/// An encoded frame. Its length prefix counts the splices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Everything but the spliced bytes.
    pub bytes: Bytes,
    /// What is missing, in the order of the frame.
    pub splices: Vec<Splice>,
}

impl Encoded {
    /// The length of the whole frame, splices included.
    pub fn len(&self) -> usize {
        self.bytes.len() + self.splices.iter().map(|splice| splice.len).sum::<usize>()
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A frame, or a part of one, that is being encoded.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    splices: Vec<Splice>,
    spliced: usize,
}

impl Writer {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The length so far, splices included.
    pub fn len(&self) -> usize {
        self.bytes.len() + self.spliced
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was written.
    pub fn finish(self) -> Encoded {
        Encoded {
            bytes: Bytes::from(self.bytes),
            splices: self.splices,
        }
    }

    /// What was written, as a frame: behind its length, which [`Self::framed`] left room for.
    pub(crate) fn finish_frame(mut self) -> Result<Encoded, EncodeError> {
        let body = self.len() - FRAME_PREFIX;
        let max = i32::MAX as usize;
        let Ok(prefix) = i32::try_from(body) else {
            return Err(EncodeError::TooLong {
                field: "",
                len: body,
                max,
            });
        };
        if let Some(room) = self.bytes.first_chunk_mut() {
            *room = prefix.to_be_bytes();
        }
        Ok(self.finish())
    }

    /// One that leaves room for the frame's length in front.
    pub(crate) fn framed() -> Self {
        let mut writer = Self::new();
        writer.put(&[0; FRAME_PREFIX]);
        writer
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn splice(&mut self, len: usize) {
        if len > 0 {
            self.splices.push(Splice {
                at: self.bytes.len(),
                len,
            });
            self.spliced += len;
        }
    }

    pub(crate) fn append(&mut self, part: Self) {
        let start = self.bytes.len();
        let moved = |splice: Splice| Splice {
            at: splice.at + start,
            ..splice
        };
        self.splices.extend(part.splices.into_iter().map(moved));
        self.spliced += part.spliced;
        self.put(&part.bytes);
    }

    pub(crate) fn i8(&mut self, value: i8) {
        self.put(&value.to_be_bytes());
    }

    pub(crate) fn i16(&mut self, value: i16) {
        self.put(&value.to_be_bytes());
    }

    pub(crate) fn i32(&mut self, value: i32) {
        self.put(&value.to_be_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.put(&value.to_be_bytes());
    }

    pub(crate) fn uuid(&mut self, value: Uuid) {
        self.put(&value.0);
    }

    pub(crate) fn uvarint(&mut self, mut value: u32) {
        loop {
            let [low, ..] = value.to_le_bytes();
            value >>= 7;
            if value == 0 && low < 0x80 {
                return self.bytes.push(low);
            }
            self.bytes.push(low | 0x80);
        }
    }

    /// A length of 16 bits; `None` is null.
    pub(crate) fn short_len(&mut self, len: Option<usize>) -> Result<(), EncodeError> {
        self.i16(narrow(len, -1, i16::MAX as usize)?);
        Ok(())
    }

    /// A length or count of 32 bits; `None` is null.
    pub(crate) fn int_len(&mut self, len: Option<usize>) -> Result<(), EncodeError> {
        self.i32(narrow(len, -1, i32::MAX as usize)?);
        Ok(())
    }

    /// A length or count of a flexible version, one more than it is; `None` is null, 0.
    pub(crate) fn compact_len(&mut self, len: Option<usize>) -> Result<(), EncodeError> {
        let len: i32 = narrow(len, -1, i32::MAX as usize)?;
        self.uvarint(len.cast_unsigned().wrapping_add(1));
        Ok(())
    }
}

/// The length as its field holds it.
fn narrow<T: TryFrom<usize>>(len: Option<usize>, null: T, max: usize) -> Result<T, EncodeError> {
    let Some(len) = len else { return Ok(null) };
    T::try_from(len).map_err(|_| EncodeError::TooLong {
        field: "",
        len,
        max,
    })
}

const FRAME_PREFIX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_counts_its_splices_and_keeps_their_places() {
        let mut part = Writer::new();
        part.i8(2);
        part.splice(30);
        let mut writer = Writer::framed();
        writer.i8(1);
        writer.splice(1000);
        writer.splice(0);
        writer.append(part);
        writer.i8(3);
        let frame = writer.finish_frame().unwrap();
        assert_eq!(&frame.bytes[..], [0, 0, 4, 9, 1, 2, 3]);
        assert_eq!(
            frame.splices,
            [Splice { at: 5, len: 1000 }, Splice { at: 6, len: 30 }]
        );
        assert_eq!(frame.len(), 4 + 1033);
    }

    #[test]
    fn lengths_above_their_field_are_refused() {
        let too_long = |len, max| {
            Err(EncodeError::TooLong {
                field: "",
                len,
                max,
            })
        };
        assert_eq!(Writer::new().short_len(Some(32768)), too_long(32768, 32767));
        assert_eq!(
            Writer::new().int_len(Some(1 << 31)),
            too_long(1 << 31, (1 << 31) - 1)
        );
        let mut writer = Writer::framed();
        writer.splice(1 << 31);
        assert!(writer.finish_frame().is_err());
    }

    #[test]
    fn variable_length_integers_are_as_short_as_they_can_be() {
        for (value, bytes) in [
            (0, &[0][..]),
            (127, &[0x7f]),
            (300, &[0xac, 2]),
            (u32::MAX, &[0xff, 0xff, 0xff, 0xff, 15]),
        ] {
            let mut writer = Writer::new();
            writer.uvarint(value);
            assert_eq!(writer.finish().bytes, bytes);
        }
    }
}
