//! `LeaveGroup` (key 13): members go: one up to version 2, several from 3 (KIP-345).

use crate::Str;
use crate::field::{since, versions};
use crate::message::{api, structs};

api!(
    LeaveGroup, versions 0..=5, flexible 4,
    Request<'a> => Response<'a>
);

structs! {
    /// Who goes.
    struct Request<'a> {
        group_id: Str<'a> = since(0),
        member_id: Str<'a> = versions(0, 2),
        members: Vec<MemberIdentity<'a>> = since(3),
    }

    /// A member that goes.
    struct MemberIdentity<'a> {
        member_id: Str<'a> = since(3),
        group_instance_id: Option<Str<'a>> = since(3).nullable(3),
        reason: Option<Str<'a>> = since(5).nullable(5).ignorable(),
    }

    /// What became of it.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(1).ignorable(),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        members: Vec<MemberResponse<'a>> = since(3),
    }

    /// The result for one member.
    struct MemberResponse<'a> {
        member_id: Str<'a> = since(3),
        group_instance_id: Option<Str<'a>> = since(3).nullable(3) => Some(Str::default()),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(3),
    }
}
