//! Tables of batches in, verdicts out; and a random walk against a plain model.

use super::*;

fn batch(producer_id: i64, epoch: i16, first: i32, count: i32) -> BatchHeader {
    let mut builder =
        wire::record_batch::BatchBuilder::default().producer(producer_id, epoch, first);
    for _ in 0..count {
        builder.push(None, Some(b"x"), 1);
    }
    BatchHeader::parse(&builder.build()).unwrap()
}

fn at(mut header: BatchHeader, offset: i64) -> BatchHeader {
    header.base_offset = offset;
    header
}

/// A partition that has taken batches of `counts` records by producer 7, from sequence and offset 0.
fn taken(counts: &[i32]) -> PartitionProducers {
    let mut producers = PartitionProducers::default();
    let mut next = 0;
    for count in counts {
        producers.record(&at(batch(7, 0, next, *count), i64::from(next)), 0);
        next += count;
    }
    producers
}

#[test]
fn a_retry_of_any_of_the_last_five_batches_gets_its_first_offset() {
    let producers = taken(&[10, 20, 30, 40, 50, 60]);
    let cases = [(10, 20), (30, 30), (60, 40), (100, 50), (150, 60)];
    for (first, count) in cases {
        let (base_offset, last_offset) = (i64::from(first), i64::from(first + count - 1));
        let verdict = producers.check(&batch(7, 0, first, count));
        assert_eq!(
            verdict,
            Ok(Verdict::Duplicate {
                base_offset,
                last_offset
            }),
            "{first}"
        );
    }
    let forgotten = producers.check(&batch(7, 0, 0, 10));
    assert_eq!(
        forgotten,
        Err(SequenceError::OutOfOrder {
            producer_id: 7,
            expected: 210,
            given: 0
        })
    );
}

#[test]
fn sequences_continue_without_gap() {
    let producers = taken(&[10]);
    assert_eq!(producers.check(&batch(7, 0, 10, 3)), Ok(Verdict::New));
    for given in [11, 9, 5] {
        let refused = SequenceError::OutOfOrder {
            producer_id: 7,
            expected: 10,
            given,
        };
        assert_eq!(producers.check(&batch(7, 0, given, 3)), Err(refused));
    }
    // The same first sequence with another count is not the same batch.
    assert!(producers.check(&batch(7, 0, 0, 9)).is_err());
}

#[test]
fn epochs_fence_and_begin_at_zero() {
    let mut producers = taken(&[10]);
    producers.record(&at(batch(7, 2, 0, 1), 10), 0);
    let stale = SequenceError::StaleEpoch {
        producer_id: 7,
        current: 2,
        given: 0,
    };
    assert_eq!(producers.check(&batch(7, 0, 10, 1)), Err(stale));
    let skipped = SequenceError::OutOfOrder {
        producer_id: 7,
        expected: 0,
        given: 4,
    };
    assert_eq!(producers.check(&batch(7, 3, 4, 1)), Err(skipped));
    assert_eq!(producers.check(&batch(7, 3, 0, 1)), Ok(Verdict::New));
    // What the old epoch wrote is no longer a duplicate.
    assert_eq!(producers.check(&batch(7, 2, 1, 1)), Ok(Verdict::New));
    assert_eq!(producers.epoch(7), Some(2));
}

#[test]
fn an_unknown_producer_may_begin_anywhere_and_none_at_all_is_never_checked() {
    let producers = taken(&[1]);
    assert_eq!(producers.check(&batch(8, 5, 1234, 1)), Ok(Verdict::New));
    assert_eq!(producers.check(&batch(-1, -1, -1, 1)), Ok(Verdict::New));
}

#[test]
fn sequences_wrap_to_zero() {
    let mut producers = PartitionProducers::default();
    producers.record(&at(batch(7, 0, i32::MAX - 1, 2), 0), 0);
    assert_eq!(producers.check(&batch(7, 0, 0, 1)), Ok(Verdict::New));
    let mut across = PartitionProducers::default();
    across.record(&at(batch(7, 0, i32::MAX, 3), 0), 0);
    assert_eq!(across.check(&batch(7, 0, 2, 1)), Ok(Verdict::New));
    let duplicate = Verdict::Duplicate {
        base_offset: 0,
        last_offset: 2,
    };
    assert_eq!(across.check(&batch(7, 0, i32::MAX, 3)), Ok(duplicate));
}

#[test]
fn the_silent_are_forgotten() {
    let mut producers = PartitionProducers::default();
    producers.record(&at(batch(1, 0, 0, 10), 0), 100);
    producers.record(&at(batch(2, 0, 0, 10), 10), 200);
    producers.record(&at(batch(3, 0, 0, 10), 20), 300);
    producers.expire(200);
    assert_eq!((producers.epoch(1), producers.epoch(2)), (None, Some(0)));
    producers.expire(301);
    assert!(producers.is_empty());
}

#[test]
fn the_number_of_producers_is_bounded() {
    let mut producers = PartitionProducers::default();
    let count = i64::try_from(MOST_PRODUCERS).unwrap() + 5;
    for id in 0..count {
        producers.record(&at(batch(id, 0, 0, 1), id), id);
    }
    assert_eq!(producers.by_id.len(), MOST_PRODUCERS);
    assert_eq!((producers.epoch(4), producers.epoch(5)), (None, Some(0)));
}

proptest::proptest! {
    /// Any mix of sends and retries within five in flight: each batch gets one offset, and always the same one (I3).
    #[test]
    fn each_batch_has_one_offset(steps in proptest::collection::vec((1_i32..5, 0_usize..8), 1..60)) {
        let mut producers = PartitionProducers::default();
        let mut sent: Vec<(BatchHeader, i64)> = Vec::new();
        let (mut sequence, mut offset) = (0, 0);
        for (count, back) in steps {
            let recent = sent.len().saturating_sub(REMEMBERED_BATCHES);
            if back < sent.len() - recent {
                let (header, base_offset) = &sent[sent.len() - 1 - back];
                let last_offset = base_offset + i64::from(header.last_offset_delta);
                let verdict = producers.check(header);
                let again = Verdict::Duplicate { base_offset: *base_offset, last_offset };
                proptest::prop_assert_eq!(verdict, Ok(again));
            } else {
                let header = batch(7, 0, sequence, count);
                proptest::prop_assert_eq!(producers.check(&header), Ok(Verdict::New));
                producers.record(&at(header, offset), 0);
                sent.push((header, offset));
                sequence += count;
                offset += i64::from(count);
            }
        }
    }
}
