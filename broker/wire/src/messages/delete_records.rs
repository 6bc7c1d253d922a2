//! `DeleteRecords` (key 21): raises the start of partitions (KIP-107).

use crate::Str;
use crate::field::since;
use crate::message::{api, structs};

api!(
    DeleteRecords, versions 0..=2, flexible 2,
    Request<'a> => Response<'a>
);

structs! {
    /// Topics whose oldest records shall go.
    struct Request<'a> {
        topics: Vec<DeleteRecordsTopic<'a>> = since(0),
        /// How long the broker may take, in milliseconds.
        timeout_ms: i32 = since(0),
    }

    /// One topic.
    struct DeleteRecordsTopic<'a> {
        name: Str<'a> = since(0),
        partitions: Vec<DeleteRecordsPartition> = since(0),
    }

    /// One partition.
    struct DeleteRecordsPartition {
        partition_index: i32 = since(0),
        /// The first offset that stays; -1 is the high watermark.
        offset: i64 = since(0),
    }

    /// What became of them.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(0),
        topics: Vec<DeleteRecordsTopicResult<'a>> = since(0),
    }

    /// The results for one topic.
    struct DeleteRecordsTopicResult<'a> {
        name: Str<'a> = since(0),
        partitions: Vec<DeleteRecordsPartitionResult> = since(0),
    }

    /// The result for one partition.
    struct DeleteRecordsPartitionResult {
        partition_index: i32 = since(0),
        /// The partition's start from now on.
        low_watermark: i64 = since(0),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
    }
}
