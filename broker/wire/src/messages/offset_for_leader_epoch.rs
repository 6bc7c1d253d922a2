//! `OffsetForLeaderEpoch` (key 23): where an epoch of a partition ends, to see what was cut off (KIP-320).

use crate::Str;
use crate::field::since;
use crate::message::{api, structs};

api!(
    OffsetForLeaderEpoch, versions 2..=4, flexible 4,
    Request<'a> => Response<'a>
);

structs! {
    /// Partitions and epochs.
    struct Request<'a> {
        replica_id: i32 = since(3).ignorable() => -2,
        topics: Vec<OffsetForLeaderTopic<'a>> = since(0),
    }

    /// What is asked about one topic.
    struct OffsetForLeaderTopic<'a> {
        topic: Str<'a> = since(0),
        partitions: Vec<OffsetForLeaderPartition> = since(0),
    }

    /// What is asked about one partition.
    struct OffsetForLeaderPartition {
        partition: i32 = since(0),
        current_leader_epoch: i32 = since(2).ignorable() => -1,
        leader_epoch: i32 = since(0),
    }

    /// Where they end.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(2).ignorable(),
        topics: Vec<OffsetForLeaderTopicResult<'a>> = since(0),
    }

    /// The ends for one topic.
    struct OffsetForLeaderTopicResult<'a> {
        topic: Str<'a> = since(0),
        partitions: Vec<EpochEndOffset> = since(0),
    }

    /// The end for one partition; -1 when the epoch is unknown.
    struct EpochEndOffset {
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        partition: i32 = since(0),
        leader_epoch: i32 = since(1).ignorable() => -1,
        end_offset: i64 = since(0) => -1,
    }
}
