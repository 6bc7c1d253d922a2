//! `ListGroups` (key 16): all groups, by state (KIP-518) and type (KIP-848) if asked so.

use crate::Str;
use crate::field::since;
use crate::message::{api, structs};

api!(
    ListGroups, versions 0..=5, flexible 3,
    Request<'a> => Response<'a>
);

structs! {
    /// Which groups; empty filters let all pass.
    struct Request<'a> {
        states_filter: Vec<Str<'a>> = since(4),
        types_filter: Vec<Str<'a>> = since(5),
    }

    /// Their names.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(1).ignorable(),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        groups: Vec<ListedGroup<'a>> = since(0),
    }

    /// One group.
    struct ListedGroup<'a> {
        group_id: Str<'a> = since(0),
        protocol_type: Str<'a> = since(0),
        group_state: Str<'a> = since(4).ignorable(),
        group_type: Str<'a> = since(5).ignorable(),
    }
}
