//! `ListOffsets` (key 2): the offset at a point in time, and the first and last ones.
//!
//! Special timestamps: -1 latest, -2 earliest, -3 the record with the largest timestamp, -4 and below tiered storage.

use crate::Str;
use crate::field::since;
use crate::message::{api, structs};

api!(
    ListOffsets, versions 1..=11, flexible 6,
    Request<'a> => Response<'a>
);

structs! {
    /// Partitions and points in time.
    struct Request<'a> {
        replica_id: i32 = since(0),
        /// 0: read uncommitted; 1: read committed.
        isolation_level: i8 = since(2),
        topics: Vec<ListOffsetsTopic<'a>> = since(0),
        /// How long the broker may take, in milliseconds.
        timeout_ms: i32 = since(10).ignorable(),
    }

    /// What is asked about one topic.
    struct ListOffsetsTopic<'a> {
        name: Str<'a> = since(0),
        partitions: Vec<ListOffsetsPartition> = since(0),
    }

    /// What is asked about one partition.
    struct ListOffsetsPartition {
        partition_index: i32 = since(0),
        current_leader_epoch: i32 = since(4).ignorable() => -1,
        /// In milliseconds, or special: see above.
        timestamp: i64 = since(0),
    }

    /// Their offsets.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(2).ignorable(),
        topics: Vec<ListOffsetsTopicResponse<'a>> = since(0),
    }

    /// The offsets of one topic.
    struct ListOffsetsTopicResponse<'a> {
        name: Str<'a> = since(0),
        partitions: Vec<ListOffsetsPartitionResponse> = since(0),
    }

    /// The offset of one partition.
    struct ListOffsetsPartitionResponse {
        partition_index: i32 = since(0),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        /// In milliseconds; -1 when there is no such record.
        timestamp: i64 = since(1) => -1,
        /// -1 when there is no such record.
        offset: i64 = since(1) => -1,
        leader_epoch: i32 = since(4) => -1,
    }
}
