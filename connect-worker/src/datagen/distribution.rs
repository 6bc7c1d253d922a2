//! A choice among values by weight, exact in whole numbers.

use super::random::Draws;

/// Values with weights.
#[derive(Debug, Clone)]
pub(super) struct Weighted<T> {
    /// Each value with the sum of the weights up to and with its own; the last sum is above 0.
    sums: Vec<(u64, T)>,
}

impl<T: Copy> Weighted<T> {
    /// A choice among `weights`; at least one weight is above 0.
    pub(super) fn new(weights: impl IntoIterator<Item = (T, u32)>) -> Self {
        let mut sum = 0;
        let sums: Vec<_> = weights
            .into_iter()
            .filter(|(_, weight)| *weight > 0)
            .map(|(value, weight)| {
                sum += u64::from(weight);
                (sum, value)
            })
            .collect();
        debug_assert!(!sums.is_empty(), "a choice has something to choose");
        Self { sums }
    }

    /// A value, by weight.
    pub(super) fn choose(&self, draws: &mut Draws) -> T {
        let total = self.sums.last().map_or(1, |(sum, _)| *sum);
        let point = draws.below(total);
        self.sums[self.sums.partition_point(|(sum, _)| *sum <= point)].1
    }
}

/// A choice among few values by weight, without a table made beforehand.
pub(super) fn choose<T: Copy>(draws: &mut Draws, weights: &[(T, u32)]) -> T {
    let total = weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let mut point = draws.below(total);
    for (value, weight) in weights {
        match point.checked_sub(u64::from(*weight)) {
            Some(rest) => point = rest,
            None => return *value,
        }
    }
    weights[weights.len() - 1].0
}

#[cfg(test)]
mod tests {
    use super::{super::random::Streams, *};

    #[test]
    fn both_choices_follow_the_weights() {
        let weights = [('a', 1), ('b', 0), ('c', 3)];
        let table = Weighted::new(weights);
        let mut draws = Streams::new(1, "weights").at(0);
        let mut counts = [[0; 3]; 2];
        for _ in 0..4000 {
            for (row, value) in [table.choose(&mut draws), choose(&mut draws, &weights)]
                .into_iter()
                .enumerate()
            {
                counts[row][value as usize - 'a' as usize] += 1;
            }
        }
        for [a, b, c] in counts {
            assert_eq!(b, 0);
            assert!(
                (900..1100).contains(&a) && (2900..3100).contains(&c),
                "{counts:?}"
            );
        }
    }
}
