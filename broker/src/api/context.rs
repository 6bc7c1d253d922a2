//! What a handler knows about a request besides its body, and what it may answer.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use wire::{ApiKey, Message};

use crate::log::{Slice, Slices};

use crate::listeners::Address;

/// One request's surroundings.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// One of the versions in the table ([`crate::api`]).
    pub(crate) api_version: i16,
    pub(crate) correlation_id: i32,
    /// As the client calls itself; shortened to 255 characters.
    pub(crate) client_id: Option<String>,
    pub(crate) connection: Arc<Connection>,
}

/// What is the same for all requests of one connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    /// The address clients of this listener are told.
    pub(crate) advertised: Address,
}

impl Context {
    /// The address clients of this listener are told.
    pub(crate) fn advertised(&self) -> &Address {
        &self.connection.advertised
    }

    /// The client's host as Kafka shows it in group descriptions.
    pub(crate) fn client_host(&self) -> String {
        format!("/{}", self.connection.peer.ip().to_canonical())
    }
}

/// What goes back to the client for one request.
pub(crate) enum Reply {
    /// These pieces, the first of which starts with the frame's length.
    Frame(Vec<Slice>),
    /// Nothing: Produce with acks=0.
    Silence,
    /// What the future yields. The connection goes on reading requests meanwhile, and still
    /// answers in order: a Produce whose batches are appended, waiting to be durable.
    Later(Pin<Box<dyn Future<Output = Result<Self, Refusal>> + Send>>),
}

impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(pieces) => {
                write!(
                    formatter,
                    "Frame({} bytes)",
                    pieces.iter().map(Slice::size_bytes).sum::<usize>()
                )
            }
            Self::Silence => formatter.write_str("Silence"),
            Self::Later(_) => formatter.write_str("Later"),
        }
    }
}

/// A request that gets no answer: its connection is closed, with one log line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Decode(#[from] wire::DecodeError),
    #[error(transparent)]
    Encode(#[from] wire::EncodeError),
    /// The handler's own reason, such as a Produce with acks=0 that failed.
    #[error("{0}")]
    Close(String),
}

impl Reply {
    /// What of it is held in memory until the client has taken it.
    pub(crate) fn memory_bytes(&self) -> usize {
        let Self::Frame(pieces) = self else { return 0 };
        pieces.iter().map(Slice::memory_bytes).sum()
    }

    /// The frame of a response without spliced records.
    pub(crate) fn message<'r>(
        context: &Context,
        key: ApiKey,
        response: &impl Message<'r>,
    ) -> Result<Self, Refusal> {
        Self::spliced(context, key, response, Vec::new())
    }

    /// The frame of a response whose `Records::Spliced` stand for `records`: as many, of the
    /// same lengths and in the same order (empty ones are left out).
    pub(crate) fn spliced<'r>(
        context: &Context,
        key: ApiKey,
        response: &impl Message<'r>,
        records: Vec<Slices>,
    ) -> Result<Self, Refusal> {
        let version = context.api_version;
        let encoded = wire::frame::response(context.correlation_id, key, response, version)?;
        let mut pieces = Vec::with_capacity(1 + 2 * encoded.splices.len());
        let mut from = 0;
        let records = records.into_iter().filter(|slices| !slices.is_empty());
        for (splice, slices) in encoded.splices.iter().zip(records) {
            debug_assert_eq!(splice.len, slices.size_bytes());
            pieces.push(Slice::Memory(encoded.bytes.slice(from..splice.at)));
            pieces.extend(slices.into_parts());
            from = splice.at;
        }
        pieces.push(Slice::Memory(encoded.bytes.slice(from..)));
        Ok(Self::Frame(pieces))
    }
}
