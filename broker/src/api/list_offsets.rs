//! ListOffsets (2), versions 1 to 11: first, last and by time. There is no tiered storage: what asks for it gets -1.

use wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsTopicResponse, Request, Response,
};
use wire::{ErrorCode, Str};

use super::partition;
use super::{Context, Refusal};
use crate::Broker;
use crate::log::{Log, PartitionKey, ReadError, TimedOffset};
use crate::topics::Topic;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

/// What is known of an offset; -1 where nothing is.
type Found = (i64, i64);
const NOTHING: Found = (-1, -1);

pub(crate) async fn handle(
    broker: &Broker,
    context: &Context,
    request: Request<'_>,
) -> Result<Response<'static>, Refusal> {
    let mut response = Response::default();
    for asked in request.topics {
        let topic = partition::find_topic(broker, &asked.name, None);
        let mut partitions = Vec::with_capacity(asked.partitions.len());
        for one in &asked.partitions {
            let found = match &topic {
                Ok(topic) => find(broker, topic, one).await,
                Err(code) => Err(*code),
            };
            // Version 4 brought the epoch (KIP-320).
            let found =
                found.map(|(at, epoch)| (at, if context.api_version < 4 { -1 } else { epoch }));
            partitions.push(describe(one.partition_index, found));
        }
        let name = Str::Owned(asked.name.into_owned());
        response
            .topics
            .push(ListOffsetsTopicResponse { name, partitions });
    }
    Ok(response)
}

fn describe(
    partition_index: i32,
    found: Result<(Found, i32), ErrorCode>,
) -> ListOffsetsPartitionResponse {
    let default = ListOffsetsPartitionResponse {
        partition_index,
        ..Default::default()
    };
    match found {
        Ok(((offset, timestamp), leader_epoch)) => ListOffsetsPartitionResponse {
            offset,
            timestamp,
            leader_epoch,
            ..default
        },
        Err(code) => ListOffsetsPartitionResponse {
            error_code: code as i16,
            ..default
        },
    }
}

async fn find(
    broker: &Broker,
    topic: &Topic,
    asked: &ListOffsetsPartition,
) -> Result<(Found, i32), ErrorCode> {
    let key = partition::key(topic, asked.partition_index)?;
    partition::check_epoch(broker, key, asked.current_leader_epoch)?;
    let offsets = broker
        .log
        .offsets(key)
        .ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let found = match asked.timestamp {
        // Without transactions the last stable offset is the high watermark.
        LATEST => (offsets.high_watermark, -1),
        EARLIEST | EARLIEST_LOCAL => (offsets.start, -1),
        LATEST_TIERED | EARLIEST_PENDING_UPLOAD => NOTHING,
        MAX_TIMESTAMP => search(broker, move |log| log.max_timestamp(key)).await?,
        timestamp if timestamp >= 0 => {
            search(broker, move |log| log.find_by_time(key, timestamp)).await?
        }
        _ => return Err(ErrorCode::InvalidRequest),
    };
    let leader_epoch = if found.0 < 0 {
        -1
    } else {
        epoch_of(&broker.log, key, found.0)
    };
    Ok((found, leader_epoch))
}

/// Looks in the log off the async threads, one at a time: it may read files, and unfold a batch to many times its size.
async fn search(
    broker: &Broker,
    look: impl FnOnce(&Log) -> Result<Option<TimedOffset>, ReadError> + Send + 'static,
) -> Result<Found, ErrorCode> {
    let turn = broker.budget.time_look_up().await;
    let log = broker.log.clone();
    let looked = tokio::task::spawn_blocking(move || look(&log)).await;
    drop(turn);
    match looked {
        Ok(Ok(found)) => Ok(found.map_or(NOTHING, |at| (at.offset, at.timestamp))),
        Ok(Err(ReadError::UnknownPartition(_))) => Err(ErrorCode::UnknownTopicOrPartition),
        Ok(Err(ReadError::Corrupt(_))) => Err(ErrorCode::CorruptMessage),
        Ok(Err(error)) => {
            tracing::warn!(%error, "list offsets");
            Err(ErrorCode::KafkaStorageError)
        }
        Err(_) => Err(ErrorCode::UnknownServerError),
    }
}

/// The leader epoch in which `offset` is or will be written: epochs end in order, so the newest whose predecessor ends
/// at or below it.
fn epoch_of(log: &Log, key: PartitionKey, offset: i64) -> i32 {
    let Some(mut epoch) = log.leader_epoch(key) else {
        return -1;
    };
    while epoch > 0 {
        match log.epoch_end(key, epoch - 1) {
            Some(before) if before.end_offset > offset => epoch = before.leader_epoch,
            _ => break,
        }
    }
    epoch
}
