//! `DescribeLogDirs` (key 35): sizes of partitions on disk (KIP-113), and of the volume (KIP-827).

use crate::Str;
use crate::field::since;
use crate::message::{api, structs};

api!(
    DescribeLogDirs, versions 1..=5, flexible 2,
    Request<'a> => Response<'a>
);

structs! {
    /// Which partitions; null means all.
    struct Request<'a> {
        topics: Option<Vec<DescribableLogDirTopic<'a>>> = since(0).nullable(0) => Some(Vec::new()),
    }

    /// Partitions of one topic.
    struct DescribableLogDirTopic<'a> {
        topic: Str<'a> = since(0),
        partitions: Vec<i32> = since(0),
    }

    /// Their sizes.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(0),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(3).ignorable(),
        results: Vec<DescribeLogDirsResult<'a>> = since(0),
    }

    /// One log directory.
    struct DescribeLogDirsResult<'a> {
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        log_dir: Str<'a> = since(0),
        topics: Vec<DescribeLogDirsTopic<'a>> = since(0),
        /// Size of the volume; -1 when unknown.
        total_bytes: i64 = since(4).ignorable() => -1,
        /// Free bytes of the volume; -1 when unknown.
        usable_bytes: i64 = since(4).ignorable() => -1,
        is_cordoned: bool = since(5).ignorable(),
    }

    /// The sizes of one topic.
    struct DescribeLogDirsTopic<'a> {
        name: Str<'a> = since(0),
        partitions: Vec<DescribeLogDirsPartition> = since(0),
    }

    /// The size of one partition.
    struct DescribeLogDirsPartition {
        partition_index: i32 = since(0),
        /// Bytes on disk.
        partition_size: i64 = since(0),
        /// How far a future replica is behind; 0 for a current one.
        offset_lag: i64 = since(0),
        is_future_key: bool = since(0),
    }
}
