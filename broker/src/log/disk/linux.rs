//! Calls that only Linux has.

use std::{
    fs::File,
    io::{self, IoSliceMut},
    num::NonZero,
    os::{fd::BorrowedFd, unix::fs::FileExt},
};

use rustix::fs::Advice;
use rustix::io::{Errno, ReadWriteFlags};

#[path = "direct.rs"]
mod direct;

pub(super) use direct::Direct;

/// Read at once into memory that is forgotten.
const WARM_BYTES: usize = 32 << 10;

/// Moves bytes of a file into a socket by `sendfile(2)`, where the page cache has them.
pub(super) fn send(
    file: &File,
    socket: BorrowedFd<'_>,
    position: u64,
    count: usize,
) -> Option<io::Result<usize>> {
    // The byte before `position` was sent a moment ago, or the reader's look-up read it: the end tells.
    let last = position + (count as u64).saturating_sub(1);
    if !is_cached(file, last) {
        return None;
    }
    let mut offset = position;
    let sent = rustix::fs::sendfile(socket, file, Some(&mut offset), count);
    Some(sent.map_err(io::Error::from))
}

/// Reads bytes of a file for nothing but to have them in the page cache.
pub(super) fn warm(file: &File, position: u64, count: usize) -> io::Result<bool> {
    let mut buffer = vec![0; count.min(WARM_BYTES)];
    let mut at = 0;
    while at < count {
        let step = (count - at).min(WARM_BYTES);
        file.read_exact_at(&mut buffer[..step], position + at as u64)?;
        at += step;
    }
    Ok(true)
}

/// Tells the page cache that a range is not needed (0 bytes: up to the end). What is not on the device yet begins to be
/// written and stays until the next time; what is goes.
pub(super) fn advise_unneeded(file: &File, position: u64, count: u64) {
    // Only a hint: where it is not taken the system goes its own way.
    let _ = rustix::fs::fadvise(file, position, NonZero::new(count), Advice::DontNeed);
}

/// Whether the byte at `position` can be read without waiting for the disk. A file system that cannot tell is taken at its
/// best.
fn is_cached(file: &File, position: u64) -> bool {
    let mut byte = [0];
    let mut buffer = [IoSliceMut::new(&mut byte)];
    match rustix::io::preadv2(file, &mut buffer, position, ReadWriteFlags::NOWAIT) {
        Err(Errno::AGAIN) => false,
        Ok(_) | Err(_) => true,
    }
}
