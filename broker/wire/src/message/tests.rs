//! What the field notes promise: nothing is lost silently, and nulls go only where they may.

use crate::messages::{fetch, find_coordinator, metadata, produce};
use crate::{EncodeError, Message, Reader, Writer};

fn encode<'a>(message: &impl Message<'a>, version: i16) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::new();
    message.encode(&mut writer, version)?;
    Ok(writer.finish().bytes.to_vec())
}

#[test]
fn a_value_that_the_version_cannot_carry_is_an_error_unless_it_is_the_default() {
    let request = metadata::Request {
        allow_auto_topic_creation: false,
        ..Default::default()
    };
    let field = "Request.allow_auto_topic_creation";
    assert_eq!(
        encode(&request, 3),
        Err(EncodeError::Lost { field, version: 3 })
    );
    assert!(encode(&request, 4).is_ok());
    assert!(encode(&metadata::Request::default(), 3).is_ok());
}

#[test]
fn an_ignorable_value_is_left_out_of_versions_without_it() {
    let answer = metadata::Response {
        controller_id: 7,
        ..Default::default()
    };
    assert_eq!(
        encode(&answer, 0),
        encode(&metadata::Response::default(), 0)
    );
    assert_ne!(
        encode(&answer, 1),
        encode(&metadata::Response::default(), 1)
    );
}

#[test]
fn null_goes_only_where_the_version_allows_it() {
    let request = metadata::Request {
        topics: None,
        ..Default::default()
    };
    let field = "Request.topics";
    assert_eq!(
        encode(&request, 0),
        Err(EncodeError::Null { field, version: 0 })
    );
    assert_eq!(encode(&request, 1), Ok(vec![255; 4]));
}

#[test]
fn a_string_above_32767_bytes_is_an_error_in_every_version() {
    let key = "k".repeat(32768);
    let old = find_coordinator::Request {
        key: key.as_str().into(),
        ..Default::default()
    };
    let new = find_coordinator::Request {
        coordinator_keys: vec![key.as_str().into()],
        ..Default::default()
    };
    let too_long = |field| {
        Err(EncodeError::TooLong {
            field,
            len: 32768,
            max: 32767,
        })
    };
    assert_eq!(encode(&old, 0), too_long("Request.key"));
    assert_eq!(encode(&new, 4), too_long("Request.coordinator_keys"));
}

#[test]
fn a_tagged_field_is_sent_only_when_it_says_something() {
    let leader = produce::LeaderIdAndEpoch {
        leader_id: 1,
        leader_epoch: 2,
    };
    let plain = produce::PartitionProduceResponse::default();
    let told = produce::PartitionProduceResponse {
        current_leader: leader,
        ..plain.clone()
    };
    let answer = |partition| produce::Response {
        responses: vec![produce::TopicProduceResponse {
            partition_responses: vec![partition],
            ..Default::default()
        }],
        ..Default::default()
    };
    let (plain, told) = (answer(plain), answer(told));
    // Tag, length, two numbers, and the tagged fields of the inner struct.
    let more = encode(&told, 10).unwrap().len() - encode(&plain, 10).unwrap().len();
    assert_eq!(more, 1 + 1 + 8 + 1);
    let bytes = encode(&told, 10).unwrap();
    assert_eq!(
        produce::Response::decode(&mut Reader::new(&bytes), 10),
        Ok(told)
    );
}

#[test]
fn an_old_version_without_tags_refuses_what_only_a_tag_can_say() {
    let replica_state = fetch::ReplicaState {
        replica_id: 1,
        replica_epoch: 1,
    };
    let request = fetch::Request {
        replica_state,
        ..Default::default()
    };
    let field = "Request.replica_state";
    assert_eq!(
        encode(&request, 11),
        Err(EncodeError::Lost { field, version: 11 })
    );
}

#[test]
fn a_version_that_is_not_spoken_is_an_error() {
    let error = encode(&produce::Request::default(), 2).unwrap_err();
    assert_eq!(
        error.to_string(),
        "encode Produce request: version 2 is not one of 3 to 13"
    );
}
