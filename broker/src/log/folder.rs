//! The data folder as a whole: which format it has, and how a new one is laid out.
//!
//! ```text
//! format                  one line: what laid the folder out, and which version of it
//! lock                    held while a broker runs on the folder
//! manifest                what the last checkpoint made durable
//! wal/                    the shared log
//! partitions/<id>-<n>/    segments of a partition
//! snapshots/              caches of the floors above
//! damaged/                files of the shared log in which damage was found, kept for people to look at
//! ```

use std::io;

use super::{
    checkpoint::{read_whole, write_whole},
    disk::Disk,
    manifest, wal,
};

/// Version of everything under the data folder.
pub const FORMAT: u32 = 2;

const FILE: &str = "format";
const NEW_FILE: &str = "format.new";
const NAME: &str = "eddyline data, format ";

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing of ours yet.
    New,
    /// Files of this format.
    Known,
    /// Files of another format, as its format file says.
    Other(String),
}

/// Looks, and touches nothing.
pub(super) fn look(disk: &dyn Disk) -> io::Result<Found> {
    if let Some(content) = read_whole(disk, FILE)? {
        let content = String::from_utf8_lossy(&content);
        let version = content.trim_end().strip_prefix(NAME);
        return Ok(match version.map(str::parse) {
            Some(Ok(FORMAT)) => Found::Known,
            Some(_) => Found::Other(version.unwrap_or_default().chars().take(20).collect()),
            None => Found::Other("unknown".to_owned()),
        });
    }
    if read_whole(disk, manifest::FILE)?.is_some() {
        return Ok(Found::Other("unknown".to_owned()));
    }
    Ok(Found::New)
}

/// Lays out a new folder. The format file comes first, so that whatever a crash leaves is known as ours.
pub(super) fn lay_out(disk: &dyn Disk) -> io::Result<()> {
    write_whole(disk, NEW_FILE, format!("{NAME}{FORMAT}\n").as_bytes())?;
    disk.rename(NEW_FILE, FILE)?;
    disk.sync_dir("")
}

/// Makes the directories that are always there.
pub(super) fn make_dirs(disk: &dyn Disk) -> io::Result<()> {
    for dir in [wal::DIR, "partitions", "snapshots"] {
        disk.create_dir(dir)?;
    }
    disk.sync_dir("")
}
