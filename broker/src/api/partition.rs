//! What the data APIs share: finding the partition a request names, and checking the leader epoch it believes in.

use std::sync::Arc;

use wire::{ErrorCode, Uuid};

use crate::Broker;
use crate::log::PartitionKey;
use crate::topics::Topic;

/// Finds a topic by id where the version has ids (`Some`), else by name.
pub(super) fn find_topic(
    broker: &Broker,
    name: &str,
    id: Option<Uuid>,
) -> Result<Arc<Topic>, ErrorCode> {
    match id {
        Some(id) => broker
            .topics
            .topic_by_id(id)
            .ok_or(ErrorCode::UnknownTopicId),
        None => broker
            .topics
            .topic(name)
            .ok_or(ErrorCode::UnknownTopicOrPartition),
    }
}

/// The log's name for a partition of a topic.
pub(super) fn key(topic: &Topic, partition: i32) -> Result<PartitionKey, ErrorCode> {
    let known = topic.has_partition(partition);
    known
        .then_some(PartitionKey {
            topic: topic.id,
            partition,
        })
        .ok_or(ErrorCode::UnknownTopicOrPartition)
}

/// Compares the epoch a client believes in with the partition's (KIP-320); -1 asks for no check.
pub(super) fn check_epoch(
    broker: &Broker,
    key: PartitionKey,
    believed: i32,
) -> Result<(), ErrorCode> {
    let current = broker
        .log
        .leader_epoch(key)
        .ok_or(ErrorCode::UnknownTopicOrPartition)?;
    match believed {
        ..0 => Ok(()),
        believed if believed < current => Err(ErrorCode::FencedLeaderEpoch),
        believed if believed > current => Err(ErrorCode::UnknownLeaderEpoch),
        _ => Ok(()),
    }
}
