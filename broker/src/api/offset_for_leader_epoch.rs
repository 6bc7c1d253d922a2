//! OffsetForLeaderEpoch (23), versions 2 to 4: lets a client see whether its log was cut off (KIP-320).

use wire::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderPartition, OffsetForLeaderTopicResult, Request, Response,
};
use wire::{ErrorCode, Str};

use super::partition;
use super::{Context, Refusal};
use crate::Broker;
use crate::topics::Topic;

#[expect(clippy::unused_async, reason = "the signature of every handler")]
pub(crate) async fn handle(
    broker: &Broker,
    _context: &Context,
    request: Request<'_>,
) -> Result<Response<'static>, Refusal> {
    let topics = request.topics.into_iter().map(|asked| {
        let topic = partition::find_topic(broker, &asked.topic, None);
        let partitions = asked.partitions.iter().map(|one| {
            let found = topic
                .as_ref()
                .map_err(|code| *code)
                .and_then(|topic| find(broker, topic, one));
            found.unwrap_or_else(|code| EpochEndOffset {
                partition: one.partition,
                error_code: code as i16,
                ..Default::default()
            })
        });
        OffsetForLeaderTopicResult {
            partitions: partitions.collect(),
            topic: Str::Owned(asked.topic.into_owned()),
        }
    });
    Ok(Response {
        topics: topics.collect(),
        ..Default::default()
    })
}

fn find(
    broker: &Broker,
    topic: &Topic,
    asked: &OffsetForLeaderPartition,
) -> Result<EpochEndOffset, ErrorCode> {
    let key = partition::key(topic, asked.partition)?;
    partition::check_epoch(broker, key, asked.current_leader_epoch)?;
    let unknown = EpochEndOffset {
        partition: asked.partition,
        ..Default::default()
    };
    Ok(match broker.log.epoch_end(key, asked.leader_epoch) {
        Some(end) => EpochEndOffset {
            leader_epoch: end.leader_epoch,
            end_offset: end.end_offset,
            ..unknown
        },
        None => unknown,
    })
}
