//! The socket's two directions: frames of calls out, answers in.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::pending::Pending;

/// The longest answer that is read; a longer one is no answer to what we ask.
pub(super) const MAX_ANSWER_BYTES: usize = 64 << 20;

/// Serves the socket until it breaks or nobody can send any more, then fails what still waits.
pub(super) async fn run(
    mut socket: TcpStream,
    mut outgoing: mpsc::Receiver<Bytes>,
    pending: Arc<Pending>,
) {
    let (incoming, sink) = socket.split();
    let ended = tokio::select! {
        ended = write_frames(sink, &mut outgoing) => ended,
        ended = read_answers(incoming, &pending) => ended,
    };
    match ended {
        Ok(()) => pending.lose("closed by this side"),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            pending.lose("closed by the broker");
        }
        Err(error) => pending.lose(&error.to_string()),
    }
}

async fn write_frames(
    mut sink: impl AsyncWrite + Unpin,
    outgoing: &mut mpsc::Receiver<Bytes>,
) -> io::Result<()> {
    while let Some(frame) = outgoing.recv().await {
        sink.write_all(&frame).await?;
    }
    Ok(())
}

async fn read_answers(incoming: impl AsyncRead + Unpin, pending: &Pending) -> io::Result<()> {
    let mut incoming = BufReader::new(incoming);
    loop {
        let frame = read_frame(&mut incoming).await?;
        let Some(id) = frame.first_chunk() else {
            return Err(invalid(
                "the broker sent a frame without a correlation id".into(),
            ));
        };
        let id = i32::from_be_bytes(*id);
        if !pending.answer(id, frame) {
            tracing::debug!(
                correlation_id = id,
                "an answer came for a call that nobody waits for"
            );
        }
    }
}

async fn read_frame(incoming: &mut (impl AsyncRead + Unpin)) -> io::Result<Bytes> {
    let len = incoming.read_i32().await?;
    let len = usize::try_from(len)
        .ok()
        .filter(|&len| len <= MAX_ANSWER_BYTES)
        .ok_or_else(|| {
            invalid(format!(
                "the broker sent a frame of {len} bytes, not 0 to {MAX_ANSWER_BYTES}"
            ))
        })?;
    let mut frame = vec![0; len];
    incoming.read_exact(&mut frame).await?;
    Ok(frame.into())
}

fn invalid(problem: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
