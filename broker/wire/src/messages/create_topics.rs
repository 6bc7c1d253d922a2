//! `CreateTopics` (key 19): creates topics, or only says whether it could.

use crate::field::since;
use crate::message::{api, structs};
use crate::{Str, Uuid};

api!(
    CreateTopics, versions 2..=7, flexible 5,
    Request<'a> => Response<'a>
);

structs! {
    /// Topics to create.
    struct Request<'a> {
        topics: Vec<CreatableTopic<'a>> = since(0),
        /// How long the broker may take, in milliseconds.
        timeout_ms: i32 = since(0) => 60_000,
        /// Only say whether it could be done.
        validate_only: bool = since(1),
    }

    /// One topic to create.
    struct CreatableTopic<'a> {
        name: Str<'a> = since(0),
        /// -1: the default of the broker.
        num_partitions: i32 = since(0),
        /// -1: the default of the broker.
        replication_factor: i16 = since(0),
        assignments: Vec<CreatableReplicaAssignment> = since(0),
        configs: Vec<CreatableTopicConfig<'a>> = since(0),
    }

    /// Where the replicas of one partition belong.
    struct CreatableReplicaAssignment {
        partition_index: i32 = since(0),
        broker_ids: Vec<i32> = since(0),
    }

    /// One setting of the topic.
    struct CreatableTopicConfig<'a> {
        name: Str<'a> = since(0),
        value: Option<Str<'a>> = since(0).nullable(0) => Some(Str::default()),
    }

    /// What became of them.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(2).ignorable(),
        topics: Vec<CreatableTopicResult<'a>> = since(0),
    }

    /// The result for one topic.
    struct CreatableTopicResult<'a> {
        name: Str<'a> = since(0),
        topic_id: Uuid = since(7).ignorable(),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        error_message: Option<Str<'a>> = since(1).nullable(0).ignorable() => Some(Str::default()),
        /// Why the settings are not told; an [`ErrorCode`](crate::ErrorCode).
        topic_config_error_code: i16 = since(5).tag(0).ignorable(),
        /// -1 when not told.
        num_partitions: i32 = since(5).ignorable() => -1,
        /// -1 when not told.
        replication_factor: i16 = since(5).ignorable() => -1,
        configs: Option<Vec<CreatableTopicConfigs<'a>>> = since(5).nullable(5).ignorable() => Some(Vec::new()),
    }

    /// One setting the topic now has.
    struct CreatableTopicConfigs<'a> {
        name: Str<'a> = since(5),
        value: Option<Str<'a>> = since(5).nullable(5) => Some(Str::default()),
        read_only: bool = since(5),
        /// 1: topic; 2: broker; 3: all brokers; 4: static; 5: default; 6: logger; 7: client metrics; 8: group.
        config_source: i8 = since(5).ignorable() => -1,
        is_sensitive: bool = since(5),
    }
}
