//! Which leader epoch began at which offset: what `OffsetForLeaderEpoch` is answered from. Pure.

use super::EpochEnd;

/// Epochs of one partition with the offset each began at, rising in both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Epochs(Vec<(i32, i64)>);

impl Epochs {
    pub(super) fn new(entries: Vec<(i32, i64)>) -> Self {
        Self(entries)
    }

    /// The partition goes on in `epoch` from `start_offset`. Epochs in which nothing was appended are forgotten.
    pub(super) fn begin(&mut self, epoch: i32, start_offset: i64) {
        self.0
            .retain(|&(known, start)| known < epoch && start < start_offset);
        self.0.push((epoch, start_offset));
    }

    /// As (epoch, start offset), oldest first.
    pub(super) fn entries(&self) -> &[(i32, i64)] {
        &self.0
    }

    /// Where `epoch` ends, when the log ends at `end_offset`. None for an epoch that has not begun.
    pub(super) fn end_of(&self, epoch: i32, end_offset: i64) -> Option<EpochEnd> {
        let (latest, _) = *self.0.last()?;
        if epoch < 0 || epoch > latest {
            return None;
        }
        if epoch == latest {
            return Some(EpochEnd {
                leader_epoch: latest,
                end_offset,
            });
        }
        let later = self.0.partition_point(|&(known, _)| known <= epoch);
        let (_, next_start) = self.0[later];
        let leader_epoch = later.checked_sub(1).map_or(epoch, |place| self.0[place].0);
        Some(EpochEnd {
            leader_epoch,
            end_offset: next_start,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_epoch_ends_where_the_next_begins() {
        let mut epochs = Epochs::default();
        for (epoch, start) in [(0, 0), (2, 10), (5, 25)] {
            epochs.begin(epoch, start);
        }
        let cases = [
            (-1, None),
            (0, Some((0, 10))),
            (1, Some((0, 10))),
            (2, Some((2, 25))),
            (4, Some((2, 25))),
            (5, Some((5, 40))),
            (6, None),
        ];
        for (epoch, expected) in cases {
            let found = epochs
                .end_of(epoch, 40)
                .map(|end| (end.leader_epoch, end.end_offset));
            assert_eq!(found, expected, "epoch {epoch}");
        }
    }

    #[test]
    fn an_epoch_without_records_leaves_no_trace() {
        let mut epochs = Epochs::default();
        epochs.begin(0, 0);
        epochs.begin(1, 10);
        epochs.begin(2, 10);
        assert_eq!(epochs.entries(), [(0, 0), (2, 10)]);
        let end = epochs.end_of(1, 12);
        assert_eq!(
            end,
            Some(EpochEnd {
                leader_epoch: 0,
                end_offset: 10
            })
        );
    }

    #[test]
    fn an_epoch_from_before_the_partition_ends_where_it_begins() {
        let epochs = Epochs::new(vec![(3, 0)]);
        assert_eq!(
            epochs.end_of(1, 9),
            Some(EpochEnd {
                leader_epoch: 1,
                end_offset: 0
            })
        );
        assert_eq!(Epochs::default().end_of(0, 0), None);
    }
}
