//! `DescribeGroups` (key 15): state, protocol and members of groups.

use crate::field::since;
use crate::message::{api, structs};
use crate::{Blob, Str};

api!(
    DescribeGroups, versions 0..=6, flexible 5,
    Request<'a> => Response<'a>
);

structs! {
    /// Which groups.
    struct Request<'a> {
        groups: Vec<Str<'a>> = since(0),
        include_authorized_operations: bool = since(3),
    }

    /// Their state.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(1).ignorable(),
        groups: Vec<DescribedGroup<'a>> = since(0),
    }

    /// One group.
    struct DescribedGroup<'a> {
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        error_message: Option<Str<'a>> = since(6).nullable(6),
        group_id: Str<'a> = since(0),
        group_state: Str<'a> = since(0),
        protocol_type: Str<'a> = since(0),
        protocol_data: Str<'a> = since(0),
        members: Vec<DescribedGroupMember<'a>> = since(0),
        /// A bit field; `i32::MIN` when not asked for.
        authorized_operations: i32 = since(3) => i32::MIN,
    }

    /// One member.
    struct DescribedGroupMember<'a> {
        member_id: Str<'a> = since(0),
        group_instance_id: Option<Str<'a>> = since(4).nullable(4).ignorable(),
        client_id: Str<'a> = since(0),
        client_host: Str<'a> = since(0),
        member_metadata: Blob<'a> = since(0),
        member_assignment: Blob<'a> = since(0),
    }
}
