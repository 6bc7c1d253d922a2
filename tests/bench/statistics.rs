//! Medians, spreads and percentiles: pure. It must not know what was measured.

use hdrhistogram::Histogram;
use serde::Serialize;

/// The percentiles a latency curve is drawn through.
const CURVE: &[f64] = &[
    10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99, 100.0,
];

/// Several runs of one figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// The middle one; between two middle ones their mean.
    pub(crate) median: f64,
    /// The smallest.
    pub(crate) min: f64,
    /// The largest.
    pub(crate) max: f64,
    /// How many runs there were.
    pub(crate) runs: usize,
}

/// The spread of `values`; `None` when there are none.
pub(crate) fn spread(values: &[f64]) -> Option<Spread> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    };
    Some(Spread {
        median,
        min,
        max,
        runs: sorted.len(),
    })
}

/// An empty histogram of nanoseconds: from a microsecond to ten minutes, three digits.
pub(crate) fn histogram() -> Histogram<u64> {
    let made = Histogram::new_with_bounds(1_000, 600_000_000_000, 3);
    made.expect("the bounds are in order")
}

/// A percentile in milliseconds.
pub(crate) fn percentile_ms(histogram: &Histogram<u64>, percentile: f64) -> f64 {
    as_ms(histogram.value_at_percentile(percentile))
}

/// Percentile and milliseconds, for a plot.
pub(crate) fn curve(histogram: &Histogram<u64>) -> Vec<(f64, f64)> {
    let point = |percentile: &f64| (*percentile, percentile_ms(histogram, *percentile));
    CURVE.iter().map(point).collect()
}

/// Whether a backlog grows: the samples' last fifth stands clearly above their second fifth. `slack` is what a
/// healthy system may hold at any moment.
pub(crate) fn grows(samples: &[f64], slack: f64) -> bool {
    let fifth = samples.len() / 5;
    if fifth == 0 {
        return false;
    }
    let median = |part: &[f64]| spread(part).map_or(0.0, |spread| spread.median);
    let early = median(&samples[fifth..2 * fifth]);
    let late = median(&samples[samples.len() - fifth..]);
    late > 2.0 * early + slack
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for people: 15 digits are enough"
)]
fn as_ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

/// A count as a figure.
#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for people: 15 digits are enough"
)]
pub(crate) fn figure(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_middle_and_the_ends() {
        assert_eq!(spread(&[]), None);
        let odd = spread(&[3.0, 1.0, 9.0]).unwrap();
        assert_eq!((odd.median, odd.min, odd.max, odd.runs), (3.0, 1.0, 9.0, 3));
        let even = spread(&[4.0, 1.0, 2.0, 100.0]).unwrap();
        assert_eq!((even.median, even.runs), (3.0, 4));
    }

    #[test]
    fn percentiles_are_in_milliseconds() {
        let mut all = histogram();
        for ms in 1..=1000 {
            all.saturating_record(ms * 1_000_000);
        }
        let within = |percentile, ms: f64| {
            let found = percentile_ms(&all, percentile);
            assert!((found - ms).abs() < ms / 500.0, "{percentile}: {found}");
        };
        within(50.0, 500.0);
        within(99.0, 990.0);
        within(99.9, 999.0);
        assert_eq!(curve(&all).len(), CURVE.len());
    }

    #[test]
    fn a_backlog_grows_only_when_its_end_stands_above_its_beginning() {
        let flat: Vec<f64> = (0..100).map(|index| f64::from(index % 7)).collect();
        assert!(!grows(&flat, 10.0));
        let rising: Vec<f64> = (0..100).map(|index| f64::from(index) * 50.0).collect();
        assert!(grows(&rising, 10.0));
        let once: Vec<f64> = (0..100)
            .map(|index| if index == 50 { 9_000.0 } else { 3.0 })
            .collect();
        assert!(!grows(&once, 10.0));
        assert!(!grows(&[5.0; 4], 0.0));
    }
}
