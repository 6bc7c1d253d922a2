//! Calls that only Linux has.

use std::{
    fs::File,
    io::{self, IoSliceMut},
    os::fd::BorrowedFd,
};

use rustix::io::{Errno, ReadWriteFlags};

/// Moves bytes of a file into a socket by `sendfile(2)`, where the page cache has them.
pub(super) fn send(
    file: &File,
    socket: BorrowedFd<'_>,
    position: u64,
    count: usize,
) -> Option<io::Result<usize>> {
    let last = position + (count as u64).saturating_sub(1);
    if !(is_cached(file, position) && is_cached(file, last)) {
        return None;
    }
    let mut offset = position;
    let sent = rustix::fs::sendfile(socket, file, Some(&mut offset), count);
    Some(sent.map_err(io::Error::from))
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
