//! `Metadata` (key 3): brokers, topics, partitions and who leads them.
//!
//! In version 0 no topics means all; from version 1 null means all, and an empty list none.

use crate::field::{since, versions};
use crate::message::{api, structs};
use crate::{Str, Uuid};

api!(
    Metadata, versions 0..=13, flexible 9,
    Request<'a> => Response<'a>
);

structs! {
    /// Which topics are of interest.
    struct Request<'a> {
        topics: Option<Vec<MetadataRequestTopic<'a>>> = since(0).nullable(1) => Some(Vec::new()),
        allow_auto_topic_creation: bool = since(4) => true,
        include_cluster_authorized_operations: bool = versions(8, 10),
        include_topic_authorized_operations: bool = since(8),
    }

    /// A topic, by name or by id.
    struct MetadataRequestTopic<'a> {
        topic_id: Uuid = since(10).ignorable(),
        name: Option<Str<'a>> = since(0).nullable(10) => Some(Str::default()),
    }

    /// The cluster as the broker sees it.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(3).ignorable(),
        brokers: Vec<MetadataResponseBroker<'a>> = since(0),
        cluster_id: Option<Str<'a>> = since(2).nullable(2).ignorable(),
        controller_id: i32 = since(1).ignorable() => -1,
        topics: Vec<MetadataResponseTopic<'a>> = since(0),
        /// A bit field; `i32::MIN` when not asked for.
        cluster_authorized_operations: i32 = versions(8, 10) => i32::MIN,
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(13).ignorable(),
    }

    /// One broker.
    struct MetadataResponseBroker<'a> {
        node_id: i32 = since(0),
        host: Str<'a> = since(0),
        port: i32 = since(0),
        rack: Option<Str<'a>> = since(1).nullable(1).ignorable(),
    }

    /// One topic.
    struct MetadataResponseTopic<'a> {
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        name: Option<Str<'a>> = since(0).nullable(12) => Some(Str::default()),
        topic_id: Uuid = since(10).ignorable(),
        is_internal: bool = since(1).ignorable(),
        partitions: Vec<MetadataResponsePartition> = since(0),
        /// A bit field; `i32::MIN` when not asked for.
        topic_authorized_operations: i32 = since(8) => i32::MIN,
    }

    /// One partition.
    struct MetadataResponsePartition {
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        partition_index: i32 = since(0),
        leader_id: i32 = since(0),
        leader_epoch: i32 = since(7).ignorable() => -1,
        replica_nodes: Vec<i32> = since(0),
        isr_nodes: Vec<i32> = since(0),
        offline_replicas: Vec<i32> = since(5).ignorable(),
    }
}
