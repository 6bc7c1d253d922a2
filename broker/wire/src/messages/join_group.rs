//! `JoinGroup` (key 11): enters a group of the classic protocol; answered when its members are known.
//!
//! From version 4 a new member is first told its id (KIP-394); static members: KIP-345.

use crate::field::since;
use crate::message::{api, structs};
use crate::{Blob, Str};

api!(
    JoinGroup, versions 0..=9, flexible 6,
    Request<'a> => Response<'a>
);

structs! {
    /// A member and the protocols it can do.
    struct Request<'a> {
        group_id: Str<'a> = since(0),
        /// The member is gone after so many milliseconds without a heartbeat.
        session_timeout_ms: i32 = since(0),
        /// How long the member may take to join again, in milliseconds; -1: the session time-out.
        rebalance_timeout_ms: i32 = since(1).ignorable() => -1,
        member_id: Str<'a> = since(0),
        group_instance_id: Option<Str<'a>> = since(5).nullable(5),
        protocol_type: Str<'a> = since(0),
        protocols: Vec<JoinGroupRequestProtocol<'a>> = since(0),
        reason: Option<Str<'a>> = since(8).nullable(8).ignorable(),
    }

    /// An assignor, and what it has to know about the member.
    struct JoinGroupRequestProtocol<'a> {
        name: Str<'a> = since(0),
        metadata: &'a [u8] = since(0),
    }

    /// The new generation; the leader also gets its members.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(2).ignorable(),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        generation_id: i32 = since(0) => -1,
        protocol_type: Option<Str<'a>> = since(7).nullable(7).ignorable(),
        protocol_name: Option<Str<'a>> = since(0).nullable(7) => Some(Str::default()),
        leader: Str<'a> = since(0),
        /// The leader shall not assign: the broker has the assignment (KIP-814).
        skip_assignment: bool = since(9),
        member_id: Str<'a> = since(0),
        members: Vec<JoinGroupResponseMember<'a>> = since(0),
    }

    /// One member, as the leader has to know it.
    struct JoinGroupResponseMember<'a> {
        member_id: Str<'a> = since(0),
        group_instance_id: Option<Str<'a>> = since(5).nullable(5).ignorable(),
        metadata: Blob<'a> = since(0),
    }
}
