//! Produce (0), versions 3 to 13 (0 to 2 are advertised only: librdkafka looks at them before it compresses).
//!
//! Batches are checked by their headers and kept as they came. Answers wait until the batches are as durable as their
//! topic's flush mode asks; `acks=1` is treated as `acks=all`. Transactions are not built: a transactional id gets
//! `UNSUPPORTED_VERSION`.

mod batch;

use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use wire::messages::produce::{
    PartitionProduceResponse, Request, Response, TopicProduceData, TopicProduceResponse,
};
use wire::record_batch::{self, BatchHeader};
use wire::{ApiKey, ErrorCode, Str, Uuid};

use super::partition;
use super::{Body, Context, Refusal, Reply, decode};
use crate::Broker;
use crate::log::{Append, AppendError, Appended, Flush, Log, Origin, PartitionKey, Ticket};
use crate::producers::{AppendedGroup, Outcome, SequenceError};
use batch::Failure;

/// Topic ids instead of names from this version on.
const IDS_SINCE: i16 = 13;

/// One topic of the answer, and what is known of its partitions.
struct Asked {
    name: String,
    id: Uuid,
    partitions: Vec<(i32, Result<usize, Failure>)>,
}

/// A batch that may be appended.
struct Checked {
    header: BatchHeader,
    partition: PartitionKey,
    flush: Flush,
    sync_every: Option<NonZero<u64>>,
    /// The bytes to store where they are not those that came.
    rewritten: Option<BytesMut>,
    /// Where those that came lie in the body.
    place: Range<usize>,
    /// Set when the broker gives the records their time.
    log_append_time_ms: Option<i64>,
}

/// Where a batch went, for the answer.
#[derive(Clone, Copy)]
struct Place {
    base_offset: i64,
    log_append_time_ms: i64,
    log_start_offset: i64,
}

/// A request whose batches were looked at one by one.
struct Examined {
    acks: i16,
    timeout: Duration,
    asked: Vec<Asked>,
    checked: Vec<Checked>,
}

pub(super) async fn handle(
    broker: &Broker,
    context: &Context,
    body: Body,
) -> Result<Reply, Refusal> {
    let Examined {
        acks,
        timeout,
        asked,
        checked,
    } = examine(broker, context, &body)?;
    rebuild_producers(broker, &checked).await;
    let times = checked.iter().map(|one| one.log_append_time_ms);
    let times: Vec<_> = times.map(|time| time.unwrap_or(-1)).collect();
    let keys: Vec<_> = checked.iter().map(|one| one.partition).collect();
    let batches = ready(body, checked);
    let size_bytes = batches.iter().map(|(_, append)| append.batch.len()).sum();
    // A disk that cannot keep up slows its clients down; what waits so long that its client gives up is refused.
    let _ = tokio::time::timeout(timeout, broker.log.room(size_bytes)).await;
    let (results, ticket) = append(broker, batches);
    let batches = Batches {
        keys,
        times,
        results,
        ticket,
    };
    if acks == 0 {
        return silence(&asked, &batches);
    }
    let (log, context) = (broker.log.clone(), context.clone());
    Ok(Reply::Later(Box::pin(async move {
        let places = match tokio::time::timeout(timeout, batches.durable(&log)).await {
            Ok(places) => places,
            Err(_) => Err(ErrorCode::RequestTimedOut),
        };
        let response = answer(asked, &places);
        Reply::message(&context, ApiKey::Produce, &response)
    })))
}

fn examine(broker: &Broker, context: &Context, body: &Body) -> Result<Examined, Refusal> {
    let request: Request<'_> = decode(broker, body.bytes(), context.api_version)?;
    let refused = refuse_all(&request);
    let mut checked = Vec::new();
    let mut asked = Vec::with_capacity(request.topic_data.len());
    for topic in &request.topic_data {
        let look = Look {
            broker,
            body,
            version: context.api_version,
            refused: refused.as_ref(),
        };
        asked.push(look.topic(topic, &mut checked));
    }
    Ok(Examined {
        acks: request.acks,
        timeout: Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0)),
        asked,
        checked,
    })
}

/// The batches as they go to the log, out of the body where they lie.
fn ready(body: Body, checked: Vec<Checked>) -> Vec<(BatchHeader, Append)> {
    let places: Vec<_> = checked.iter().map(|one| one.place.clone()).collect();
    let came = body.take(&places);
    let batches = checked.into_iter().zip(came).map(|(one, came)| {
        let mut batch = one.rewritten.unwrap_or(came);
        if let Some(now_ms) = one.log_append_time_ms {
            record_batch::stamp_log_append_time(&mut batch, now_ms);
        }
        let append = Append {
            partition: one.partition,
            batch,
            flush: one.flush,
            sync_every: one.sync_every,
            origin: Origin::Client,
        };
        (one.header, append)
    });
    batches.collect()
}

/// Why no batch of the request can be taken.
fn refuse_all(request: &Request<'_>) -> Option<Failure> {
    if !matches!(request.acks, -1..=1) {
        return Some(ErrorCode::InvalidRequiredAcks.into());
    }
    request.transactional_id.as_ref().map(|_| Failure {
        code: ErrorCode::UnsupportedVersion,
        message: Some(
            "this broker has no transactions yet: produce without transactional.id".to_owned(),
        ),
    })
}

/// What looking at a batch needs.
struct Look<'a> {
    broker: &'a Broker,
    body: &'a Body,
    version: i16,
    refused: Option<&'a Failure>,
}

impl Look<'_> {
    fn topic(&self, topic: &TopicProduceData<'_>, checked: &mut Vec<Checked>) -> Asked {
        let id = (self.version >= IDS_SINCE).then_some(topic.topic_id);
        let found = partition::find_topic(self.broker, &topic.name, id);
        let partitions = topic.partition_data.iter().map(|data| {
            let outcome = match (self.refused, &found) {
                (Some(failure), _) => Err(failure.clone()),
                (None, Err(code)) => Err((*code).into()),
                (None, Ok(topic)) => {
                    let records = data.records.unwrap_or_default();
                    batch::check(self, topic, data.index, records)
                }
            };
            let outcome = outcome.and_then(|candidate| {
                let mut others = checked.iter();
                if others.any(|one| one.partition == candidate.partition) {
                    return Err(ErrorCode::InvalidRequest.into());
                }
                checked.push(candidate);
                Ok(checked.len() - 1)
            });
            (data.index, outcome)
        });
        Asked {
            name: topic.name.to_string(),
            id: topic.topic_id,
            partitions: partitions.collect(),
        }
    }
}

/// Reads the producer state of partitions that get their first batch with a producer id since the start.
async fn rebuild_producers(broker: &Broker, checked: &[Checked]) {
    for candidate in checked {
        let key = candidate.partition;
        if candidate.header.producer_id < 0 || broker.producers.is_ready(key) {
            continue;
        }
        let (log, producers) = (broker.log.clone(), Arc::clone(&broker.producers));
        let now_ms = broker.clock.now_ms();
        let rebuilt =
            tokio::task::spawn_blocking(move || producers.rebuild(&log, key, now_ms)).await;
        if let Ok(Err(error)) = rebuilt {
            tracing::warn!(%error, "rebuild producer state");
        }
    }
}

/// One result for each batch, and the promise for those appended.
fn append(
    broker: &Broker,
    batches: Vec<(BatchHeader, Append)>,
) -> (Vec<Result<Outcome, ErrorCode>>, Option<Ticket>) {
    if batches.is_empty() {
        return (Vec::new(), None);
    }
    let count = batches.len();
    let now_ms = broker.clock.now_ms();
    match broker.producers.append(&broker.log, batches, now_ms) {
        Ok(AppendedGroup { outcomes, ticket }) => (outcomes.into_iter().map(Ok).collect(), ticket),
        Err(error) => {
            tracing::debug!(%error, "append");
            (vec![Err(append_code(&error)); count], None)
        }
    }
}

/// The one place that says how a client sees an append that failed: all of these are worth a retry.
fn append_code(error: &AppendError) -> ErrorCode {
    match error {
        // Deleted since it was looked up.
        AppendError::UnknownPartition(_) => ErrorCode::UnknownTopicOrPartition,
        AppendError::Batch { .. } => ErrorCode::CorruptMessage,
        AppendError::Full(_) => ErrorCode::KafkaStorageError,
        AppendError::Stopped => ErrorCode::NotLeaderOrFollower,
    }
}

fn sequence_code(error: SequenceError) -> ErrorCode {
    match error {
        SequenceError::StaleEpoch { .. } => ErrorCode::InvalidProducerEpoch,
        SequenceError::OutOfOrder { .. } => ErrorCode::OutOfOrderSequenceNumber,
        // Worth a retry: it is read again then.
        SequenceError::Unread { .. } => ErrorCode::KafkaStorageError,
    }
}

/// What came of the batches, before it is durable.
struct Batches {
    keys: Vec<PartitionKey>,
    times: Vec<i64>,
    results: Vec<Result<Outcome, ErrorCode>>,
    ticket: Option<Ticket>,
}

impl Batches {
    /// Whether a batch was refused.
    fn failed(&self) -> bool {
        self.results
            .iter()
            .any(|result| matches!(result, Err(_) | Ok(Outcome::Refused(_))))
    }

    /// Waits until everything the answer says is durable.
    async fn durable(self, log: &Log) -> Result<Vec<Result<Place, ErrorCode>>, ErrorCode> {
        let appended = match self.ticket {
            Some(ticket) => ticket
                .durable()
                .await
                .map_err(|_| ErrorCode::NotLeaderOrFollower)?,
            None => Vec::new(),
        };
        let mut places = Vec::with_capacity(self.results.len());
        for ((result, key), time) in self.results.into_iter().zip(self.keys).zip(self.times) {
            places.push(match result {
                Ok(Outcome::Appended(index)) => appended
                    .get(index)
                    .map(|done| place(done, time))
                    .ok_or(ErrorCode::UnknownServerError),
                Ok(Outcome::Duplicate {
                    base_offset,
                    last_offset,
                }) => repeated(log, key, base_offset, last_offset).await,
                Ok(Outcome::Refused(error)) => Err(sequence_code(error)),
                Err(code) => Err(code),
            });
        }
        Ok(places)
    }
}

fn place(appended: &Appended, log_append_time_ms: i64) -> Place {
    Place {
        base_offset: appended.base_offset,
        log_append_time_ms,
        log_start_offset: appended.log_start_offset,
    }
}

/// The answer to a retry waits for the batch it repeats.
async fn repeated(
    log: &Log,
    key: PartitionKey,
    base_offset: i64,
    last_offset: i64,
) -> Result<Place, ErrorCode> {
    let gone = ErrorCode::UnknownTopicOrPartition;
    let mut watermark = log.watch(key).ok_or(gone)?;
    watermark
        .wait_for(|visible| *visible > last_offset)
        .await
        .map_err(|_| gone)?;
    let log_start_offset = log.offsets(key).ok_or(gone)?.start;
    Ok(Place {
        base_offset,
        log_append_time_ms: -1,
        log_start_offset,
    })
}

/// acks=0: no answer; an error closes the connection, which is all the client can notice.
fn silence(asked: &[Asked], batches: &Batches) -> Result<Reply, Refusal> {
    let failed = asked
        .iter()
        .flat_map(|topic| &topic.partitions)
        .any(|(_, result)| result.is_err());
    if failed || batches.failed() {
        let reason = "a batch sent with acks=0 was refused: the client learns of it by this only";
        return Err(Refusal::Close(reason.to_owned()));
    }
    Ok(Reply::Silence)
}

fn answer(
    asked: Vec<Asked>,
    places: &Result<Vec<Result<Place, ErrorCode>>, ErrorCode>,
) -> Response<'static> {
    let responses = asked.into_iter().map(|topic| TopicProduceResponse {
        name: Str::Owned(topic.name),
        topic_id: topic.id,
        partition_responses: topic
            .partitions
            .into_iter()
            .map(|(index, outcome)| {
                let result = outcome.and_then(|at| match places {
                    Ok(places) => places[at].map_err(Failure::from),
                    Err(code) => Err((*code).into()),
                });
                partition_response(index, result)
            })
            .collect(),
    });
    Response {
        responses: responses.collect(),
        ..Response::default()
    }
}

fn partition_response(
    index: i32,
    result: Result<Place, Failure>,
) -> PartitionProduceResponse<'static> {
    let default = PartitionProduceResponse {
        index,
        base_offset: -1,
        ..Default::default()
    };
    match result {
        Ok(place) => PartitionProduceResponse {
            base_offset: place.base_offset,
            log_append_time_ms: place.log_append_time_ms,
            log_start_offset: place.log_start_offset,
            ..default
        },
        Err(failure) => PartitionProduceResponse {
            error_code: failure.code as i16,
            error_message: failure.message.map(Str::Owned),
            ..default
        },
    }
}
