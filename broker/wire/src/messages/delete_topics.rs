//! `DeleteTopics` (key 20): deletes topics by name, from version 6 also by id (KIP-516).

use crate::field::{since, versions};
use crate::message::{api, structs};
use crate::{Str, Uuid};

api!(
    DeleteTopics, versions 1..=6, flexible 4,
    Request<'a> => Response<'a>
);

structs! {
    /// Topics to delete.
    struct Request<'a> {
        topics: Vec<DeleteTopicState<'a>> = since(6),
        topic_names: Vec<Str<'a>> = versions(0, 5).ignorable(),
        /// How long the broker may take, in milliseconds.
        timeout_ms: i32 = since(0),
    }

    /// A topic, by name or by id.
    struct DeleteTopicState<'a> {
        name: Option<Str<'a>> = since(6).nullable(6),
        topic_id: Uuid = since(6),
    }

    /// What became of them.
    struct Response<'a> {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(1).ignorable(),
        responses: Vec<DeletableTopicResult<'a>> = since(0),
    }

    /// The result for one topic.
    struct DeletableTopicResult<'a> {
        name: Option<Str<'a>> = since(0).nullable(6) => Some(Str::default()),
        topic_id: Uuid = since(6).ignorable(),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        error_message: Option<Str<'a>> = since(5).nullable(5).ignorable(),
    }
}
