//! Finds the rounds of a run in the files of the shared log, and decides where the log ends.

use std::{io, sync::Arc};

use super::super::{
    disk::{Disk, DiskFile},
    round::{BLOCK, BLOCK_LEN, RoundHeader, is_round_start},
    wal,
};

/// Read at once while looking for a round: files of the ring are long and mostly hold what is over.
const LOOK_BYTES: u64 = 1 << 20;

/// A round whose header is whole.
#[derive(Debug)]
pub(in crate::log) struct Found {
    pub(in crate::log) header: RoundHeader,
    /// Its payload matches its checksum.
    pub(in crate::log) whole: bool,
    pub(in crate::log) file: Arc<dyn DiskFile>,
    /// Where in the file its payload begins.
    pub(in crate::log) payload_at: u64,
}

/// The rounds to replay, in order, and what was wrong between them.
#[derive(Debug)]
pub(in crate::log) struct Scan {
    pub(in crate::log) rounds: Vec<Found>,
    /// Where the next run may begin: after every byte that any file holds.
    pub(in crate::log) next_lsn: u64,
    damaged: bool,
}

impl Scan {
    /// Acknowledged records are, or may be, damaged.
    pub(in crate::log) fn is_damaged(&self) -> bool {
        self.damaged
    }
}

/// Scans the files named `names` for rounds of `run` at or after `from_lsn`.
pub(in crate::log) fn scan(
    disk: &dyn Disk,
    names: &[String],
    run: u64,
    from_lsn: u64,
) -> io::Result<Scan> {
    let mut rounds = Vec::new();
    let mut next_lsn = from_lsn.next_multiple_of(BLOCK);
    let first_lsns: Vec<u64> = names
        .iter()
        .filter_map(|name| wal::parse_file_name(name))
        .collect();
    for (place, &first_lsn) in first_lsns.iter().enumerate() {
        let file = disk.open(&wal::file_name(first_lsn))?;
        let file_end = first_lsn.saturating_add(file.size_bytes()?);
        next_lsn = next_lsn.max(file_end.next_multiple_of(BLOCK));
        // A file of the ring may be longer than what the log had for it.
        let next_first = first_lsns.get(place + 1).copied();
        let end_lsn = file_end.min(next_first.unwrap_or(u64::MAX));
        let mut lsn = from_lsn.max(first_lsn);
        while lsn < end_lsn {
            match read_round(&file, first_lsn, lsn, end_lsn)? {
                Some(found) if found.header.run == run => {
                    lsn = found.header.end_lsn();
                    rounds.push(found);
                }
                _ => lsn = next_candidate(&file, first_lsn, lsn + BLOCK, end_lsn),
            }
        }
    }
    Ok(judge(rounds, from_lsn, next_lsn))
}

/// The next block from `lsn` on that looks like the beginning of a round, or the end. What cannot be read counts: it is
/// looked at block by block.
fn next_candidate(file: &Arc<dyn DiskFile>, first_lsn: u64, mut lsn: u64, end_lsn: u64) -> u64 {
    while lsn < end_lsn {
        let left = end_lsn - lsn;
        let Ok(Some(bytes)) = read(file, lsn - first_lsn, left.min(LOOK_BYTES)) else {
            return lsn;
        };
        let blocks = bytes.chunks(BLOCK_LEN);
        match blocks.enumerate().find(|(_, block)| is_round_start(block)) {
            Some((place, _)) => return lsn + place as u64 * BLOCK,
            None => lsn += bytes.len() as u64,
        }
    }
    end_lsn
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
