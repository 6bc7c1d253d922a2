//! Sends replies: slices of memory as they are, file ranges in steps.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::log::{FileRange, Slice};

/// The most that is read from a file before it is sent.
const STEP_BYTES: usize = 256 << 10;

/// Sends the pieces of a frame. A client that takes nothing for `patience` is given up.
pub(super) async fn pieces<W: AsyncWrite + Unpin>(
    stream: &mut W,
    pieces: Vec<Slice>,
    patience: Duration,
) -> io::Result<u64> {
    let mut sent_bytes = 0;
    for piece in pieces {
        sent_bytes += piece.size_bytes() as u64;
        match piece {
            Slice::Memory(bytes) => {
                for step in bytes.chunks(STEP_BYTES) {
                    write(stream, step, patience).await?;
                }
            }
            Slice::File(range) => file(stream, range, patience).await?,
        }
    }
    Ok(sent_bytes)
}

async fn file<W: AsyncWrite + Unpin>(
    stream: &mut W,
    range: FileRange,
    patience: Duration,
) -> io::Result<()> {
    let mut at = 0;
    while at < range.size_bytes() {
        let step = STEP_BYTES.min(range.size_bytes() - at);
        let part = range.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut buffer = vec![0; step];
            part.read_exact_at(at, &mut buffer).map(|()| buffer)
        });
        let buffer = read.await.map_err(io::Error::other)??;
        write(stream, &buffer, patience).await?;
        at += step;
    }
    Ok(())
}

async fn write<W: AsyncWrite + Unpin>(
    stream: &mut W,
    bytes: &[u8],
    patience: Duration,
) -> io::Result<()> {
    timeout(patience, stream.write_all(bytes))
        .await
        .map_err(io::Error::other)?
}
