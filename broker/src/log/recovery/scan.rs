//! Finds the rounds of a run in the files of the shared log, and decides where the log ends.

use std::{io, sync::Arc};

use super::super::{
    disk::{Disk, DiskFile},
    round::{BLOCK, RoundHeader},
    wal,
};

/// A round whose header is whole.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) header: RoundHeader,
    /// Its payload matches its checksum.
    pub(super) whole: bool,
    pub(super) file: Arc<dyn DiskFile>,
    /// Where in the file its payload begins.
    pub(super) payload_at: u64,
}

/// The rounds to replay, in order, and what was wrong between them.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) rounds: Vec<Found>,
    /// Where the next run may begin: after every byte that any file holds.
    pub(super) next_lsn: u64,
    damaged: bool,
}

impl Scan {
    /// Acknowledged records are, or may be, damaged.
    pub(super) fn is_damaged(&self) -> bool {
        self.damaged
    }
}

/// Scans the files named `names` for rounds of `run` at or after `from_lsn`.
pub(super) fn scan(disk: &dyn Disk, names: &[String], run: u64, from_lsn: u64) -> io::Result<Scan> {
    let mut rounds = Vec::new();
    let mut next_lsn = from_lsn.next_multiple_of(BLOCK);
    for name in names {
        let Some(first_lsn) = wal::parse_file_name(name) else {
            continue;
        };
        let file = disk.open(&wal::file_name(first_lsn))?;
        let end_lsn = first_lsn.saturating_add(file.size_bytes()?);
        next_lsn = next_lsn.max(end_lsn.next_multiple_of(BLOCK));
        let mut lsn = from_lsn.max(first_lsn);
        while lsn < end_lsn {
            match read_round(&file, first_lsn, lsn, end_lsn)? {
                Some(found) if found.header.run == run => {
                    lsn = found.header.end_lsn();
                    rounds.push(found);
                }
                _ => lsn += BLOCK,
            }
        }
    }
    Ok(judge(rounds, from_lsn, next_lsn))
}

/// The round that begins at `lsn`, if there is one.
fn read_round(
    file: &Arc<dyn DiskFile>,
    first_lsn: u64,
    lsn: u64,
    end_lsn: u64,
) -> io::Result<Option<Found>> {
    let position = lsn - first_lsn;
    let left = end_lsn - lsn;
    let Some(mut head) = read(file, position, left.min(BLOCK))? else {
        return Ok(None);
    };
    let Some(header_len) = RoundHeader::peek_len(&head) else {
        return Ok(None);
    };
    if header_len as u64 > left {
        return Ok(None);
    }
    if header_len > head.len() {
        let Some(longer) = read(file, position, header_len as u64)? else {
            return Ok(None);
        };
        head = longer;
    }
    let Some(header) = head.get(..header_len).and_then(RoundHeader::decode) else {
        return Ok(None);
    };
    if header.lsn != lsn {
        return Ok(None);
    }
    let payload_at = position + header_len as u64;
    let whole = match left.checked_sub(header_len as u64) {
        Some(left) if header.payload_len <= left => read(file, payload_at, header.payload_len)?
            .is_some_and(|payload| crc32c::crc32c(&payload) == header.payload_crc),
        _ => false,
    };
    Ok(Some(Found {
        header,
        whole,
        file: Arc::clone(file),
        payload_at,
    }))
}

/// Bytes of a file; none where the disk cannot read them, which is damage like any other.
fn read(file: &Arc<dyn DiskFile>, position: u64, size_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let size_bytes = usize::try_from(size_bytes).map_err(io::Error::other)?;
    let mut bytes = vec![0; size_bytes];
    Ok(file
        .read_exact_at(position, &mut bytes)
        .is_ok()
        .then_some(bytes))
}

/// Where the log ends, by D: see [the module above](super).
fn judge(found: Vec<Found>, from_lsn: u64, next_lsn: u64) -> Scan {
    let named = found.iter().map(|round| round.header.durable_lsn).max();
    let durable_lsn = named.map_or(from_lsn, |named| named.max(from_lsn));
    let mut scan = Scan {
        rounds: Vec::new(),
        next_lsn,
        damaged: false,
    };
    let mut expected = from_lsn;
    for round in found {
        let is_acknowledged = expected < durable_lsn;
        let is_good = round.header.lsn == expected && round.whole;
        if !is_good && !is_acknowledged {
            break;
        }
        scan.damaged |= !is_good;
        expected = round.header.end_lsn();
        scan.rounds.push(round);
    }
    scan
}
