//! One multiplexed connection to a broker, for the operator's admin port and the hand tools.
//!
//! Many calls share the socket; each waits for the answer with its correlation id. It knows no cluster: which
//! broker leads a partition or keeps a group is the caller's business, and so is connecting again.

mod error;
mod exchange;
mod pending;
mod versions;

#[cfg(test)]
mod tests;

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout as within;

pub use error::ClientError;

use crate::messages::api_versions;
use crate::{
    ApiKey, DecodeError, EncodeError, ErrorCode, Message, Reader, Request, ResponseHeader, frame,
};
use pending::{Pending, Waiting};
use versions::Versions;

/// Calls that may be under way at once; further ones wait for their turn (and their time-out runs).
const MAX_IN_FLIGHT: usize = 100;

/// A call under way: encoded already, so it borrows nothing of the request.
pub type Call<'c, R> = Pin<Box<dyn Future<Output = Result<Reply<R>, ClientError>> + Send + 'c>>;

/// A connection to one broker. Clones share it; the last one that goes closes it.
#[derive(Debug, Clone)]
pub struct Connection {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    addr: String,
    client_id: String,
    timeout: Duration,
    versions: Versions,
    pending: Arc<Pending>,
    frames: mpsc::Sender<Bytes>,
    slots: Semaphore,
}

/// A request that waits to be sent.
struct Prepared<'c> {
    api: &'static str,
    version: i16,
    frame: Bytes,
    waiting: Waiting<'c>,
}

impl Connection {
    /// Connects to `addr` (`host:port`) and asks which versions the broker speaks.
    ///
    /// `timeout` bounds connecting with that question, and later each call. Must run inside a tokio runtime.
    pub async fn connect(
        addr: &str,
        client_id: &str,
        timeout: Duration,
    ) -> Result<Self, ClientError> {
        let connecting = Self::open(addr, client_id, timeout);
        let Ok(connected) = within(timeout, connecting).await else {
            let error = std::io::ErrorKind::TimedOut.into();
            return Err(ClientError::Connect {
                addr: addr.to_owned(),
                source: error,
            });
        };
        connected
    }

    async fn open(addr: &str, client_id: &str, timeout: Duration) -> Result<Self, ClientError> {
        let connect_error = |source| ClientError::Connect {
            addr: addr.to_owned(),
            source,
        };
        let socket = TcpStream::connect(addr).await.map_err(connect_error)?;
        socket.set_nodelay(true).map_err(connect_error)?;
        let pending = Arc::new(Pending::default());
        let (frames, outgoing) = mpsc::channel(MAX_IN_FLIGHT);
        tokio::spawn(exchange::run(socket, outgoing, Arc::clone(&pending)));
        let mut shared = Shared {
            addr: addr.to_owned(),
            client_id: client_id.to_owned(),
            timeout,
            versions: Versions::unknown(),
            pending,
            frames,
            slots: Semaphore::new(MAX_IN_FLIGHT),
        };
        shared.versions = shared.negotiate().await?;
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Sends `request` in the newest version that both sides speak, and waits for the answer.
    ///
    /// What the broker thinks of the request stands in the answer's error codes. A call that is dropped is
    /// forgotten, though the broker may still do what it asked for.
    pub fn call<'a, R: Request<'a>>(&self, request: &R) -> Call<'_, R::Static> {
        self.call_up_to(*R::VERSIONS.end(), request)
    }

    /// As [`Self::call`], in no version above `newest`: for a request that newer versions cannot carry, such as
    /// an `OffsetCommit` by topic name (up to version 9; later ones go by topic id).
    pub fn call_up_to<'a, R: Request<'a>>(&self, newest: i16, request: &R) -> Call<'_, R::Static> {
        let version = self.shared.versions.common::<R>(newest);
        let prepared = version.and_then(|version| self.shared.prepare(request, version));
        Box::pin(async move {
            let prepared = prepared?;
            let (api, after) = (prepared.api, self.shared.timeout);
            let Ok(reply) = within(after, self.shared.exchange(prepared)).await else {
                return Err(ClientError::TimedOut {
                    api,
                    addr: self.shared.addr.clone(),
                    after,
                });
            };
            reply
        })
    }

    /// Whether no call can succeed any more, so that a new connection is needed.
    pub fn is_lost(&self) -> bool {
        self.shared.pending.is_lost()
    }

    /// The address it was connected to.
    pub fn addr(&self) -> &str {
        &self.shared.addr
    }
}

impl Shared {
    /// All of a call that borrows from the request: what remains can be awaited in any task.
    fn prepare<'a, R: Request<'a>>(
        &self,
        request: &R,
        version: i16,
    ) -> Result<Prepared<'_>, ClientError> {
        let waiting = self
            .pending
            .register()
            .map_err(|reason| self.lost(R::NAME, reason))?;
        let client_id = Some(self.client_id.as_str());
        let frame = frame::request(waiting.correlation_id(), client_id, request, version)?.bytes;
        Ok(Prepared {
            api: R::NAME,
            version,
            frame,
            waiting,
        })
    }

    async fn exchange<R>(&self, prepared: Prepared<'_>) -> Result<Reply<R>, ClientError> {
        let Prepared {
            api,
            version,
            frame,
            mut waiting,
        } = prepared;
        let Ok(_slot) = self.slots.acquire().await else {
            return Err(self.lost(api, "closed by this side".into()));
        };
        // A closed channel means that the connection is lost; the answer below says why.
        let _ = self.frames.send(frame).await;
        let frame = waiting
            .answer()
            .await
            .map_err(|reason| self.lost(api, reason))?;
        Ok(Reply {
            frame,
            version,
            request: PhantomData,
        })
    }

    fn lost(&self, api: &'static str, reason: Arc<str>) -> ClientError {
        ClientError::Lost {
            api,
            addr: self.addr.clone(),
            reason,
        }
    }

    /// Asks for the broker's versions: with our newest `ApiVersions`, and if the broker does not know it, with
    /// the one that its answer names (KIP-511).
    async fn negotiate(&self) -> Result<Versions, ClientError> {
        let request = api_versions::Request {
            client_software_name: "eddyline".into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
        };
        let newest = *api_versions::Request::VERSIONS.end();
        let mut reply: Reply<api_versions::Request<'static>> =
            self.exchange(self.prepare(&request, newest)?).await?;
        if let Some(older) = reply.older_api_versions()? {
            reply = self
                .exchange(self.prepare(&request, older.min(newest))?)
                .await?;
        }
        self.versions_of(&reply.decode()?)
    }

    fn versions_of(&self, answer: &api_versions::Response<'_>) -> Result<Versions, ClientError> {
        if answer.error_code == 0 {
            return Ok(Versions::of(answer));
        }
        let (addr, code) = (self.addr.clone(), answer.error_code);
        Err(ClientError::Refused {
            addr,
            code,
            error: ErrorCode::from_code(code),
        })
    }
}

/// An answer as it came in.
#[derive(Debug, Clone)]
pub struct Reply<R> {
    frame: Bytes,
    version: i16,
    request: PhantomData<fn() -> R>,
}

impl<R: Request<'static>> Reply<R> {
    /// The answer; it borrows from the reply.
    pub fn decode(&self) -> Result<R::Response<'_>, DecodeError> {
        let mut reader = self.body(R::KEY)?;
        R::Response::decode(&mut reader, self.version)
    }

    /// The version that was spoken.
    pub fn version(&self) -> i16 {
        self.version
    }

    fn body(&self, key: ApiKey) -> Result<Reader<'_>, DecodeError> {
        let mut reader = Reader::new(&self.frame);
        ResponseHeader::decode(&mut reader, key, self.version)?;
        Ok(reader)
    }
}

impl Reply<api_versions::Request<'static>> {
    /// The newest `ApiVersions` that the broker knows, if it is not the one it was asked with. Such an answer has
    /// the form of version 0 (KIP-511).
    fn older_api_versions(&self) -> Result<Option<i16>, DecodeError> {
        let Ok(answer) = api_versions::Response::decode(&mut self.body(ApiKey::ApiVersions)?, 0)
        else {
            return Ok(None);
        };
        if answer.error_code != ErrorCode::UnsupportedVersion.code() {
            return Ok(None);
        }
        let own = |api: &&api_versions::ApiVersion| api.api_key == ApiKey::ApiVersions.code();
        Ok(Some(
            answer
                .api_keys
                .iter()
                .find(own)
                .map_or(0, |api| api.max_version),
        ))
    }
}

impl From<EncodeError> for ClientError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<DecodeError> for ClientError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}
