//! `OffsetFetch` (key 9): how far groups have come.
//!
//! One group up to version 7, several from 8 (KIP-709); topics by id from 10. Null topics means all.

use crate::field::{since, versions};
use crate::message::{api, structs};
use crate::{Str, Uuid};

api!(
    OffsetFetch, versions 1..=10, flexible 6,
    Request<'a> => Response<'a>
);

structs! {
    /// Whose offsets are wanted.
    struct Request<'a> {
        group_id: Str<'a> = versions(0, 7),
        topics: Option<Vec<OffsetFetchRequestTopic<'a>>> = versions(0, 7).nullable(2) => Some(Vec::new()),
        groups: Vec<OffsetFetchRequestGroup<'a>> = since(8),
        /// Refuse while a transaction has offsets pending.
        require_stable: bool = since(7),
    }

    /// Partitions of one topic, for a single group.
    struct OffsetFetchRequestTopic<'a> {
        name: Str<'a> = versions(0, 7),
        partition_indexes: Vec<i32> = versions(0, 7),
    }

    /// What is asked about one group.
    struct OffsetFetchRequestGroup<'a> {
        group_id: Str<'a> = since(8),
        member_id: Option<Str<'a>> = since(9).nullable(9).ignorable(),
        member_epoch: i32 = since(9).ignorable() => -1,
        topics: Option<Vec<OffsetFetchRequestTopics<'a>>> = since(8).nullable(8) => Some(Vec::new()),
    }

    /// Partitions of one topic.
    struct OffsetFetchRequestTopics<'a> {
        name: Str<'a> = versions(8, 9).ignorable(),
        topic_id: Uuid = since(10).ignorable(),
        partition_indexes: Vec<i32> = since(8),
    }

    /// The stored offsets.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(3).ignorable(),
        topics: Vec<OffsetFetchResponseTopic<'a>> = versions(0, 7),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = versions(2, 7).ignorable(),
        groups: Vec<OffsetFetchResponseGroup<'a>> = since(8),
    }

    /// Offsets of one topic, of a single group.
    struct OffsetFetchResponseTopic<'a> {
        name: Str<'a> = versions(0, 7),
        partitions: Vec<OffsetFetchResponsePartition<'a>> = versions(0, 7),
    }

    /// The offset of one partition, of a single group.
    struct OffsetFetchResponsePartition<'a> {
        partition_index: i32 = versions(0, 7),
        committed_offset: i64 = versions(0, 7),
        committed_leader_epoch: i32 = versions(5, 7).ignorable() => -1,
        metadata: Option<Str<'a>> = versions(0, 7).nullable(0) => Some(Str::default()),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = versions(0, 7),
    }

    /// The offsets of one group.
    struct OffsetFetchResponseGroup<'a> {
        group_id: Str<'a> = since(8),
        topics: Vec<OffsetFetchResponseTopics<'a>> = since(8),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(8),
    }

    /// Offsets of one topic.
    struct OffsetFetchResponseTopics<'a> {
        name: Str<'a> = versions(8, 9).ignorable(),
        topic_id: Uuid = since(10).ignorable(),
        partitions: Vec<OffsetFetchResponsePartitions<'a>> = since(8),
    }

    /// The offset of one partition.
    struct OffsetFetchResponsePartitions<'a> {
        partition_index: i32 = since(8),
        committed_offset: i64 = since(8),
        committed_leader_epoch: i32 = since(8).ignorable() => -1,
        metadata: Option<Str<'a>> = since(8).nullable(8) => Some(Str::default()),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(8),
    }
}
