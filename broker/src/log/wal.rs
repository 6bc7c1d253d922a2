//! The files of the shared log: one is written, the older ones wait for a checkpoint. Files only grow.

use std::{
    io::{self, IoSlice},
    sync::Arc,
};

use super::{
    disk::{Disk, DiskFile},
    round::{BLOCK_LEN, RoundHeader},
};

pub(super) const DIR: &str = "wal";
const ZEROS: [u8; BLOCK_LEN] = [0; BLOCK_LEN];

/// Name of the file whose first byte has this lsn. Sorted by name they are in order.
pub(super) fn file_name(first_lsn: u64) -> String {
    format!("{DIR}/{first_lsn:016x}.wal")
}

/// The first lsn of a file with this name (without its directory).
pub(super) fn parse_file_name(name: &str) -> Option<u64> {
    u64::from_str_radix(name.strip_suffix(".wal")?, 16).ok()
}

/// The file that is written.
#[derive(Debug)]
pub(super) struct WalFile {
    pub(super) first_lsn: u64,
    file: Arc<dyn DiskFile>,
}

impl WalFile {
    /// Begins a file at `first_lsn`, durable in its directory: a sync of the file alone would not keep its name.
    pub(super) fn create(disk: &dyn Disk, first_lsn: u64) -> io::Result<Self> {
        let file = disk.create(&file_name(first_lsn))?;
        disk.sync_dir(DIR)?;
        Ok(Self { first_lsn, file })
    }

    pub(super) fn name(&self) -> String {
        file_name(self.first_lsn)
    }

    /// Writes one round where its lsn says.
    pub(super) fn write(&self, header: &RoundHeader, payload: &[&[u8]]) -> io::Result<()> {
        let encoded = header.encode();
        let used = encoded.len() as u64 + header.payload_len;
        let padding = usize::try_from(header.size_bytes() - used).unwrap_or_default();
        let mut slices = vec![IoSlice::new(&encoded)];
        slices.extend(payload.iter().map(|batch| IoSlice::new(batch)));
        slices.push(IoSlice::new(&ZEROS[..padding]));
        self.file
            .write_all_at(header.lsn - self.first_lsn, &mut slices)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}
