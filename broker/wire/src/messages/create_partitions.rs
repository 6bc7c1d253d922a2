//! `CreatePartitions` (key 37): raises the number of partitions (KIP-195).

use crate::Str;
use crate::field::since;
use crate::message::{api, structs};

api!(
    CreatePartitions, versions 0..=3, flexible 2,
    Request<'a> => Response<'a>
);

structs! {
    /// Topics that shall grow.
    struct Request<'a> {
        topics: Vec<CreatePartitionsTopic<'a>> = since(0),
        /// How long the broker may take, in milliseconds.
        timeout_ms: i32 = since(0),
        /// Only say whether it could be done.
        validate_only: bool = since(0),
    }

    /// One topic that shall grow.
    struct CreatePartitionsTopic<'a> {
        name: Str<'a> = since(0),
        /// The number of partitions it shall have.
        count: i32 = since(0),
        assignments: Option<Vec<CreatePartitionsAssignment>> = since(0).nullable(0) => Some(Vec::new()),
    }

    /// Where the replicas of one new partition belong.
    struct CreatePartitionsAssignment {
        broker_ids: Vec<i32> = since(0),
    }

    /// What became of them.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(0),
        results: Vec<CreatePartitionsTopicResult<'a>> = since(0),
    }

    /// The result for one topic.
    struct CreatePartitionsTopicResult<'a> {
        name: Str<'a> = since(0),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        error_message: Option<Str<'a>> = since(0).nullable(0),
    }
}
