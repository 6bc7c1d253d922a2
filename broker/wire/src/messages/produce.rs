//! `Produce` (key 0): appends batches to partitions.
//!
//! Versions 0 to 2 are advertised and refused: librdkafka looks at version 0 before it compresses (KAFKA-18659).
//! With `acks` 0 nothing is answered.

use crate::field::{since, versions};
use crate::message::{api, structs};
use crate::{Str, Uuid};

api!(
    Produce, versions 3..=13, advertised 0..=13, flexible 9,
    Request<'a> => Response<'a>
);

structs! {
    /// Batches to append.
    struct Request<'a> {
        transactional_id: Option<Str<'a>> = since(3).nullable(3),
        /// 0: answer nothing; 1: the leader has it; -1: all in-sync replicas have it.
        acks: i16 = since(0),
        /// How long the broker may take, in milliseconds.
        timeout_ms: i32 = since(0),
        topic_data: Vec<TopicProduceData<'a>> = since(0),
    }

    /// Batches for one topic.
    struct TopicProduceData<'a> {
        name: Str<'a> = versions(0, 12).ignorable(),
        topic_id: Uuid = since(13).ignorable(),
        partition_data: Vec<PartitionProduceData<'a>> = since(0),
    }

    /// Batches for one partition.
    struct PartitionProduceData<'a> {
        index: i32 = since(0),
        records: Option<&'a [u8]> = since(0).nullable(0) => Some(&[]),
    }

    /// What became of them.
    struct Response<'a> {
        responses: Vec<TopicProduceResponse<'a>> = since(0),
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(1).ignorable(),
        node_endpoints: Vec<NodeEndpoint<'a>> = since(10).tag(0),
    }

    /// The result for one topic.
    struct TopicProduceResponse<'a> {
        name: Str<'a> = versions(0, 12).ignorable(),
        topic_id: Uuid = since(13).ignorable(),
        partition_responses: Vec<PartitionProduceResponse<'a>> = since(0),
    }

    /// The result for one partition.
    struct PartitionProduceResponse<'a> {
        index: i32 = since(0),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        base_offset: i64 = since(0),
        /// Set only for topics with log append time; else -1.
        log_append_time_ms: i64 = since(2).ignorable() => -1,
        /// The first offset that is still there.
        log_start_offset: i64 = since(5).ignorable() => -1,
        record_errors: Vec<BatchIndexAndErrorMessage<'a>> = since(8).ignorable(),
        error_message: Option<Str<'a>> = since(8).nullable(8).ignorable(),
        current_leader: LeaderIdAndEpoch = since(10).tag(0).ignorable(),
    }

    /// Why one record was refused.
    struct BatchIndexAndErrorMessage<'a> {
        batch_index: i32 = since(8),
        batch_index_error_message: Option<Str<'a>> = since(8).nullable(8),
    }

    /// Who leads a partition now; -1 when that is not said.
    struct LeaderIdAndEpoch {
        leader_id: i32 = since(10) => -1,
        leader_epoch: i32 = since(10) => -1,
    }

    /// Where a broker listens.
    struct NodeEndpoint<'a> {
        node_id: i32 = since(10),
        host: Str<'a> = since(10),
        port: i32 = since(10),
        rack: Option<Str<'a>> = since(10).nullable(10),
    }
}
