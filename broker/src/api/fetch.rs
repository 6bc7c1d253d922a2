//! Fetch (1), versions 4 to 18: whole batches from the one that holds the offset on, as memory slices and file ranges.
//!
//! Waits until `min_bytes` are there or `max_wait_ms` has passed; a partition in error is answered at once. Fetch
//! sessions (KIP-227) are not kept: every answer names session 0, as Kafka's does when its cache is full. Without
//! transactions the last stable offset is the high watermark.

mod read;
mod wait;

use std::time::Duration;

use wire::messages::fetch::{
    FetchTopic, FetchableTopicResponse, LeaderIdAndEpoch, PartitionData, Request, Response,
};
use wire::{ApiKey, ErrorCode, Records, Str, Uuid};

use super::partition;
use super::{Context, Refusal, Reply};
use crate::Broker;
use crate::broker::NODE_ID;
use crate::log::Slices;
use read::{Outcome, Wanted};

/// Topic ids instead of names from this version on.
const IDS_SINCE: i16 = 13;

/// One topic of the request, with each of its partitions found or not.
struct Asked {
    name: String,
    id: Uuid,
    partitions: Vec<(i32, Result<Wanted, ErrorCode>)>,
}

pub(crate) async fn handle(
    broker: &Broker,
    context: &Context,
    request: Request<'_>,
) -> Result<Reply, Refusal> {
    if request.session_id != 0 && request.session_epoch > 0 {
        // No session was given out under any id.
        let response = Response {
            error_code: ErrorCode::FetchSessionIdNotFound as i16,
            ..Response::default()
        };
        return Reply::message(context, ApiKey::Fetch, &response);
    }
    let asked: Vec<_> = request
        .topics
        .iter()
        .map(|topic| find(broker, context.api_version, topic))
        .collect();
    let limits = read::Limits {
        most: usize::try_from(request.max_bytes)
            .unwrap_or(0)
            .min(broker.config.fetch_max_bytes),
        in_memory: broker
            .budget
            .reader_share_bytes(broker.metrics.connections.get()),
        least: usize::try_from(request.min_bytes).unwrap_or(0),
    };
    let max_wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    let count = asked.iter().map(|topic| topic.partitions.len()).sum();
    let mut wanted = Vec::with_capacity(count);
    for topic in &asked {
        wanted.extend(topic.partitions.iter().map(|(_, wanted)| *wanted));
    }
    // The request borrows from its frame: what waits must not.
    drop(request);
    let outcomes = wait::enough(&broker.log, &wanted, limits, max_wait, &broker.budget).await;
    let (response, records) = answer(asked, outcomes);
    Reply::spliced(context, ApiKey::Fetch, &response, records)
}

fn find(broker: &Broker, version: i16, topic: &FetchTopic<'_>) -> Asked {
    let id = (version >= IDS_SINCE).then_some(topic.topic_id);
    let found = partition::find_topic(broker, &topic.topic, id);
    let partitions = topic.partitions.iter().map(|asked| {
        let wanted = found.as_ref().map_err(|code| *code).and_then(|topic| {
            let key = partition::key(topic, asked.partition)?;
            partition::check_epoch(broker, key, asked.current_leader_epoch)?;
            Ok(Wanted {
                key,
                offset: asked.fetch_offset,
                max_bytes: usize::try_from(asked.partition_max_bytes).unwrap_or(0),
                last_epoch: asked.last_fetched_epoch,
            })
        });
        (asked.partition, wanted)
    });
    Asked {
        name: topic.topic.to_string(),
        id: topic.topic_id,
        partitions: partitions.collect(),
    }
}

/// The response, and the records its partitions stand for, in the same order.
fn answer(asked: Vec<Asked>, outcomes: Vec<Outcome>) -> (Response<'static>, Vec<Slices>) {
    let mut outcomes = outcomes.into_iter();
    let mut records = Vec::with_capacity(outcomes.len());
    let responses = asked.into_iter().map(|topic| FetchableTopicResponse {
        topic: Str::Owned(topic.name),
        topic_id: topic.id,
        partitions: topic
            .partitions
            .into_iter()
            .zip(outcomes.by_ref())
            .map(|((index, _), outcome)| partition_data(index, outcome, &mut records))
            .collect(),
    });
    let responses = responses.collect();
    (
        Response {
            responses,
            ..Response::default()
        },
        records,
    )
}

fn partition_data(
    partition_index: i32,
    outcome: Outcome,
    records: &mut Vec<Slices>,
) -> PartitionData<'static> {
    let default = PartitionData {
        partition_index,
        high_watermark: -1,
        ..Default::default()
    };
    match outcome {
        Outcome::Read { slices, offsets } => {
            let size_bytes = slices.size_bytes();
            if size_bytes > 0 {
                records.push(slices);
            }
            PartitionData {
                high_watermark: offsets.high_watermark,
                last_stable_offset: offsets.high_watermark,
                log_start_offset: offsets.start,
                records: if size_bytes > 0 {
                    Records::Spliced(size_bytes)
                } else {
                    Records::default()
                },
                ..default
            }
        }
        Outcome::Diverged { end, offsets } => PartitionData {
            high_watermark: offsets.high_watermark,
            last_stable_offset: offsets.high_watermark,
            log_start_offset: offsets.start,
            diverging_epoch: end,
            ..default
        },
        Outcome::Refused { code, leader_epoch } => PartitionData {
            error_code: code as i16,
            current_leader: leader_epoch
                .map(|leader_epoch| LeaderIdAndEpoch {
                    leader_id: NODE_ID,
                    leader_epoch,
                })
                .unwrap_or_default(),
            ..default
        },
    }
}
