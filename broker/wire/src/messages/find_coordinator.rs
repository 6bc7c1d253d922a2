//! `FindCoordinator` (key 10): the broker that keeps a group or a transactional id.
//!
//! One key up to version 3, several from 4 (KIP-699).

use crate::Str;
use crate::field::{since, versions};
use crate::message::{api, structs};

api!(
    FindCoordinator, versions 0..=6, flexible 3,
    Request<'a> => Response<'a>
);

structs! {
    /// Whose coordinator is wanted.
    struct Request<'a> {
        key: Str<'a> = versions(0, 3),
        /// 0: group; 1: transactional id; 2: share group.
        key_type: i8 = since(1),
        coordinator_keys: Vec<Str<'a>> = since(4),
    }

    /// Where it listens.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(1).ignorable(),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = versions(0, 3),
        error_message: Option<Str<'a>> = versions(1, 3).nullable(1).ignorable() => Some(Str::default()),
        node_id: i32 = versions(0, 3),
        host: Str<'a> = versions(0, 3),
        port: i32 = versions(0, 3),
        coordinators: Vec<Coordinator<'a>> = since(4),
    }

    /// The coordinator of one key.
    struct Coordinator<'a> {
        key: Str<'a> = since(4),
        node_id: i32 = since(4),
        host: Str<'a> = since(4),
        port: i32 = since(4),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(4),
        error_message: Option<Str<'a>> = since(4).nullable(4).ignorable() => Some(Str::default()),
    }
}
