//! What the rounds just written held, for the header of the next one: where a round is damaged, it is named by what was
//! written after it. Pure.
//!
//! The round before is always named in full. Damage seldom keeps to one small round, so those before it are named too, as far
//! as there is room in what the next round is padded with: that costs no byte on disk.

use std::collections::HashSet;

use super::round::Extent;

/// Extents of older rounds that are remembered.
const OLDER: usize = 64;

/// The newest extent of each partition that was written to, as far as it is remembered.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// Of the newest round.
    newest: Vec<Extent>,
    /// Of the rounds before it and of other partitions, the newest last.
    older: Vec<Extent>,
}

impl Recent {
    /// A round with these extents was written.
    pub(super) fn note(&mut self, round: Vec<Extent>) {
        let before = std::mem::replace(&mut self.newest, round);
        self.older.extend(before);
        let again: HashSet<_> = self.newest.iter().map(|extent| extent.partition).collect();
        self.older
            .retain(|extent| !again.contains(&extent.partition));
        let too_many = self.older.len().saturating_sub(OLDER);
        self.older.drain(..too_many);
    }

    /// Of the newest round: the next one is to name them all.
    pub(super) fn newest(&self) -> &[Extent] {
        &self.newest
    }

    /// Of the rounds before it, the newest first: the next one is to name as many as it has room for.
    pub(super) fn older(&self) -> impl Iterator<Item = Extent> {
        self.older.iter().rev().copied()
    }
}

#[cfg(test)]
mod tests {
    use wire::Uuid;

    use super::{super::PartitionKey, *};

    fn extent(partition: i32, next_offset: i64) -> Extent {
        Extent {
            partition: PartitionKey {
                topic: Uuid([1; 16]),
                partition,
            },
            first_offset: next_offset - 1,
            next_offset,
        }
    }

    #[test]
    fn each_partition_is_named_once_by_its_newest_extent() {
        let mut recent = Recent::default();
        for round in [
            vec![extent(1, 10)],
            vec![extent(2, 20), extent(1, 11)],
            vec![extent(3, 30)],
            vec![extent(2, 21), extent(4, 40)],
        ] {
            recent.note(round);
        }
        assert_eq!(recent.newest(), [extent(2, 21), extent(4, 40)]);
        let older: Vec<_> = recent.older().collect();
        assert_eq!(older, [extent(3, 30), extent(1, 11)]);
    }

    #[test]
    fn an_empty_round_forgets_nothing() {
        let mut recent = Recent::default();
        recent.note(vec![extent(1, 10)]);
        recent.note(Vec::new());
        assert!(recent.newest().is_empty());
        assert_eq!(recent.older().next(), Some(extent(1, 10)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut recent = Recent::default();
        for partition in 0..1_000 {
            recent.note(vec![extent(partition, 1)]);
        }
        assert_eq!(recent.older().count(), OLDER);
        assert_eq!(recent.older().next(), Some(extent(998, 1)));
    }
}
