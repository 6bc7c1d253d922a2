//! Frames of broken or hostile clients: an error that says what is wrong, no panic, no memory.

use super::{Random, for_all};
use crate::messages::metadata;
use crate::{DecodeError, Message, Problem, Reader, RequestHeader};

#[test]
fn a_message_cut_anywhere_is_an_error() {
    for_all(|codec, version| {
        let whole = (codec.sample)(&mut Random(7), version);
        for len in 0..whole.len() {
            let cut = (codec.again)(&whole[..len], version, 1 << 20);
            let error = cut.expect_err("a part of a message is no message");
            assert_eq!(error.message, format!("{} {}", codec.api, codec.kind));
            assert_eq!(error.version, version);
        }
    });
}

#[test]
fn a_byte_too_many_is_left_to_the_caller() {
    for_all(|codec, version| {
        let mut long = (codec.sample)(&mut Random(7), version);
        long.push(0);
        let error = (codec.again)(&long, version, 1 << 20).unwrap_err();
        assert_eq!(error.problem, Problem::TrailingBytes(1), "{error}");
    });
}

#[test]
fn huge_lengths_anywhere_take_no_more_than_the_budget() {
    const HUGE: [&[u8]; 3] = [
        &[0x7f, 0xff, 0xff, 0xff],
        &[0x80, 0, 0, 0],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
    ];
    for_all(|codec, version| {
        let whole = (codec.sample)(&mut Random(11), version);
        for at in 0..whole.len() {
            for huge in HUGE {
                let mut hostile = whole.clone();
                hostile.splice(at..(at + huge.len()).min(whole.len()), huge.iter().copied());
                // Reading it or refusing it are both right: only a panic or an allocation outside the budget is wrong.
                let _ = (codec.again)(&hostile, version, 64 << 10);
            }
        }
    });
}

#[test]
fn random_bytes_do_not_panic() {
    for_all(|codec, version| {
        for seed in 0..60 {
            let mut random = Random(seed);
            let len = random.below(200);
            let bytes: Vec<u8> = (0..len)
                .map(|_| random.next().to_le_bytes()[0] >> (seed % 8))
                .collect();
            let _ = (codec.again)(&bytes, version, 64 << 10);
            let _ = RequestHeader::decode(&mut Reader::new(&bytes));
        }
    });
}

fn metadata(
    bytes: &[u8],
    version: i16,
    budget: usize,
) -> Result<metadata::Request<'_>, DecodeError> {
    metadata::Request::decode(&mut Reader::with_budget(bytes, budget), version)
}

#[test]
fn eight_bytes_that_claim_two_billion_topics_are_refused_before_any_allocation() {
    let error = metadata(&[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0], 1, usize::MAX).unwrap_err();
    assert_eq!(
        error.problem,
        Problem::Truncated {
            needed: 2 * 0x7fff_ffff,
            left: 4
        }
    );
    assert_eq!(
        error.to_string(),
        "decode Metadata request v1, field Request.topics: 4294967294 bytes needed, 4 left in the frame"
    );
}

#[test]
fn real_but_many_elements_are_refused_when_their_memory_is_above_the_budget() {
    let mut frame = 50_000_i32.to_be_bytes().to_vec();
    frame.resize(4 + 2 * 50_000, 0);
    let of_topic = size_of::<metadata::MetadataRequestTopic<'_>>();
    assert!(metadata(&frame, 1, 50_000 * of_topic).is_ok());
    let error = metadata(&frame, 1, 50_000 * of_topic - 1).unwrap_err();
    assert!(
        matches!(error.problem, Problem::OverBudget { .. }),
        "{error}"
    );
}

#[test]
fn an_unknown_version_is_refused() {
    for_all(|codec, _| {
        for version in [codec.versions.start() - 1, codec.versions.end() + 1] {
            let error = (codec.again)(&[0; 100], version, 1 << 20).unwrap_err();
            assert!(
                matches!(error.problem, Problem::UnsupportedVersion { .. }),
                "{error}"
            );
        }
    });
}

#[test]
fn strings_must_be_utf8_and_nulls_allowed() {
    let error = metadata(&[0, 0, 0, 1, 0, 1, 0xff], 1, 1000).unwrap_err();
    assert_eq!(
        (error.problem, error.field),
        (Problem::NotUtf8, "MetadataRequestTopic.name")
    );
    let error = metadata(&[0, 0, 0, 1, 0xff, 0xff], 1, 1000).unwrap_err();
    assert_eq!(
        (error.problem, error.field),
        (Problem::Null, "MetadataRequestTopic.name")
    );
    let error = metadata(&[0, 0, 0, 1, 0x80, 0], 1, 1000).unwrap_err();
    assert_eq!(error.problem, Problem::NegativeLength(-32768));
    assert!(
        metadata(&[0xff, 0xff, 0xff, 0xff], 1, 1000)
            .unwrap()
            .topics
            .is_none()
    );
    assert_eq!(
        metadata(&[0xff, 0xff, 0xff, 0xff], 0, 1000)
            .unwrap_err()
            .problem,
        Problem::Null
    );
}
