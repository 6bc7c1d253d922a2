//! The Kafka wire protocol: bytes ↔ messages.
//!
//! Every message is one struct with the fields of all its versions; which field is in which version stands
//! beside the field ([`messages`]). Strings and records are borrowed from the frame. Every length and
//! count is checked against what is left of the frame before anything is allocated ([`Reader`]).
//!
//! It knows no socket, no log and no broker state, except that the feature `client` adds one multiplexed
//! connection for callers that speak to a broker (`client::Connection`).
//!
//! Entry types: [`RequestHeader`], [`Message`], [`Request`], [`frame::response`], [`ApiKey`], [`ErrorCode`].
#![warn(missing_docs)]

pub mod api_key;
#[cfg(feature = "client")]
pub mod client;
mod error;
pub mod error_code;
mod field;
pub mod frame;
mod header;
mod message;
pub mod messages;
mod reader;
pub mod record_batch;
mod records;
#[cfg(test)]
mod testing;
mod uuid;
mod value;
mod writer;

pub use api_key::ApiKey;
pub use error::{DecodeError, EncodeError, Problem};
pub use error_code::ErrorCode;
pub use header::{RequestHeader, ResponseHeader};
pub use message::{Message, Request};
pub use reader::Reader;
pub use records::Records;
pub use uuid::Uuid;
pub use writer::{Encoded, Splice, Writer};

/// A string of a message: borrowed from the frame when decoded, either way when encoded.
pub type Str<'a> = std::borrow::Cow<'a, str>;

/// Bytes of an answer, such as a member's assignment: borrowed or owned.
pub type Blob<'a> = std::borrow::Cow<'a, [u8]>;
