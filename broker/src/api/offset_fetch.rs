//! `OffsetFetch` (key 9, versions 1–10): one group up to version 7, several from 8; topics by id
//! from 10; null topics mean all.
//!
//! A partition without an offset answers -1; that is only said of what is known for certain. An
//! offset that was just committed is told when it is durable. `require_stable` needs nothing: there
//! are no transactions, so no offset is pending in one.

use std::borrow::Cow;

use wire::messages::offset_fetch::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics, OffsetFetchResponseGroup,
    OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics, Request, Response,
};
use wire::{ErrorCode, Uuid};

use crate::Broker;
use crate::api::{Context, Refusal, group};
use crate::groups::GroupError;
use crate::groups::offsets::Offsets;
use crate::groups::records::OffsetValue;

/// Up to here an error has no place but the partitions.
const ERROR_IN_PARTITIONS: i16 = 1;
/// From this version several groups are asked for at once (KIP-709).
const BATCHED_FROM: i16 = 8;
/// From this version topics go by id.
const IDS_FROM: i16 = 10;

pub(crate) async fn handle<'r>(
    broker: &Broker,
    context: &Context,
    request: Request<'r>,
) -> Result<Response<'r>, Refusal> {
    if context.api_version >= BATCHED_FROM {
        let mut groups = Vec::with_capacity(request.groups.len());
        for asked in request.groups {
            groups.push(fetch(broker, context, asked).await);
        }
        return Ok(Response {
            groups,
            ..Response::default()
        });
    }
    let topics = request.topics.map(|topics| {
        let topics = topics.into_iter().map(|topic| OffsetFetchRequestTopics {
            name: topic.name,
            topic_id: Uuid::ZERO,
            partition_indexes: topic.partition_indexes,
        });
        topics.collect()
    });
    let group_id = request.group_id;
    let asked = OffsetFetchRequestGroup {
        group_id,
        topics,
        ..OffsetFetchRequestGroup::default()
    };
    let answer = fetch(broker, context, asked).await;
    Ok(Response {
        topics: answer.topics.into_iter().map(single).collect(),
        error_code: answer.error_code,
        ..Response::default()
    })
}

async fn fetch<'r>(
    broker: &Broker,
    context: &Context,
    asked: OffsetFetchRequestGroup<'r>,
) -> OffsetFetchResponseGroup<'r> {
    let by_id = context.api_version >= IDS_FROM;
    let wanted = asked.topics.map(|topics| {
        let topics = topics
            .into_iter()
            .map(|topic| Wanted::new(broker, by_id, topic));
        topics.collect::<Vec<_>>()
    });
    let found = broker
        .groups
        .offsets(&asked.group_id, |offsets| match &wanted {
            Some(wanted) => wanted.iter().map(|topic| topic.look_up(offsets)).collect(),
            None => all(broker, by_id, offsets),
        });
    match found.await {
        Ok(topics) => OffsetFetchResponseGroup {
            group_id: asked.group_id,
            topics,
            error_code: 0,
        },
        Err(error) => {
            let error_code = code(&error).code();
            let said = if context.api_version <= ERROR_IN_PARTITIONS {
                wanted
            } else {
                None
            };
            let topics = said
                .into_iter()
                .flatten()
                .map(|topic| topic.all_with(error_code));
            let topics = topics.collect();
            OffsetFetchResponseGroup {
                group_id: asked.group_id,
                topics,
                error_code,
            }
        }
    }
}

/// All that clients of any age try again.
fn code(error: &GroupError) -> ErrorCode {
    match error {
        GroupError::Unavailable | GroupError::CoordinatorFull => {
            ErrorCode::CoordinatorLoadInProgress
        }
        other => group::code(other),
    }
}

/// One topic that is asked for.
struct Wanted<'r> {
    /// As it was asked for.
    topic: OffsetFetchRequestTopics<'r>,
    /// What it is called, if its id is known.
    name: Option<Cow<'r, str>>,
    /// Its id, if it is there.
    id: Option<Uuid>,
}

impl<'r> Wanted<'r> {
    fn new(broker: &Broker, by_id: bool, topic: OffsetFetchRequestTopics<'r>) -> Self {
        let (name, id) = if by_id {
            let known = broker.topics.topic_by_id(topic.topic_id);
            let name = known.map(|topic| topic.name.to_string().into());
            (name, Some(topic.topic_id))
        } else {
            let known = broker.topics.topic(&topic.name);
            (Some(topic.name.clone()), known.map(|topic| topic.id))
        };
        Self { topic, name, id }
    }

    fn look_up(&self, offsets: &Offsets) -> OffsetFetchResponseTopics<'r> {
        let Some(name) = &self.name else {
            return self.all_with(ErrorCode::UnknownTopicId.code());
        };
        self.answer(|index| {
            let found = offsets.find(name, index);
            partition(index, found.filter(|value| counts(value, self.id)))
        })
    }

    fn all_with(&self, error_code: i16) -> OffsetFetchResponseTopics<'r> {
        self.answer(|index| OffsetFetchResponsePartitions {
            error_code,
            ..partition(index, None)
        })
    }

    fn answer(
        &self,
        each: impl Fn(i32) -> OffsetFetchResponsePartitions<'r>,
    ) -> OffsetFetchResponseTopics<'r> {
        OffsetFetchResponseTopics {
            name: self.topic.name.clone(),
            topic_id: self.topic.topic_id,
            partitions: self
                .topic
                .partition_indexes
                .iter()
                .map(|index| each(*index))
                .collect(),
        }
    }
}

/// Whether an offset counts for the topic that has the name now: not if it was committed for one that was deleted since.
fn counts(value: &OffsetValue, id: Option<Uuid>) -> bool {
    id.is_none_or(|id| value.is_of(id))
}

/// Every offset of the group. By id: those of topics that are there.
fn all<'r>(broker: &Broker, by_id: bool, offsets: &Offsets) -> Vec<OffsetFetchResponseTopics<'r>> {
    let mut topics: Vec<OffsetFetchResponseTopics<'r>> = Vec::new();
    for (name, index, value) in offsets.iter() {
        if !counts(value, broker.topics.topic(name).map(|topic| topic.id)) {
            continue;
        }
        if topics.last().is_none_or(|last| last.name != name) {
            let name = Cow::Owned(name.to_owned());
            topics.push(OffsetFetchResponseTopics {
                name,
                ..Default::default()
            });
        }
        if let Some(last) = topics.last_mut() {
            last.partitions.push(partition(index, Some(value)));
        }
    }
    if by_id {
        topics.retain_mut(|topic| {
            let known = broker.topics.topic(&topic.name);
            topic.topic_id = known.as_ref().map_or(Uuid::ZERO, |known| known.id);
            known.is_some()
        });
    }
    topics
}

fn partition<'r>(
    partition_index: i32,
    value: Option<&OffsetValue>,
) -> OffsetFetchResponsePartitions<'r> {
    let Some(value) = value else {
        return OffsetFetchResponsePartitions {
            partition_index,
            committed_offset: -1,
            ..Default::default()
        };
    };
    OffsetFetchResponsePartitions {
        partition_index,
        committed_offset: value.offset,
        committed_leader_epoch: value.leader_epoch,
        metadata: Some(value.metadata.clone().into()),
        error_code: 0,
    }
}

/// The same answer in the form of versions 1–7.
fn single(topic: OffsetFetchResponseTopics<'_>) -> OffsetFetchResponseTopic<'_> {
    let partitions = topic
        .partitions
        .into_iter()
        .map(|partition| OffsetFetchResponsePartition {
            partition_index: partition.partition_index,
            committed_offset: partition.committed_offset,
            committed_leader_epoch: partition.committed_leader_epoch,
            metadata: partition.metadata,
            error_code: partition.error_code,
        });
    OffsetFetchResponseTopic {
        name: topic.name,
        partitions: partitions.collect(),
    }
}
