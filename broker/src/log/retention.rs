//! When a segment file ends and when it goes. Pure: spans and settings in, a decision out.

use super::Policy;

/// Files never grow beyond this, whatever the topic asks, so that retention and checkpoints work in small steps.
const MAX_SEGMENT_BYTES: u64 = 64 << 20;
/// Below this more files would cost more than the precision is worth.
const MIN_SEGMENT_BYTES: u64 = 4096;
/// A file covers at most this part of a retention, so that never much more than the retention is held.
const PARTS: u64 = 8;

/// What the decisions need to know of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) base_offset: i64,
    /// How often the segment was written anew by compaction; each time into another file.
    pub(super) revision: u32,
    pub(super) next_offset: i64,
    pub(super) size_bytes: u64,
    /// Timestamp of the first batch.
    pub(super) first_timestamp: i64,
    /// Largest timestamp; below 0 when its records have none.
    pub(super) max_timestamp: i64,
}

/// A batch that is about to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Follower {
    pub(super) next_offset: i64,
    pub(super) size_bytes: u64,
    pub(super) max_timestamp: i64,
}

/// Whether `next` goes into a new file.
pub(super) fn must_roll(span: &Span, next: &Follower, policy: &Policy) -> bool {
    let by_retention = policy
        .retention_bytes
        .map_or(u64::MAX, |bytes| bytes / PARTS);
    let limit_bytes = policy
        .segment_bytes
        .min(by_retention)
        .clamp(MIN_SEGMENT_BYTES, MAX_SEGMENT_BYTES);
    let by_retention = policy
        .retention_ms
        .map_or(i64::MAX, |ms| ms / PARTS.cast_signed());
    let limit_ms = policy.segment_ms.min(by_retention).max(1);
    let too_large = span.size_bytes.saturating_add(next.size_bytes) > limit_bytes;
    let too_long = next.max_timestamp.saturating_sub(span.first_timestamp) > limit_ms;
    // Offsets inside a segment are kept as differences of 31 bits by every Kafka tool that reads such a file.
    let too_many = next.next_offset.saturating_sub(span.base_offset) > i64::from(i32::MAX);
    too_large || too_long || too_many
}

/// How many of the oldest segments go. All of them means the newest too, once its own newest record is expired.
pub(super) fn expired(spans: &[Span], policy: &Policy, now_ms: i64) -> usize {
    by_time(spans, policy, now_ms).max(by_size(spans, policy))
}

fn by_time(spans: &[Span], policy: &Policy, now_ms: i64) -> usize {
    let Some(retention_ms) = policy.retention_ms else {
        return 0;
    };
    let oldest_kept = now_ms.saturating_sub(retention_ms);
    let mut gone = 0;
    for (place, span) in spans.iter().enumerate() {
        // One without a time, as compaction leaves where it took every record, goes with the next that is expired.
        if span.max_timestamp < 0 {
            continue;
        }
        if span.max_timestamp >= oldest_kept {
            break;
        }
        gone = place + 1;
    }
    gone
}

fn by_size(spans: &[Span], policy: &Policy) -> usize {
    let Some(limit) = policy.retention_bytes else {
        return 0;
    };
    let mut held: u64 = spans.iter().map(|span| span.size_bytes).sum();
    spans
        .iter()
        .take_while(|span| {
            let goes = held.saturating_sub(span.size_bytes) >= limit;
            held = held.saturating_sub(span.size_bytes);
            goes
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(number: i64, size_bytes: u64) -> Span {
        Span {
            base_offset: number * 10,
            revision: 0,
            next_offset: number * 10 + 10,
            size_bytes,
            first_timestamp: number * 1_000,
            max_timestamp: number * 1_000 + 999,
        }
    }

    fn policy(retention_ms: Option<i64>, retention_bytes: Option<u64>) -> Policy {
        Policy {
            retention_ms,
            retention_bytes,
            ..Policy::default()
        }
    }

    #[test]
    fn oldest_segments_go_by_time() {
        let spans: Vec<_> = (0..4).map(|number| span(number, 100)).collect();
        for (now_ms, expected) in [(0, 0), (2_999, 0), (3_000, 1), (4_500, 2), (6_000, 4)] {
            assert_eq!(
                expired(&spans, &policy(Some(2_000), None), now_ms),
                expected,
                "{now_ms}"
            );
        }
        assert_eq!(expired(&spans, &policy(None, None), i64::MAX), 0);
    }

    #[test]
    fn a_newer_record_in_an_old_segment_keeps_what_follows() {
        let mut spans: Vec<_> = (0..3).map(|number| span(number, 100)).collect();
        spans[0].max_timestamp = 9_000;
        assert_eq!(expired(&spans, &policy(Some(1_000), None), 9_500), 0);
    }

    #[test]
    fn records_without_a_timestamp_never_expire_by_time() {
        let mut spans = vec![span(0, 100)];
        spans[0].max_timestamp = -1;
        assert_eq!(expired(&spans, &policy(Some(1), None), i64::MAX), 0);
    }

    #[test]
    fn what_compaction_emptied_goes_with_the_next_that_is_expired() {
        let mut spans: Vec<_> = (0..4).map(|number| span(number, 100)).collect();
        for place in [0, 2] {
            spans[place].max_timestamp = -1;
        }
        for (now_ms, expected) in [(3_999, 0), (4_000, 2), (5_999, 2), (6_000, 4)] {
            assert_eq!(
                expired(&spans, &policy(Some(2_000), None), now_ms),
                expected,
                "{now_ms}"
            );
        }
    }

    #[test]
    fn oldest_segments_go_by_size_and_never_inside_the_limit() {
        let spans: Vec<_> = (0..4).map(|number| span(number, 100)).collect();
        for (limit, expected) in [(0, 4), (100, 3), (150, 2), (300, 1), (301, 0), (900, 0)] {
            assert_eq!(
                expired(&spans, &policy(None, Some(limit)), 0),
                expected,
                "{limit}"
            );
        }
    }

    #[test]
    fn files_roll_at_an_eighth_of_the_retention() {
        let next = |size_bytes, max_timestamp| Follower {
            next_offset: 11,
            size_bytes,
            max_timestamp,
        };
        let small = policy(Some(8_000), Some(80_000));
        let open = Span {
            size_bytes: 9_000,
            ..span(0, 0)
        };
        assert!(!must_roll(&open, &next(1_000, 1_000), &small));
        assert!(must_roll(&open, &next(1_001, 1_000), &small));
        assert!(must_roll(&open, &next(1, 1_001), &small));
        let large = Span {
            size_bytes: MAX_SEGMENT_BYTES,
            ..open
        };
        assert!(must_roll(&large, &next(1, 0), &Policy::default()));
        let far = Follower {
            next_offset: i64::from(i32::MAX) + 1,
            size_bytes: 1,
            max_timestamp: 0,
        };
        assert!(must_roll(&open, &far, &Policy::default()));
    }
}
