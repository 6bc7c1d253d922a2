//! What can happen to the bytes of a file: a few changes at places, so that most of it stays as it was.

use arbitrary::Arbitrary;

/// Bytes that a disk writes or loses at once, and that rounds of the shared log begin at.
const BLOCK: usize = 4096;
/// The longest file that damage makes of one.
const MAX_LEN: usize = 1 << 20;

/// One change to one file of those that a target may damage.
#[derive(Debug, Clone, Arbitrary)]
pub struct Patch {
    /// Which file: modulo their number.
    pub file: u8,
    /// What happens to it.
    pub change: Change,
}

/// What happens to a file.
#[derive(Debug, Clone, Arbitrary)]
pub enum Change {
    /// Bits of one byte change.
    Flip {
        /// Where, modulo the length.
        at: u16,
        /// Which.
        bits: u8,
    },
    /// A number is written over.
    Write {
        /// Where, modulo the length.
        at: u16,
        /// What is there then.
        number: Number,
    },
    /// A block is as it was before it was first written.
    Zero {
        /// Which, modulo their number.
        block: u8,
    },
    /// A block has what another one has.
    Copy {
        /// Where it comes from.
        from: u8,
        /// Where it goes.
        to: u8,
    },
    /// It ends early.
    Cut {
        /// Where, modulo the length.
        at: u16,
    },
    /// It goes on.
    Grow {
        /// By so many bytes.
        by: u16,
        /// Of which all are this.
        byte: u8,
    },
    /// It is not there.
    Remove,
    /// It holds something else.
    Replace {
        /// What.
        bytes: Vec<u8>,
    },
}

/// A number in the width of a field.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Number {
    /// Sixteen bits, big-endian.
    Short(i16),
    /// Thirty-two bits, as batches have them.
    Int(i32),
    /// Sixty-four bits, as batches have them.
    Long(i64),
    /// Thirty-two bits, as the log's own files have them.
    IntLe(i32),
    /// Sixty-four bits, as the log's own files have them.
    LongLe(i64),
}

impl Change {
    /// What the file holds then; none when it is gone.
    pub fn apply(&self, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Self::Flip { at, bits } => {
                if let Some(byte) = place(*at, &bytes).and_then(|at| bytes.get_mut(at)) {
                    *byte ^= bits;
                }
            }
            Self::Write { at, number } => number.write(place(*at, &bytes), &mut bytes),
            Self::Zero { block } => {
                if let Some(range) = block_at(*block, bytes.len()) {
                    bytes[range].fill(0);
                }
            }
            Self::Copy { from, to } => copy_block(&mut bytes, *from, *to),
            Self::Cut { at } => bytes.truncate(place(*at, &bytes).unwrap_or_default()),
            Self::Grow { by, byte } => {
                let longer = bytes.len() + usize::from(*by);
                bytes.resize(longer.min(MAX_LEN), *byte);
            }
            Self::Remove => return None,
            Self::Replace { bytes } => return Some(bytes.clone()),
        }
        Some(bytes)
    }
}

impl Number {
    fn write(self, at: Option<usize>, bytes: &mut [u8]) {
        let written = match self {
            Self::Short(number) => number.to_be_bytes().to_vec(),
            Self::Int(number) => number.to_be_bytes().to_vec(),
            Self::Long(number) => number.to_be_bytes().to_vec(),
            Self::IntLe(number) => number.to_le_bytes().to_vec(),
            Self::LongLe(number) => number.to_le_bytes().to_vec(),
        };
        for (byte, new) in bytes.iter_mut().skip(at.unwrap_or_default()).zip(written) {
            *byte = new;
        }
    }
}

/// A place in `bytes`; none when there is none.
fn place(at: u16, bytes: &[u8]) -> Option<usize> {
    usize::from(at).checked_rem(bytes.len())
}

fn block_at(block: u8, len: usize) -> Option<std::ops::Range<usize>> {
    let start = usize::from(block).checked_rem(len.div_ceil(BLOCK))? * BLOCK;
    Some(start..len.min(start + BLOCK))
}

fn copy_block(bytes: &mut [u8], from: u8, to: u8) {
    let len = bytes.len();
    let (Some(from), Some(to)) = (block_at(from, len), block_at(to, len)) else {
        return;
    };
    let count = from.len().min(to.len());
    bytes.copy_within(from.start..from.start + count, to.start);
}
