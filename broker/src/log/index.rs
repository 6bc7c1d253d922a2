//! Sparse index of a segment: where batches lie, by offset and by time. Kept in memory; rebuilt from the file on first use.
//! Pure.

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

impl Index {
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
