//! `Heartbeat` (key 12): a member is alive; the answer tells of a rebalance.

use crate::Str;
use crate::field::since;
use crate::message::{api, structs};

api!(
    Heartbeat, versions 0..=4, flexible 4,
    Request<'a> => Response
);

structs! {
    /// Who is alive.
    struct Request<'a> {
        group_id: Str<'a> = since(0),
        generation_id: i32 = since(0),
        member_id: Str<'a> = since(0),
        group_instance_id: Option<Str<'a>> = since(3).nullable(3),
    }

    /// Whether all is well.
    struct Response {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(1).ignorable(),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
    }
}
