//! `InitProducerId` (key 22): a producer id and epoch, new or raised (KIP-98, KIP-360).
//!
//! Version 6 is not stable in Kafka 4.3 and not spoken.

use crate::Str;
use crate::field::since;
use crate::message::{api, structs};

api!(
    InitProducerId, versions 0..=5, flexible 2,
    Request<'a> => Response
);

structs! {
    /// Who wants an id.
    struct Request<'a> {
        transactional_id: Option<Str<'a>> = since(0).nullable(0) => Some(Str::default()),
        /// How long a transaction may stay open, in milliseconds.
        transaction_timeout_ms: i32 = since(0),
        producer_id: i64 = since(3) => -1,
        producer_epoch: i16 = since(3) => -1,
    }

    /// The id.
    struct Response {
        /// How long the client shall pause, in milliseconds.
        throttle_time_ms: i32 = since(0).ignorable(),
        /// An [`ErrorCode`](crate::ErrorCode); 0 is none.
        error_code: i16 = since(0),
        producer_id: i64 = since(0) => -1,
        producer_epoch: i16 = since(0),
    }
}
