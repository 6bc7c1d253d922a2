//! One connection: requests in, replies out in the order of the requests.
//!
//! Two halves in one task. The reading half runs handlers one after the other, so a parked Fetch
//! or `JoinGroup` stops this connection and no other. A handler that only waits for the disk hands
//! over the rest as [`Reply::Later`], and the next request is read meanwhile.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::io::{AsyncWriteExt, BufReader, BufWriter};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::Broker;
use crate::api::{self, Refusal, Reply};
use crate::server::frame::{End, Frames};
use crate::server::send;

/// While an answer that holds more memory than this has not left, the next request is not read: what a client asks for and
/// does not take is held once.
const MOST_UNSENT_BYTES: usize = 64 << 10;
/// Replies that may wait for the disk or the client while further requests are read.
const REPLIES_IN_FLIGHT: usize = 32;
/// A request and its answer are mostly small; larger ones bypass these buffers.
const READ_BUFFER_BYTES: usize = 16 << 10;
const WRITE_BUFFER_BYTES: usize = 8 << 10;
/// How long a stopping broker waits for a client to take the answers it is owed.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Serves a connection until the client leaves, the broker stops, or a request is refused.
///
/// # Errors
/// Why the broker closed it: the line to log.
pub(super) async fn run(
    broker: &Broker,
    connection: api::Connection,
    stream: TcpStream,
    stop: &CancellationToken,
) -> Result<(), String> {
    // Answers are small and waited for; a failure here costs latency only.
    let _ = stream.set_nodelay(true);
    if let Some(bytes) = broker.config.socket_send_buffer_bytes {
        // Left to itself the system buffers megabytes for a reader, and a byte that has left the processor's cache before
        // the reader takes it costs both of them twice. A failure here costs that only.
        let _ = set_socket_send_buffer_size(&stream, bytes);
    }
    let (read, write) = stream.into_split();
    let (replies, owed) = mpsc::channel(REPLIES_IN_FLIGHT);
    let mut sending = std::pin::pin!(send_replies(broker, write, owed));
    let ended = tokio::select! {
        // The client takes no more answers, or one could not be made: no use in reading on.
        ended = &mut sending => return ended,
        () = stop.cancelled() => Ok(()),
        ended = in_turns(broker, read_requests(broker, Arc::new(connection), read, replies)) => ended,
    };
    // Requests before the end are answered still.
    let patience = if stop.is_cancelled() {
        LAST_ANSWERS
    } else {
        broker.config.connections_max_idle
    };
    match tokio::time::timeout(patience, sending).await {
        Ok(sent) => ended.and(sent),
        Err(_) => ended,
    }
}

/// Runs the reading half. What it appended goes to the disk whenever it has to wait: requests that came in together share a
/// round of the log.
async fn in_turns<T>(broker: &Broker, reading: impl Future<Output = T>) -> T {
    let mut reading = std::pin::pin!(reading);
    poll_fn(|context| {
        let turn = reading.as_mut().poll(context);
        broker.log.write_gathered();
        turn
    })
    .await
}

async fn read_requests(
    broker: &Broker,
    connection: Arc<api::Connection>,
    read: OwnedReadHalf,
    replies: mpsc::Sender<Owed>,
) -> Result<(), String> {
    let mut read = BufReader::with_capacity(READ_BUFFER_BYTES, read);
    let frames = Frames {
        budget: broker.budget.clone(),
        max_bytes: broker.max_request_bytes(),
        idle: broker.config.connections_max_idle,
    };
    loop {
        let (frame, grant) = match frames.next(&mut read).await {
            Ok(next) => next,
            Err(End::Gone) => return Ok(()),
            Err(End::Bad(why)) => return Err(why),
        };
        broker.metrics.received_bytes.inc_by(frame.len() as u64);
        let reply = api::answer(broker, &connection, frame)
            .await
            .map_err(refused)?;
        drop(grant);
        let (owed, sent) = Owed::new(reply);
        if replies.send(owed).await.is_err() {
            return Ok(());
        }
        if let Some(sent) = sent {
            // It ends when the answer has left, or never will.
            let _ = sent.await;
        }
    }
}

/// A reply on its way to the client.
struct Owed {
    reply: Reply,
    /// Dropped when a large one has left.
    _sent: Option<oneshot::Sender<()>>,
}

impl Owed {
    /// The reply, and what ends when it has left if it is a large one.
    fn new(reply: Reply) -> (Self, Option<oneshot::Receiver<()>>) {
        let (sent, left) = if reply.memory_bytes() > MOST_UNSENT_BYTES {
            let (sent, left) = oneshot::channel();
            (Some(sent), Some(left))
        } else {
            (None, None)
        };
        (Self { reply, _sent: sent }, left)
    }
}

async fn send_replies(
    broker: &Broker,
    write: OwnedWriteHalf,
    mut owed: mpsc::Receiver<Owed>,
) -> Result<(), String> {
    let patience = broker.config.connections_max_idle;
    let mut write = BufWriter::with_capacity(WRITE_BUFFER_BYTES, write);
    loop {
        let Owed { reply, _sent } = if let Ok(owed) = owed.try_recv() {
            owed
        } else {
            if write.flush().await.is_err() {
                return Ok(());
            }
            let Some(owed) = owed.recv().await else {
                return Ok(());
            };
            owed
        };
        let Some(pieces) = settled(reply, &mut write).await? else {
            continue;
        };
        match send::pieces(&mut write, pieces, &broker.budget, patience).await {
            Ok(sent_bytes) => {
                broker.metrics.sent_bytes.inc_by(sent_bytes);
            }
            Err(error) => {
                tracing::debug!("send answer: {error}");
                return Ok(());
            }
        }
    }
}

/// Waits for what a reply waits for, with everything before it sent if that takes time: answers that a round of the log made
/// ready together leave together.
async fn settled(
    mut reply: Reply,
    write: &mut BufWriter<OwnedWriteHalf>,
) -> Result<Option<Vec<crate::log::Slice>>, String> {
    loop {
        match reply {
            Reply::Frame(pieces) => return Ok(Some(pieces)),
            Reply::Silence => return Ok(None),
            Reply::Later(mut rest) => {
                let ready = poll_fn(|context| Poll::Ready(rest.as_mut().poll(context))).await;
                let rest = if let Poll::Ready(done) = ready {
                    done
                } else {
                    // A failed flush shows again at the next write.
                    let _ = write.flush().await;
                    rest.await
                };
                reply = rest.map_err(refused)?;
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(refusal: Refusal) -> String {
    refusal.to_string()
}
