//! Whether a partition is due for compaction, and which of its segments. Pure: spans and settings in, a decision out.

use super::super::{Compaction, retention::Span};

/// What to compact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// Segments before this one are written anew.
    pub(super) end: usize,
    /// The first segment with records that were not compacted before.
    pub(super) dirty_from: usize,
    /// Everything below this offset was.
    pub(super) cleaned_to: i64,
}

/// Looks at the closed segments of a partition, oldest first. None when there is nothing to gain yet.
pub(super) fn plan(
    closed: &[Span],
    cleaned_to: i64,
    compaction: &Compaction,
    stable_to: i64,
    now_ms: i64,
) -> Option<Plan> {
    let settled_at = now_ms.saturating_sub(compaction.min_lag_ms);
    let is_settled = |span: &&Span| {
        span.next_offset <= stable_to
            && (compaction.min_lag_ms == 0 || span.max_timestamp <= settled_at)
    };
    let end = closed.iter().take_while(is_settled).count();
    let settled = &closed[..end];
    let dirty_from = settled.partition_point(|span| span.next_offset <= cleaned_to);
    let dirty = &settled[dirty_from..];
    let bytes = |spans: &[Span]| {
        spans
            .iter()
            .map(|span| u128::from(span.size_bytes))
            .sum::<u128>()
    };
    let first = dirty.first()?;
    let is_dirty_enough =
        bytes(dirty) * MILLION >= bytes(settled) * u128::from(compaction.min_dirty_ppm);
    let is_late = is_overdue(first, cleaned_to, compaction, now_ms);
    (is_dirty_enough || is_late).then_some(Plan {
        end,
        dirty_from,
        cleaned_to,
    })
}

const MILLION: u128 = 1_000_000;

/// A segment holds records that must not stay uncompacted any longer (`max.compaction.lag.ms`).
pub(super) fn is_overdue(
    span: &Span,
    cleaned_to: i64,
    compaction: &Compaction,
    now_ms: i64,
) -> bool {
    let due_ms = span.first_timestamp.saturating_add(compaction.max_lag_ms);
    span.next_offset > cleaned_to && span.first_timestamp >= 0 && due_ms < now_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans() -> Vec<Span> {
        let span = |number: i64| Span {
            base_offset: number * 10,
            revision: 0,
            next_offset: number * 10 + 10,
            size_bytes: 100,
            first_timestamp: number * 1000,
            max_timestamp: number * 1000 + 999,
        };
        (0..4).map(span).collect()
    }

    fn half() -> Compaction {
        Compaction {
            min_dirty_ppm: 500_000,
            ..Compaction::default()
        }
    }

    fn ends(plan: Option<Plan>) -> Option<(usize, usize)> {
        plan.map(|plan| (plan.dirty_from, plan.end))
    }

    #[test]
    fn it_is_due_from_the_dirty_ratio_on() {
        for (cleaned_to, expected) in [
            (0, Some((0, 4))),
            (20, Some((2, 4))),
            (15, Some((1, 4))),
            (30, None),
            (40, None),
        ] {
            let found = plan(&spans(), cleaned_to, &half(), i64::MAX, 0);
            assert_eq!(ends(found), expected, "{cleaned_to}");
        }
        let always = Compaction {
            min_dirty_ppm: 0,
            ..half()
        };
        assert_eq!(ends(plan(&spans(), 40, &always, i64::MAX, 0)), None);
        assert_eq!(ends(plan(&[], 0, &always, i64::MAX, 0)), None);
    }

    #[test]
    fn what_is_young_or_of_an_open_transaction_waits() {
        let lag = Compaction {
            min_lag_ms: 500,
            ..half()
        };
        assert_eq!(ends(plan(&spans(), 0, &lag, i64::MAX, 3000)), Some((0, 2)));
        assert_eq!(ends(plan(&spans(), 0, &half(), 25, 9999)), Some((0, 2)));
        assert_eq!(ends(plan(&spans(), 0, &half(), 5, 9999)), None);
    }

    #[test]
    fn what_waited_too_long_is_due_whatever_the_ratio() {
        let lag = Compaction {
            max_lag_ms: 2000,
            ..half()
        };
        assert_eq!(ends(plan(&spans(), 30, &lag, i64::MAX, 5000)), None);
        assert_eq!(ends(plan(&spans(), 30, &lag, i64::MAX, 5001)), Some((3, 4)));
        assert!(!is_overdue(&spans()[3], 40, &lag, i64::MAX));
    }
}
