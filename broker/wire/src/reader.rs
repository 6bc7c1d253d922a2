//! Takes values off a frame. It can point only inside the frame, and never allocates.

use crate::{DecodeError, Problem, Uuid};

/// Memory that the decoded form of any message may take, whatever its frame's length.
const BUDGET_FLOOR: usize = 8 << 20;

/// The rest of a frame, and the memory its decoded form may still take.
///
/// Strings and bytes are borrowed and cost nothing; arrays become `Vec`s, and a few bytes of a hostile frame
/// can name an element of a hundred. So each array is checked twice before it is allocated: that many elements
/// must fit into what is left of the frame, and their memory into what is left of the budget.
#[derive(Debug)]
pub struct Reader<'a> {
    left: &'a [u8],
    budget: usize,
}

/// The head of one tagged field (KIP-482): its number and where it lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag {
    pub(crate) number: u32,
    size: usize,
    left: usize,
}

type Result<T> = std::result::Result<T, DecodeError>;

impl<'a> Reader<'a> {
    /// Reads `frame` (without its length prefix). The decoded form may take 8 MiB plus four times the frame:
    /// real messages take less than that.
    pub fn new(frame: &'a [u8]) -> Self {
        Self::with_budget(
            frame,
            BUDGET_FLOOR.saturating_add(frame.len().saturating_mul(4)),
        )
    }

    /// As [`Self::new`], with the memory in bytes that the arrays of the decoded form may take.
    pub fn with_budget(frame: &'a [u8], budget: usize) -> Self {
        Self {
            left: frame,
            budget,
        }
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.left.len()
    }

    /// Fails unless every byte was read.
    pub fn finish(&self) -> Result<()> {
        match self.left.len() {
            0 => Ok(()),
            trailing => Err(DecodeError::new(Problem::TrailingBytes(trailing))),
        }
    }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let Some((head, tail)) = self.left.split_at_checked(len) else {
            return Err(self.truncated(len));
        };
        self.left = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((head, tail)) = self.left.split_first_chunk() else {
            return Err(self.truncated(N));
        };
        self.left = tail;
        Ok(*head)
    }

    #[cold]
    fn truncated(&self, needed: usize) -> DecodeError {
        DecodeError::new(Problem::Truncated {
            needed,
            left: self.left.len(),
        })
    }

    pub(crate) fn i8(&mut self) -> Result<i8> {
        Ok(i8::from_be_bytes(self.array()?))
    }

    pub(crate) fn i16(&mut self) -> Result<i16> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    pub(crate) fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid> {
        Ok(Uuid(self.array()?))
    }

    /// An unsigned variable-length integer of at most 32 bits.
    pub(crate) fn uvarint(&mut self) -> Result<u32> {
        let mut value: u32 = 0;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            let bits = u32::from(byte & 0x7f);
            if shift == 28 && bits > 0xf {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::new(Problem::LongVarint))
    }

    /// A length or count of 16 bits; `None` is null.
    pub(crate) fn short_len(&mut self) -> Result<Option<usize>> {
        let len = self.i16()?;
        Self::len(i32::from(len))
    }

    /// A length or count of 32 bits; `None` is null.
    pub(crate) fn int_len(&mut self) -> Result<Option<usize>> {
        let len = self.i32()?;
        Self::len(len)
    }

    fn len(len: i32) -> Result<Option<usize>> {
        match usize::try_from(len) {
            Ok(len) => Ok(Some(len)),
            Err(_) if len == -1 => Ok(None),
            Err(_) => Err(DecodeError::new(Problem::NegativeLength(len))),
        }
    }

    /// A length or count of a flexible version: one more than the length, 0 is null.
    pub(crate) fn compact_len(&mut self) -> Result<Option<usize>> {
        Ok(self.uvarint()?.checked_sub(1).map(|len| len as usize))
    }

    /// Pays for a `Vec` of `count` elements: of at least `wire_size` bytes each in the frame and of `memory_size`
    /// bytes each in memory.
    pub(crate) fn claim(
        &mut self,
        count: usize,
        wire_size: usize,
        memory_size: usize,
    ) -> Result<()> {
        let needed = count.saturating_mul(wire_size.max(1));
        if needed > self.left.len() {
            return Err(self.truncated(needed));
        }
        let needed = count.saturating_mul(memory_size);
        let Some(budget) = self.budget.checked_sub(needed) else {
            return Err(DecodeError::new(Problem::OverBudget {
                needed,
                left: self.budget,
            }));
        };
        self.budget = budget;
        Ok(())
    }

    /// The head of the next tagged field; its content follows.
    pub(crate) fn tag(&mut self) -> Result<Tag> {
        let number = self.uvarint()?;
        let size = self.uvarint()? as usize;
        if size > self.left.len() {
            return Err(self.truncated(size));
        }
        Ok(Tag {
            number,
            size,
            left: self.left.len(),
        })
    }

    /// Ends a tagged field: skips it when nothing of it was read, else it must have been read to its end.
    pub(crate) fn end_tag(&mut self, tag: Tag) -> Result<()> {
        let read = tag.left - self.left.len();
        if read == 0 {
            self.take(tag.size)?;
        } else if read != tag.size {
            let (tag, said) = (tag.number, tag.size);
            return Err(DecodeError::new(Problem::TagLength { tag, said, read }));
        }
        Ok(())
    }

    /// Skips all tagged fields of a struct that has none of its own.
    pub(crate) fn skip_tags(&mut self) -> Result<()> {
        for _ in 0..self.uvarint()? {
            let tag = self.tag()?;
            self.end_tag(tag)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uvarint(bytes: &[u8]) -> std::result::Result<u32, Problem> {
        Reader::new(bytes).uvarint().map_err(|error| error.problem)
    }

    #[test]
    fn variable_length_integers_hold_at_most_32_bits() {
        assert_eq!(uvarint(&[0]), Ok(0));
        assert_eq!(uvarint(&[0xac, 0x02]), Ok(300));
        assert_eq!(uvarint(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Ok(u32::MAX));
        assert_eq!(
            uvarint(&[0xff, 0xff, 0xff, 0xff, 0x1f]),
            Err(Problem::LongVarint)
        );
        assert_eq!(
            uvarint(&[0x80, 0x80, 0x80, 0x80, 0x80, 0]),
            Err(Problem::LongVarint)
        );
        assert_eq!(
            uvarint(&[0x80]),
            Err(Problem::Truncated { needed: 1, left: 0 })
        );
    }

    #[test]
    fn a_count_pays_for_its_bytes_and_its_memory_first() {
        let frame = [0; 10];
        let mut reader = Reader::with_budget(&frame, 100);
        let over = reader.claim(11, 1, 1).unwrap_err();
        assert_eq!(
            over.problem,
            Problem::Truncated {
                needed: 11,
                left: 10
            }
        );
        let over = reader.claim(usize::MAX, 2, 1).unwrap_err();
        assert_eq!(
            over.problem,
            Problem::Truncated {
                needed: usize::MAX,
                left: 10
            }
        );
        reader.claim(6, 1, 10).unwrap();
        let over = reader.claim(6, 1, 10).unwrap_err();
        assert_eq!(
            over.problem,
            Problem::OverBudget {
                needed: 60,
                left: 40
            }
        );
    }

    #[test]
    fn an_unknown_tagged_field_is_skipped_and_a_wrong_length_refused() {
        let mut reader = Reader::new(&[1, 7, 2, 0xaa, 0xbb, 0x55]);
        reader.skip_tags().unwrap();
        assert_eq!(reader.remaining(), 1);

        let mut reader = Reader::new(&[7, 3, 0, 0, 0]);
        let tag = reader.tag().unwrap();
        reader.i16().unwrap();
        let wrong = reader.end_tag(tag).unwrap_err();
        assert_eq!(
            wrong.problem,
            Problem::TagLength {
                tag: 7,
                said: 3,
                read: 2
            }
        );
    }
}
