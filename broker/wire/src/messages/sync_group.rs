//! `SyncGroup` (key 14): the leader hands in the assignment, each member gets its part.

use crate::field::since;
use crate::message::{api, structs};
use crate::{Blob, Str};

api!(
    SyncGroup, versions 0..=5, flexible 4,
    Request<'a> => Response<'a>
);

structs! {
    /// A member that waits for its assignment; the leader brings all of them.
    struct Request<'a> {
        group_id: Str<'a> = since(0),
        generation_id: i32 = since(0),
        member_id: Str<'a> = since(0),
        group_instance_id: Option<Str<'a>> = since(3).nullable(3),
        protocol_type: Option<Str<'a>> = since(5).nullable(5).ignorable(),
        protocol_name: Option<Str<'a>> = since(5).nullable(5).ignorable(),
        assignments: Vec<SyncGroupRequestAssignment<'a>> = since(0),
    }

    /// The assignment of one member.
    struct SyncGroupRequestAssignment<'a> {
        member_id: Str<'a> = since(0),
        assignment: &'a [u8] = since(0),
    }

    /// The member's assignment.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(1).ignorable(),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        protocol_type: Option<Str<'a>> = since(5).nullable(5).ignorable(),
        protocol_name: Option<Str<'a>> = since(5).nullable(5).ignorable(),
        assignment: Blob<'a> = since(0),
    }
}
