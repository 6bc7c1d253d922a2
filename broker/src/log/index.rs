//! Sparse index of a segment: where batches lie, by offset and by time. Pure: bytes ↔ value, and look-ups.

use bytes::{Buf, BufMut};

/// One entry stands for about this much of the file.
const INTERVAL_BYTES: u64 = 32 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    /// Base offset of the batch at `position`.
    offset: i64,
    position: u64,
    /// Largest timestamp of all batches before it. Timestamps are not in order, so a running maximum is what can be
    /// searched.
    max_timestamp_before: i64,
}

/// Marks in file order. Missing marks make a look-up slower, never wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Index {
    marks: Vec<Mark>,
    max_timestamp: Option<i64>,
}

const MAGIC: &[u8; 8] = b"EDDYIDX1";
const CRC_LEN: usize = 4;
const MARK_LEN: usize = 24;

impl Index {
    /// The index of a segment of `size_bytes`, as it is kept beside it.
    pub(super) fn encode(&self, size_bytes: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(40 + self.marks.len() * MARK_LEN);
        out.put_slice(MAGIC);
        out.put_u64_le(size_bytes);
        out.put_u8(u8::from(self.max_timestamp.is_some()));
        out.put_i64_le(self.max_timestamp.unwrap_or_default());
        for mark in &self.marks {
            out.put_i64_le(mark.offset);
            out.put_u64_le(mark.position);
            out.put_i64_le(mark.max_timestamp_before);
        }
        let crc = crc32c::crc32c(&out);
        out.put_u32_le(crc);
        out
    }

    /// The index in `bytes`; none when it is damaged or of a segment of another size.
    pub(super) fn decode(bytes: &[u8], size_bytes: u64) -> Option<Self> {
        let (body, crc) = bytes.split_at_checked(bytes.len().checked_sub(CRC_LEN)?)?;
        if crc32c::crc32c(body).to_le_bytes() != crc {
            return None;
        }
        let mut rest = body.strip_prefix(MAGIC)?;
        if rest.try_get_u64_le().ok()? != size_bytes {
            return None;
        }
        let has_timestamp = rest.try_get_u8().ok()? != 0;
        let max_timestamp = rest.try_get_i64_le().ok()?;
        let mut marks = Vec::with_capacity(rest.len() / MARK_LEN);
        while !rest.is_empty() {
            marks.push(Mark {
                offset: rest.try_get_i64_le().ok()?,
                position: rest.try_get_u64_le().ok()?,
                max_timestamp_before: rest.try_get_i64_le().ok()?,
            });
        }
        Some(Self {
            marks,
            max_timestamp: has_timestamp.then_some(max_timestamp),
        })
    }

    /// A batch lies at `position`; called in file order.
    pub(super) fn note(&mut self, offset: i64, position: u64, max_timestamp: i64) {
        let next_mark = self
            .marks
            .last()
            .map_or(0, |mark| mark.position + INTERVAL_BYTES);
        if position >= next_mark {
            self.marks.push(Mark {
                offset,
                position,
                max_timestamp_before: self.max_timestamp.unwrap_or(i64::MIN),
            });
        }
        self.max_timestamp = self.max_timestamp.max(Some(max_timestamp));
    }

    /// A batch lies at `position`, and walks must not come to it from before.
    pub(super) fn resume(&mut self, offset: i64, position: u64) {
        self.marks.push(Mark {
            offset,
            position,
            max_timestamp_before: self.max_timestamp.unwrap_or(i64::MIN),
        });
    }

    /// Goes on with what `newer`, an index of the same file, knows of it from `position` on.
    pub(super) fn go_on_with(&mut self, newer: &Self, position: u64) {
        let marks = newer.marks.iter();
        self.marks
            .extend(marks.filter(|mark| mark.position >= position));
        self.max_timestamp = self.max_timestamp.max(newer.max_timestamp);
    }

    /// A batch start from which a walk forward meets the batch that contains `offset`.
    pub(super) fn before_offset(&self, offset: i64) -> u64 {
        let place = self.marks.partition_point(|mark| mark.offset <= offset);
        place
            .checked_sub(1)
            .map_or(0, |place| self.marks[place].position)
    }

    /// A batch start from which a walk forward meets the first batch that reaches `timestamp`.
    pub(super) fn before_time(&self, timestamp: i64) -> u64 {
        let place = self
            .marks
            .partition_point(|mark| mark.max_timestamp_before < timestamp);
        place
            .checked_sub(1)
            .map_or(0, |place| self.marks[place].position)
    }

    /// The last batch start that is marked at or below both, not before `from`.
    pub(super) fn last_within(&self, from: u64, position: u64, offset: i64) -> u64 {
        let place = self
            .marks
            .partition_point(|mark| mark.position <= position && mark.offset <= offset);
        place
            .checked_sub(1)
            .map_or(from, |place| self.marks[place].position.max(from))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_that_ends_early_goes_on_with_one_that_does_not() {
        let (mut early, mut whole) = (Index::default(), Index::default());
        for number in 0..9_i64 {
            let position = number.cast_unsigned() * INTERVAL_BYTES;
            let timestamp = if number % 2 == 0 { number } else { -number };
            whole.note(number * 10, position, timestamp);
            if number < 4 {
                early.note(number * 10, position, timestamp);
            }
        }
        early.go_on_with(&whole, 4 * INTERVAL_BYTES);
        assert_eq!(early, whole);
    }

    #[test]
    fn it_reads_back_and_any_damage_is_noticed() {
        let mut index = Index::default();
        for number in 0..5_i64 {
            let position = number.cast_unsigned() * INTERVAL_BYTES;
            index.note(number * 10, position, 100 - number);
        }
        let bytes = index.encode(77);
        assert_eq!(Index::decode(&bytes, 77), Some(index));
        assert_eq!(Index::decode(&bytes, 78), None);
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 4;
            assert_eq!(Index::decode(&bad, 77), None, "byte {at}");
            assert_eq!(Index::decode(&bytes[..at], 77), None, "length {at}");
        }
        let empty = Index::default();
        assert_eq!(Index::decode(&empty.encode(0), 0), Some(empty));
    }

    proptest! {
        #[test]
        fn look_ups_agree_with_brute_force(
            batches in proptest::collection::vec((1_i64..50, 1_u64..60_000, 0_i64..1_000), 1..80),
            time in 0_i64..1_000,
            pick in any::<proptest::sample::Index>(),
        ) {
            let mut index = Index::default();
            let mut placed = Vec::new();
            let (mut offset, mut position) = (100, 0);
            for (count, size, timestamp) in batches {
                index.note(offset, position, timestamp);
                placed.push((offset, offset + count, position, timestamp));
                offset += count;
                position += size;
            }
            let (target, ..) = *pick.get(&placed);
            let start = index.before_offset(target);
            let found = placed.iter().find(|batch| batch.2 >= start && batch.1 > target);
            let brute = placed.iter().find(|batch| batch.1 > target);
            prop_assert_eq!(found, brute);
            prop_assert!(brute.unwrap().2 - start < INTERVAL_BYTES + 60_000);
            let start = index.before_time(time);
            let found = placed.iter().find(|batch| batch.2 >= start && batch.3 >= time);
            prop_assert_eq!(found, placed.iter().find(|batch| batch.3 >= time));
            let last = index.last_within(0, position / 2, target);
            prop_assert!(placed.iter().any(|batch| batch.2 == last && batch.2 <= position / 2 && batch.0 <= target) || last == 0);
        }
    }
}
