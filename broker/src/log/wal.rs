//! The files of the shared log: one is written, the older ones wait for a checkpoint.

use std::{
    io::{self, IoSlice},
    sync::Arc,
};

use super::{
    disk::{Disk, DiskFile},
    ring::Ring,
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
    /// What the file is meant to hold; a single round may be larger.
    size_bytes: u64,
}

impl WalFile {
    /// Begins a file at `first_lsn`, in a free file of the ring if there is one, else in one that grows to `size_bytes`.
    /// Durable in its directory: a sync of the file alone would not keep its name.
    pub(super) fn begin(
        disk: &dyn Disk,
        ring: &Ring,
        first_lsn: u64,
        size_bytes: u64,
    ) -> io::Result<Self> {
        let name = file_name(first_lsn);
        let (file, size_bytes) = if let Some(free) = ring.take() {
            disk.rename(&free, &name)?;
            (disk.open(&name)?, ring.file_bytes)
        } else {
            (disk.create(&name)?, size_bytes)
        };
        disk.sync_dir(DIR)?;
        Ok(Self {
            first_lsn,
            file,
            size_bytes,
        })
    }

    /// What the next file is to hold where none of the ring is free.
    pub(super) fn next_size_bytes(&self, ring: &Ring) -> u64 {
        self.size_bytes.saturating_mul(2).min(ring.file_bytes)
    }

    /// Whether a round of so many bytes at `lsn` belongs in the next file.
    pub(super) fn is_full(&self, lsn: u64, round_bytes: u64) -> bool {
        lsn > self.first_lsn && lsn - self.first_lsn + round_bytes > self.size_bytes
    }

    pub(super) fn name(&self) -> String {
        file_name(self.first_lsn)
    }

    /// Writes one round where its lsn says; past the page cache when a sync follows at once.
    pub(super) fn write(
        &self,
        header: &RoundHeader,
        payload: &[&[u8]],
        sync_follows: bool,
    ) -> io::Result<()> {
        let encoded = header.encode();
        let used = encoded.len() as u64 + header.payload_len;
        let padding = usize::try_from(header.size_bytes() - used).unwrap_or_default();
        let mut slices = vec![IoSlice::new(&encoded)];
        slices.extend(payload.iter().map(|batch| IoSlice::new(batch)));
        slices.push(IoSlice::new(&ZEROS[..padding]));
        let position = header.lsn - self.first_lsn;
        if sync_follows {
            self.file.write_blocks_at(position, &mut slices)
        } else {
            self.file.write_all_at(position, &mut slices)
        }
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}
