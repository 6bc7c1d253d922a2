//! Sends replies: slices of memory as they are, file ranges in steps, without a copy where the page cache has them.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufWriter, Interest};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::timeout;

use crate::log::{FileRange, Slice};
use crate::memory::Budget;

/// The most that is sent at once.
const STEP_BYTES: usize = 256 << 10;
/// The most of a file that is held in memory until its client has taken it.
const BUFFER_BYTES: usize = 64 << 10;

/// Sends the pieces of a frame. A client that takes nothing for `patience` is given up.
pub(super) async fn pieces(
    stream: &mut BufWriter<OwnedWriteHalf>,
    pieces: Vec<Slice>,
    budget: &Budget,
    patience: Duration,
) -> io::Result<u64> {
    let mut sent_bytes = 0;
    let has_files = pieces.iter().any(|piece| matches!(piece, Slice::File(_)));
    if has_files {
        hold_back(stream, true);
    }
    for piece in pieces {
        sent_bytes += piece.size_bytes() as u64;
        match piece {
            Slice::Memory(bytes) => {
                for step in bytes.chunks(STEP_BYTES) {
                    write(stream, step, patience).await?;
                }
            }
            Slice::File(range) => file(stream, range, budget, patience).await?,
        }
    }
    if has_files {
        timeout(patience, stream.flush())
            .await
            .map_err(io::Error::other)??;
        hold_back(stream, false);
    }
    Ok(sent_bytes)
}

/// Has the system send whole segments only, until it is told that an answer is complete: what leads and ends a range of a
/// file are a few bytes, and each of them alone would wake the client for nothing.
fn hold_back(stream: &BufWriter<OwnedWriteHalf>, held: bool) {
    #[cfg(target_os = "linux")]
    {
        // It costs the client a wake-up where it cannot be set, nothing else.
        let _ = rustix::net::sockopt::set_tcp_cork(stream.get_ref().as_ref(), held);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (stream, held);
}

async fn file(
    stream: &mut BufWriter<OwnedWriteHalf>,
    range: FileRange,
    budget: &Budget,
    patience: Duration,
) -> io::Result<()> {
    // What goes to the socket by another way must not overtake what is buffered.
    timeout(patience, stream.flush())
        .await
        .map_err(io::Error::other)??;
    let (mut at, mut warmed) = (0, false);
    while at < range.size_bytes() {
        let step = STEP_BYTES.min(range.size_bytes() - at);
        if let Some(sent) = send(stream.get_ref().as_ref(), &range, at, step, patience).await? {
            (at, warmed) = (at + sent, false);
            continue;
        }
        // Only so many wait for the disk at a time, and a slow client holds none of what was read for it.
        let turn = budget.file_read().await;
        if !warmed {
            let part = range.clone();
            warmed = blocking(move || part.warm(at, step)).await?;
            if warmed {
                continue;
            }
        }
        let (part, step) = (range.clone(), step.min(BUFFER_BYTES));
        let buffer = blocking(move || {
            let mut buffer = vec![0; step];
            part.read_exact_at(at, &mut buffer).map(|()| buffer)
        });
        let buffer = buffer.await?;
        drop(turn);
        write(stream, &buffer, patience).await?;
        stream.flush().await?;
        (at, warmed) = (at + step, false);
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other)?
}

/// Lets the system move bytes of the file; how many. None when they have to be read.
async fn send(
    socket: &TcpStream,
    range: &FileRange,
    at: usize,
    step: usize,
    patience: Duration,
) -> io::Result<Option<usize>> {
    loop {
        timeout(patience, socket.writable())
            .await
            .map_err(io::Error::other)??;
        let sent = socket.try_io(Interest::WRITABLE, || {
            range.send(socket.as_fd(), at, step).transpose()
        });
        match sent {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            sent => return sent,
        }
    }
}

async fn write(
    stream: &mut BufWriter<OwnedWriteHalf>,
    bytes: &[u8],
    patience: Duration,
) -> io::Result<()> {
    timeout(patience, stream.write_all(bytes))
        .await
        .map_err(io::Error::other)?
}
