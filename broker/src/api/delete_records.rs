//! `DeleteRecords` (key 21, versions 0–2): raises the start of partitions. The records below it are gone when the answer
//! comes, whole segments of them from the disk too.

use wire::messages::delete_records::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsTopicResult, Request,
    Response,
};
use wire::{ErrorCode, Str};

use crate::Broker;
use crate::api::{Context, Refusal, partition};
use crate::log::{PartitionKey, ReadError};
use crate::topics::Topic;

/// The offset that stands for the high watermark.
const HIGH_WATERMARK: i64 = -1;

pub(crate) async fn handle(
    broker: &Broker,
    _context: &Context,
    request: Request<'_>,
) -> Result<Response<'static>, Refusal> {
    let mut topics = Vec::with_capacity(request.topics.len());
    for asked in request.topics {
        let topic = partition::find_topic(broker, &asked.name, None);
        let mut partitions = Vec::with_capacity(asked.partitions.len());
        for one in &asked.partitions {
            let outcome = match &topic {
                Ok(topic) => trim(broker, topic, one).await,
                Err(code) => Err(*code),
            };
            partitions.push(describe(one.partition_index, outcome));
        }
        let name = Str::Owned(asked.name.into_owned());
        topics.push(DeleteRecordsTopicResult { name, partitions });
    }
    Ok(Response {
        topics,
        ..Response::default()
    })
}

fn describe(partition_index: i32, outcome: Result<i64, ErrorCode>) -> DeleteRecordsPartitionResult {
    let (low_watermark, code) = match outcome {
        Ok(start) => (start, 0),
        Err(code) => (-1, code as i16),
    };
    DeleteRecordsPartitionResult {
        partition_index,
        low_watermark,
        error_code: code,
    }
}

async fn trim(
    broker: &Broker,
    topic: &Topic,
    asked: &DeleteRecordsPartition,
) -> Result<i64, ErrorCode> {
    let key = partition::key(topic, asked.partition_index)?;
    if topic.internal {
        return Err(ErrorCode::InvalidTopicException);
    }
    // Only a topic that deletes anyway may lose records at a wish: of a compacted one the last of each key stays (KIP-107).
    if !topic.settings.delete {
        return Err(ErrorCode::PolicyViolation);
    }
    let offsets = broker
        .log
        .offsets(key)
        .ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let before = match asked.offset {
        HIGH_WATERMARK => offsets.high_watermark,
        offset if offset < 0 || offset > offsets.high_watermark => {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        // What is gone already stays gone.
        offset => offset.max(offsets.start),
    };
    trim_to(broker, key, before).await
}

async fn trim_to(broker: &Broker, key: PartitionKey, before: i64) -> Result<i64, ErrorCode> {
    let log = broker.log.clone();
    match tokio::task::spawn_blocking(move || log.trim(key, before)).await {
        // Out of range means that retention was faster: the start is above it by now.
        Ok(Ok(start) | Err(ReadError::OutOfRange { start, .. })) => Ok(start),
        Ok(Err(ReadError::UnknownPartition(_))) => Err(ErrorCode::UnknownTopicOrPartition),
        Ok(Err(error)) => {
            tracing::warn!(%error, partition = %key, "delete records");
            Err(ErrorCode::KafkaStorageError)
        }
        Err(_) => Err(ErrorCode::UnknownServerError),
    }
}
