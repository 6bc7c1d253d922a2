//! The disk as the log sees it: named files under one root, with writes and syncs apart. Two live here: a real folder
//! ([`folder`]) and, for tests, one that remembers every write and sync and can be cut off after any of them.

use std::{
    fmt,
    io::{self, IoSlice},
    os::fd::BorrowedFd,
    sync::Arc,
};

pub(super) mod folder;
#[cfg(target_os = "linux")]
#[path = "disk/linux.rs"]
mod platform;
#[cfg(not(target_os = "linux"))]
#[path = "disk/portable.rs"]
mod platform;
#[cfg(test)]
pub(super) mod simulated;

/// Space of the volume a disk lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Space {
    /// Bytes an ordinary process may still write.
    pub(crate) free_bytes: u64,
    /// Bytes of the whole volume.
    pub(crate) total_bytes: u64,
}

/// Whether a read failed because of what lies on the device: a sector that cannot be read, a checksum of the file system or
/// of the device that does not match, a file that is shorter than it was.
pub(crate) fn is_unreadable(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let says = |errno| matches!(errno, Errno::IO | Errno::BADMSG | Errno::ILSEQ);
    error.kind() == io::ErrorKind::UnexpectedEof || Errno::from_io_error(error).is_some_and(says)
}

/// Files and directories under one root. Names are relative, with `/` between parts. Creating, renaming and removing are
/// durable only after [`Disk::sync_dir`] of the directory they happened in.
pub(crate) trait Disk: Send + Sync + fmt::Debug + 'static {
    /// Takes the folder for this process, until the disk is dropped. `WouldBlock` when another process has it.
    fn lock(&self) -> io::Result<()>;
    /// Makes a directory; fine when it is there.
    fn create_dir(&self, dir: &str) -> io::Result<()>;
    /// Makes an empty file, in place of one that is there.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens a file for reading and writing. `NotFound` when it is not there.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Names in a directory, sorted. `NotFound` when it is not there.
    fn list(&self, dir: &str) -> io::Result<Vec<String>>;
    /// Moves a file over another name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file; open ones stay readable.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Removes an empty directory.
    fn remove_dir(&self, dir: &str) -> io::Result<()>;
    /// Makes what happened to the names in a directory durable.
    fn sync_dir(&self, dir: &str) -> io::Result<()>;
    /// Space of the volume.
    fn space(&self) -> io::Result<Space>;
}

/// An open file. It has one writer at a time and any number of readers.
pub(crate) trait DiskFile: Send + Sync + fmt::Debug + 'static {
    /// Bytes in the file.
    fn size_bytes(&self) -> io::Result<u64>;
    /// Fills `buffer` from `position` on; `UnexpectedEof` when the file ends first.
    fn read_exact_at(&self, position: u64, buffer: &mut [u8]) -> io::Result<()>;
    /// Writes all slices one after the other from `position` on. Not durable before [`DiskFile::sync`].
    fn write_all_at(&self, position: u64, slices: &mut [IoSlice<'_>]) -> io::Result<()>;
    /// As [`DiskFile::write_all_at`], but past the page cache where the file system can: for bytes that are synced at once and
    /// not read through this handle. Position and length are multiples of 4 KiB.
    fn write_blocks_at(&self, position: u64, slices: &mut [IoSlice<'_>]) -> io::Result<()> {
        self.write_all_at(position, slices)
    }
    /// Cuts or extends the file.
    fn resize(&self, size_bytes: u64) -> io::Result<()>;
    /// Has the system begin to write a range to the device, so that a later sync has less left to do. A hint.
    fn begin_writing(&self, _position: u64, _count: u64) {}
    /// Lets the page cache forget what it holds of the file and the device has. A hint.
    fn forget_cached(&self) {}
    /// Makes what was written, and the size, durable.
    fn sync(&self) -> io::Result<()>;
    /// Brings bytes into the page cache, so that [`DiskFile::send`] can move them. False where it never can. Blocks on disk.
    fn warm(&self, _position: u64, _count: usize) -> io::Result<bool> {
        Ok(false)
    }
    /// Moves bytes into a socket without a copy, as many as it takes now (0 is the end of the file). None where that cannot
    /// be done, or not without waiting for the disk: read them then.
    fn send(
        &self,
        _socket: BorrowedFd<'_>,
        _position: u64,
        _count: usize,
    ) -> Option<io::Result<usize>> {
        None
    }
}
