//! `DeleteGroups` (key 42): deletes empty groups with their offsets (KIP-229).

use crate::Str;
use crate::field::since;
use crate::message::{api, structs};

api!(
    DeleteGroups, versions 0..=2, flexible 2,
    Request<'a> => Response<'a>
);

structs! {
    /// Groups to delete.
    struct Request<'a> {
        groups_names: Vec<Str<'a>> = since(0),
    }

    /// What became of them.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(0),
        results: Vec<DeletableGroupResult<'a>> = since(0),
    }

    /// The result for one group.
    struct DeletableGroupResult<'a> {
        group_id: Str<'a> = since(0),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
    }
}
