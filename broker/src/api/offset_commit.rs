//! `OffsetCommit` (key 8, versions 2–10): topics by name up to version 9, by id from 10.
//!
//! The answer waits until the offsets are durable. Partitions that do not exist are refused one by
//! one; what the group refuses, it refuses for all.

use std::sync::Arc;

use wire::ErrorCode;
use wire::messages::offset_commit::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic, OffsetCommitResponsePartition,
    OffsetCommitResponseTopic, Request, Response,
};

use crate::Broker;
use crate::api::{Context, Refusal, group};
use crate::groups::offsets::Commit;
use crate::groups::{GroupError, Identity};
use crate::topics::Topic;

/// From this version topics go by id.
const IDS_FROM: i16 = 10;

pub(crate) async fn handle<'r>(
    broker: &Broker,
    context: &Context,
    request: Request<'r>,
) -> Result<Response<'r>, Refusal> {
    let who = Identity {
        member_id: request.member_id.into(),
        instance_id: request.group_instance_id.map(Into::into),
        generation: request.generation_id_or_member_epoch,
    };
    let lifetime_ms = (request.retention_time_ms >= 0).then_some(request.retention_time_ms);
    let mut commits = Vec::new();
    let mut topics = Vec::with_capacity(request.topics.len());
    for asked in request.topics {
        topics.push(sort_out(broker, context, asked, &mut commits));
    }
    let verdicts = if commits.is_empty() {
        Vec::new()
    } else {
        let count = commits.len();
        let kept = match group::ready(broker).await {
            Ok(()) => {
                broker
                    .groups
                    .commit(&request.group_id, &who, commits, lifetime_ms)
                    .await
            }
            Err(error) => Err(error),
        };
        kept.unwrap_or_else(|error| vec![Err(error); count])
    };
    let mut verdicts = verdicts.iter().map(code);
    let accepted = topics
        .iter_mut()
        .flat_map(|topic| &mut topic.partitions)
        .filter(|partition| partition.error_code == ErrorCode::None.code());
    for partition in accepted {
        partition.error_code = verdicts
            .next()
            .unwrap_or(ErrorCode::CoordinatorNotAvailable.code());
    }
    Ok(Response {
        topics,
        ..Response::default()
    })
}

/// The answer to one topic as far as it is known yet; what can be committed goes to `commits`, in
/// the order of the partitions without an error.
fn sort_out<'r>(
    broker: &Broker,
    context: &Context,
    asked: OffsetCommitRequestTopic<'r>,
    commits: &mut Vec<Commit>,
) -> OffsetCommitResponseTopic<'r> {
    let (topic, unknown) = if context.api_version >= IDS_FROM {
        (
            broker.topics.topic_by_id(asked.topic_id),
            ErrorCode::UnknownTopicId,
        )
    } else {
        (
            broker.topics.topic(&asked.name),
            ErrorCode::UnknownTopicOrPartition,
        )
    };
    let partitions = asked.partitions.into_iter().map(|partition| {
        let partition_index = partition.partition_index;
        let error = match &topic {
            None => unknown,
            Some(topic) if !topic.has_partition(partition_index) => {
                ErrorCode::UnknownTopicOrPartition
            }
            Some(topic) => {
                commits.push(commit(topic, partition));
                ErrorCode::None
            }
        };
        OffsetCommitResponsePartition {
            partition_index,
            error_code: error.code(),
        }
    });
    let partitions = partitions.collect();
    OffsetCommitResponseTopic {
        name: asked.name,
        topic_id: asked.topic_id,
        partitions,
    }
}

fn commit(topic: &Arc<Topic>, partition: OffsetCommitRequestPartition<'_>) -> Commit {
    Commit {
        topic: topic.name.to_string(),
        topic_id: topic.id,
        partition: partition.partition_index,
        offset: partition.committed_offset,
        leader_epoch: partition.committed_leader_epoch,
        metadata: partition
            .committed_metadata
            .map(String::from)
            .unwrap_or_default(),
    }
}

fn code(verdict: &Result<(), GroupError>) -> i16 {
    match verdict {
        Err(GroupError::TooLarge) => ErrorCode::InvalidCommitOffsetSize.code(),
        other => group::code_of(other),
    }
}
