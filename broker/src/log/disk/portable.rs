//! What stands for the calls of one platform everywhere else.

use std::{fs::File, io, os::fd::BorrowedFd};

/// Bytes are read where they are sent.
pub(super) fn warm(_file: &File, _position: u64, _count: usize) -> io::Result<bool> {
    Ok(false)
}

/// Bytes are read and written.
pub(super) fn send(
    _file: &File,
    _socket: BorrowedFd<'_>,
    _position: u64,
    _count: usize,
) -> Option<io::Result<usize>> {
    None
}
