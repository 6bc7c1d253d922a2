//! What can go wrong between a call and its answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::{DecodeError, EncodeError, ErrorCode};

/// A call without an answer. Error codes inside an answer are none of these.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no connection.
    #[error("connect to broker {addr}: {source}")]
    Connect {
        /// `host:port`.
        addr: String,
        /// Why not.
        source: io::Error,
    },
    /// The broker refuses to say which versions it speaks.
    #[error("ask broker {addr} for its versions: error {code}{}", .error.map(|error| format!(" {error}")).unwrap_or_default())]
    Refused {
        /// `host:port`.
        addr: String,
        /// The error as the broker sent it.
        code: i16,
        /// The same, if it is one that we know.
        error: Option<ErrorCode>,
    },
    /// The connection ended before the answer came; the request may or may not have been carried out.
    #[error("call {api} on broker {addr}: connection lost: {reason}")]
    Lost {
        /// The API.
        api: &'static str,
        /// `host:port`.
        addr: String,
        /// How it ended.
        reason: Arc<str>,
    },
    /// No answer in time; the request may or may not have been carried out.
    #[error("call {api} on broker {addr}: no answer within {after:?}")]
    TimedOut {
        /// The API.
        api: &'static str,
        /// `host:port`.
        addr: String,
        /// The time-out.
        after: Duration,
    },
    /// The broker does not have this API.
    #[error("call {api}: the broker does not offer it")]
    NotServed {
        /// The API.
        api: &'static str,
    },
    /// The broker has the API, in other versions.
    #[error("call {api}: the broker speaks versions {theirs:?}, this program {ours:?}")]
    NoCommonVersion {
        /// The API.
        api: &'static str,
        /// First and last version here.
        ours: (i16, i16),
        /// First and last version there.
        theirs: (i16, i16),
    },
    /// The request cannot be said in the common version.
    #[error(transparent)]
    Encode(EncodeError),
    /// The answer cannot be read.
    #[error(transparent)]
    Decode(DecodeError),
}

impl ClientError {
    /// Whether the same call may go well later, on this connection or a new one.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. } | Self::Lost { .. } | Self::TimedOut { .. }
        )
    }
}
