//! `OffsetCommit` (key 8): stores how far a group has come.
//!
//! Topics go by name up to version 9 and by id from 10.

use crate::field::{since, versions};
use crate::message::{api, structs};
use crate::{Str, Uuid};

api!(
    OffsetCommit, versions 2..=10, flexible 8,
    Request<'a> => Response<'a>
);

structs! {
    /// Offsets to store.
    struct Request<'a> {
        group_id: Str<'a> = since(0),
        generation_id_or_member_epoch: i32 = since(1).ignorable() => -1,
        member_id: Str<'a> = since(1).ignorable(),
        group_instance_id: Option<Str<'a>> = since(7).nullable(7),
        /// How long to keep the offsets, in milliseconds; -1: as the broker is set.
        retention_time_ms: i64 = versions(2, 4).ignorable() => -1,
        topics: Vec<OffsetCommitRequestTopic<'a>> = since(0),
    }

    /// Offsets of one topic.
    struct OffsetCommitRequestTopic<'a> {
        name: Str<'a> = versions(0, 9).ignorable(),
        topic_id: Uuid = since(10).ignorable(),
        partitions: Vec<OffsetCommitRequestPartition<'a>> = since(0),
    }

    /// The offset of one partition.
    struct OffsetCommitRequestPartition<'a> {
        partition_index: i32 = since(0),
        committed_offset: i64 = since(0),
        committed_leader_epoch: i32 = since(6).ignorable() => -1,
        committed_metadata: Option<Str<'a>> = since(0).nullable(0) => Some(Str::default()),
    }

    /// What became of them.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(3).ignorable(),
        topics: Vec<OffsetCommitResponseTopic<'a>> = since(0),
    }

    /// The result for one topic.
    struct OffsetCommitResponseTopic<'a> {
        name: Str<'a> = versions(0, 9).ignorable(),
        topic_id: Uuid = since(10).ignorable(),
        partitions: Vec<OffsetCommitResponsePartition> = since(0),
    }

    /// The result for one partition.
    struct OffsetCommitResponsePartition {
        partition_index: i32 = since(0),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
    }
}
