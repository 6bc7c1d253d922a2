//! Rounds: the frames of the shared log. A round is one write; its header says what is in it, what was durable before it,
//! and, once more, what the rounds before it held, so that damaged rounds can still be named by the one after them.
//!
//! Layout, little-endian: header (fixed part, one entry per batch, one extent per partition of the previous rounds) ·
//! batches · zeros up to the next multiple of [`BLOCK`]. A log sequence number (lsn) is a byte position in the log as a
//! whole, counted from the first file ever written.

use bytes::{Buf, BufMut};
use wire::Uuid;

use super::PartitionKey;

/// Rounds start and end at multiples of this.
pub(super) const BLOCK_LEN: usize = 4096;
pub(super) const BLOCK: u64 = BLOCK_LEN as u64;

const MAGIC: &[u8; 8] = b"EDDYRND1";
const FIXED_LEN: usize = 68;
const HEADER_CRC_AT: usize = 64;
const ENTRY_LEN: usize = 40;
const EXTENT_LEN: usize = 36;
/// A round has at most as many entries as batches of 61 bytes fit in it; this bounds what a damaged count can ask for.
const MAX_HEADER_LEN: usize = 1 << 28;

/// Whether a block may be the beginning of a round.
pub(super) fn is_round_start(block: &[u8]) -> bool {
    block.starts_with(MAGIC)
}

/// What an entry of a round is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A partition begins.
    Create,
    /// A batch is appended.
    Batch,
}

/// One entry of a round: a batch, or the beginning of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) partition: PartitionKey,
    /// Offset of the first record.
    pub(super) base_offset: i64,
    /// Offsets the batch takes.
    pub(super) offset_count: u32,
    /// Bytes of the batch.
    pub(super) size_bytes: u32,
}

impl Entry {
    pub(super) fn next_offset(&self) -> i64 {
        self.base_offset
            .saturating_add(i64::from(self.offset_count))
    }
}

/// The offsets a round holds of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) partition: PartitionKey,
    pub(super) first_offset: i64,
    pub(super) next_offset: i64,
}

/// The extents of entries, in order of first appearance; offsets of one partition follow each other within a round.
pub(super) fn extents(entries: &[Entry]) -> Vec<Extent> {
    let mut extents: Vec<Extent> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for entry in entries {
        let place = *places.entry(entry.partition).or_insert_with(|| {
            extents.push(Extent {
                partition: entry.partition,
                first_offset: entry.base_offset,
                next_offset: entry.base_offset,
            });
            extents.len() - 1
        });
        extents[place].next_offset = entry.next_offset();
    }
    extents
}

/// Header of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RoundHeader {
    /// The start of the broker that wrote it.
    pub(super) run: u64,
    /// Counts rounds within a run.
    pub(super) round: u64,
    /// Where the round begins.
    pub(super) lsn: u64,
    /// Everything before this was durable when the round was written.
    pub(super) durable_lsn: u64,
    /// Bytes of all batches together.
    pub(super) payload_len: u64,
    /// CRC-32C of the batches.
    pub(super) payload_crc: u32,
    pub(super) entries: Vec<Entry>,
    /// Of the round before, and of some before that.
    pub(super) previous: Vec<Extent>,
}

impl RoundHeader {
    /// Bytes of the header.
    pub(super) fn header_len(&self) -> usize {
        FIXED_LEN + self.entries.len() * ENTRY_LEN + self.previous.len() * EXTENT_LEN
    }

    /// Bytes of the round, padding included.
    pub(super) fn size_bytes(&self) -> u64 {
        (self.header_len() as u64)
            .saturating_add(self.payload_len)
            .next_multiple_of(BLOCK)
    }

    /// Extents that it can name beyond these and be no longer.
    pub(super) fn spare_extents(&self) -> usize {
        let used = self.header_len() as u64 + self.payload_len;
        usize::try_from(self.size_bytes() - used).unwrap_or_default() / EXTENT_LEN
    }

    /// Where the next round begins.
    pub(super) fn end_lsn(&self) -> u64 {
        self.lsn.saturating_add(self.size_bytes())
    }

    /// The header as bytes, checksum included.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.header_len());
        out.put_slice(MAGIC);
        out.put_u64_le(self.run);
        out.put_u64_le(self.round);
        out.put_u64_le(self.lsn);
        out.put_u64_le(self.durable_lsn);
        out.put_u32_le(truncate(self.header_len()));
        out.put_u64_le(self.payload_len);
        out.put_u32_le(truncate(self.entries.len()));
        out.put_u32_le(truncate(self.previous.len()));
        out.put_u32_le(self.payload_crc);
        out.put_u32_le(0);
        for entry in &self.entries {
            out.put_u32_le(match entry.kind {
                Kind::Create => 1,
                Kind::Batch => 2,
            });
            put_key(&mut out, entry.partition);
            out.put_i64_le(entry.base_offset);
            out.put_u32_le(entry.offset_count);
            out.put_u32_le(entry.size_bytes);
        }
        for extent in &self.previous {
            put_key(&mut out, extent.partition);
            out.put_i64_le(extent.first_offset);
            out.put_i64_le(extent.next_offset);
        }
        let crc = crc32c::crc32c(&out);
        out[HEADER_CRC_AT..FIXED_LEN].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Length of the header that starts here, when it looks like one.
    pub(super) fn peek_len(block: &[u8]) -> Option<usize> {
        let mut fixed = block.get(..FIXED_LEN)?;
        if fixed.get(..MAGIC.len())? != MAGIC {
            return None;
        }
        fixed.advance(40);
        let header_len = fixed.get_u32_le() as usize;
        (FIXED_LEN..=MAX_HEADER_LEN)
            .contains(&header_len)
            .then_some(header_len)
    }

    /// The header in exactly `bytes`; none when the checksum or a length does not fit.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut crc = crc32c::crc32c(bytes.get(..HEADER_CRC_AT)?);
        crc = crc32c::crc32c_append(crc, &[0; 4]);
        crc = crc32c::crc32c_append(crc, bytes.get(FIXED_LEN..)?);
        let mut rest = &bytes[MAGIC.len()..];
        let (run, round) = (rest.get_u64_le(), rest.get_u64_le());
        let (lsn, durable_lsn) = (rest.get_u64_le(), rest.get_u64_le());
        let header_len = rest.get_u32_le() as usize;
        let payload_len = rest.get_u64_le();
        let (entry_count, extent_count) = (rest.get_u32_le() as usize, rest.get_u32_le() as usize);
        let payload_crc = rest.get_u32_le();
        let wanted = entry_count
            .checked_mul(ENTRY_LEN)?
            .checked_add(extent_count.checked_mul(EXTENT_LEN)?)?
            .checked_add(FIXED_LEN)?;
        if rest.get_u32_le() != crc || wanted != bytes.len() || header_len != wanted {
            return None;
        }
        let mut entries = Vec::with_capacity(entry_count);
        for _ in 0..entry_count {
            entries.push(Entry {
                kind: match rest.get_u32_le() {
                    1 => Kind::Create,
                    2 => Kind::Batch,
                    _ => return None,
                },
                partition: take_key(&mut rest),
                base_offset: rest.get_i64_le(),
                offset_count: rest.get_u32_le(),
                size_bytes: rest.get_u32_le(),
            });
        }
        let mut previous = Vec::with_capacity(extent_count);
        for _ in 0..extent_count {
            previous.push(Extent {
                partition: take_key(&mut rest),
                first_offset: rest.get_i64_le(),
                next_offset: rest.get_i64_le(),
            });
        }
        let held: u64 = entries
            .iter()
            .map(|entry| u64::from(entry.size_bytes))
            .sum();
        (held == payload_len).then_some(Self {
            run,
            round,
            lsn,
            durable_lsn,
            payload_len,
            payload_crc,
            entries,
            previous,
        })
    }
}

pub(super) fn put_key(out: &mut impl BufMut, key: PartitionKey) {
    out.put_slice(&key.topic.0);
    out.put_i32_le(key.partition);
}

/// The caller has checked that 20 bytes are left.
pub(super) fn take_key(rest: &mut &[u8]) -> PartitionKey {
    let mut topic = [0; 16];
    rest.copy_to_slice(&mut topic);
    PartitionKey {
        topic: Uuid(topic),
        partition: rest.get_i32_le(),
    }
}

/// Counts in a header are bounded far below this by the size of a round.
fn truncate(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(number: i32) -> PartitionKey {
        PartitionKey {
            topic: Uuid([7; 16]),
            partition: number,
        }
    }

    fn batch(partition: i32, base_offset: i64, offset_count: u32) -> Entry {
        Entry {
            kind: Kind::Batch,
            partition: key(partition),
            base_offset,
            offset_count,
            size_bytes: 100,
        }
    }

    fn sample() -> RoundHeader {
        let entries = vec![batch(0, 5, 2), batch(1, 0, 1), batch(0, 7, 3)];
        RoundHeader {
            run: 3,
            round: 9,
            lsn: 8192,
            durable_lsn: 4096,
            payload_len: 300,
            payload_crc: 77,
            previous: extents(&entries),
            entries,
        }
    }

    #[test]
    fn a_header_reads_back() {
        let bytes = sample().encode();
        assert_eq!(RoundHeader::peek_len(&bytes), Some(bytes.len()));
        assert_eq!(RoundHeader::decode(&bytes), Some(sample()));
        assert_eq!(sample().end_lsn(), 8192 + 4096);
    }

    #[test]
    fn extents_join_the_batches_of_a_partition() {
        assert_eq!(
            extents(&sample().entries),
            [
                Extent {
                    partition: key(0),
                    first_offset: 5,
                    next_offset: 10
                },
                Extent {
                    partition: key(1),
                    first_offset: 0,
                    next_offset: 1
                },
            ]
        );
    }

    #[test]
    fn any_flipped_bit_makes_it_invalid() {
        let good = sample().encode();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let peeked = RoundHeader::peek_len(&bad) == Some(bad.len());
            assert!(!peeked || RoundHeader::decode(&bad).is_none(), "byte {at}");
        }
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            RoundHeader::peek_len(&bytes);
            prop_assert_eq!(RoundHeader::decode(&bytes), None);
        }
    }
}
