//! `DescribeCluster` (key 60): cluster id, controller and brokers (KIP-700).

use crate::Str;
use crate::field::since;
use crate::message::{api, structs};

api!(
    DescribeCluster, versions 0..=2, flexible 0,
    Request => Response<'a>
);

structs! {
    /// What to tell of the cluster.
    struct Request {
        include_cluster_authorized_operations: bool = since(0),
        /// 1: brokers; 2: controllers.
        endpoint_type: i8 = since(1) => 1,
        include_fenced_brokers: bool = since(2),
    }

    /// The cluster.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(0),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        error_message: Option<Str<'a>> = since(0).nullable(0),
        /// 1: brokers; 2: controllers.
        endpoint_type: i8 = since(1) => 1,
        cluster_id: Str<'a> = since(0),
        controller_id: i32 = since(0) => -1,
        brokers: Vec<DescribeClusterBroker<'a>> = since(0),
        /// A bit field; `i32::MIN` when not asked for.
        cluster_authorized_operations: i32 = since(0) => i32::MIN,
    }

    /// One broker.
    struct DescribeClusterBroker<'a> {
        broker_id: i32 = since(0),
        host: Str<'a> = since(0),
        port: i32 = since(0),
        rack: Option<Str<'a>> = since(0).nullable(0),
        is_fenced: bool = since(2),
    }
}
