//! What stands for the calls of one platform everywhere else.

use std::{convert::Infallible, fs::File, io, io::IoSlice, os::fd::BorrowedFd};

/// Bytes are read where they are sent.
pub(super) fn warm(_file: &File, _position: u64, _count: usize) -> io::Result<bool> {
    Ok(false)
}

/// The system decides by itself.
pub(super) fn advise_unneeded(_file: &File, _position: u64, _count: u64) {}

/// Bytes are read and written.
pub(super) fn send(
    _file: &File,
    _socket: BorrowedFd<'_>,
    _position: u64,
    _count: usize,
) -> Option<io::Result<usize>> {
    None
}

/// Writes past the page cache: there are none.
#[derive(Debug)]
pub(crate) struct Direct(Infallible);

impl Direct {
    /// None, always.
    pub(crate) fn of(_file: &File) -> Option<Self> {
        None
    }

    /// Never called.
    pub(crate) fn write(&mut self, _position: u64, _slices: &[IoSlice<'_>]) -> io::Result<()> {
        match self.0 {}
    }
}
