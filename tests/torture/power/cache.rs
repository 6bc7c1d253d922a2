//! The write cache of a disk at the moment its power is cut, from the log of all writes and flushes that it had completed (the
//! format of Linux's dm-log-writes: a super block, then entries of one sector each, with their data behind them).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use ::tests::random::Random;

const MAGIC: u64 = 0x006a_7366_7773_6872;
/// What addresses and lengths in the log count.
const SECTOR: usize = 512;
/// What the disk writes whole or not at all, as disks with physical sectors of 4 KiB do. ext4 rests on that: the checksum of a
/// commit block covers 4 KiB, and a torn one makes the file system refuse to be mounted before anybody mends it.
const UNIT: u64 = 8;
const FLUSH: u64 = 1;
/// Written through the cache.
const THROUGH: u64 = 2;
const DISCARD: u64 = 4;

/// What cuts cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lost {
    cuts: u64,
    /// Cuts at which the cache held something.
    dirty: u64,
    /// Sectors that were flushed, that were in the cache, and of those the ones that are gone.
    flushed: u64,
    cached: u64,
    gone: u64,
}

impl Lost {
    pub(super) fn add(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.dirty += other.dirty;
        self.flushed += other.flushed;
        self.cached += other.cached;
        self.gone += other.gone;
    }

    pub(super) fn words(&self) -> String {
        format!(
            "the disk's cache held something at {} of {} cuts, and lost {} of {} sectors ({} were flushed in all)",
            self.dirty, self.cuts, self.gone, self.cached, self.flushed
        )
    }
}

/// One entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry<'a> {
    sector: u64,
    flags: u64,
    data: &'a [u8],
}

/// Writes to `disk` what a cut at the end of `log` leaves: everything up to the last flush, and of the rest what a die decides.
pub(super) fn replay(log: &[u8], disk: &File, random: &mut Random) -> io::Result<Lost> {
    let entries = entries(log)?;
    let is_flush = |entry: &Entry<'_>| entry.flags & FLUSH != 0;
    let safe = entries.iter().rposition(is_flush).map_or(0, |at| at + 1);
    let mut lost = Lost {
        cuts: 1,
        dirty: u64::from(entries[safe..].iter().any(|entry| !entry.data.is_empty())),
        ..Lost::default()
    };
    for entry in &entries[..safe] {
        disk.write_all_at(entry.data, entry.sector * SECTOR as u64)?;
        lost.flushed += (entry.data.len() / SECTOR) as u64;
    }
    for entry in &entries[safe..] {
        for (at, data) in units(entry) {
            let sectors = (data.len() / SECTOR) as u64;
            lost.cached += sectors;
            if entry.flags & THROUGH == 0 && random.once_in(2) {
                lost.gone += sectors;
            } else {
                disk.write_all_at(data, at * SECTOR as u64)?;
            }
        }
    }
    Ok(lost)
}

/// What of an entry comes or goes together: the sector where it begins, and the data.
fn units<'a>(entry: &Entry<'a>) -> Vec<(u64, &'a [u8])> {
    let (mut at, mut rest, mut units) = (entry.sector, entry.data, Vec::new());
    while !rest.is_empty() {
        let sectors = usize::try_from(UNIT - at % UNIT).unwrap_or(1);
        let (unit, behind) = rest.split_at(rest.len().min(sectors * SECTOR));
        units.push((at, unit));
        (at, rest) = (at + sectors as u64, behind);
    }
    units
}

/// The entries that are whole. QEMU may have died while it wrote the last ones, which then were not completed to the guest.
fn entries(log: &[u8]) -> io::Result<Vec<Entry<'_>>> {
    // A machine that never came as far as its disk.
    if log.len() < SECTOR {
        return Ok(Vec::new());
    }
    // QEMU writes the super block with the first flush; entries stand behind its place before.
    let none_yet = log[..SECTOR].iter().all(|byte| *byte == 0);
    let size = word(log, 24) & u64::from(u32::MAX);
    if !none_yet && (word(log, 0) != MAGIC || size != SECTOR as u64) {
        return Err(io::Error::other("not a log of writes"));
    }
    let mut entries = Vec::new();
    let mut rest = &log[SECTOR..];
    while rest.len() >= SECTOR {
        let (sector, sectors, flags) = (word(rest, 0), word(rest, 8), word(rest, 16));
        if sectors == 0 && flags == 0 {
            // Room kept for an entry that never came; behind it nothing may stand that a flush has completed.
            if entries_behind(&rest[SECTOR..]) {
                return Err(io::Error::other("a hole in the log of writes"));
            }
            break;
        }
        let bytes = usize::try_from(sectors)
            .unwrap_or(usize::MAX)
            .saturating_mul(SECTOR);
        let bytes = if flags & DISCARD == 0 { bytes } else { 0 };
        let Some(data) = rest[SECTOR..].get(..bytes) else {
            break;
        };
        entries.push(Entry {
            sector,
            flags,
            data,
        });
        rest = &rest[SECTOR + bytes..];
    }
    Ok(entries)
}

fn entries_behind(rest: &[u8]) -> bool {
    rest.iter().any(|byte| *byte != 0)
}

/// The little-endian number at this place.
fn word(bytes: &[u8], at: usize) -> u64 {
    let word = bytes[at..].first_chunk();
    u64::from_le_bytes(*word.unwrap_or(&[0; 8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(entries: &[(u64, u64, &[u8])]) -> Vec<u8> {
        let sector = |words: &[u64]| {
            let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            bytes.resize(SECTOR, 0);
            bytes
        };
        let mut log = sector(&[MAGIC, 1, entries.len() as u64, SECTOR as u64]);
        for (at, flags, data) in entries {
            log.extend(sector(&[*at, (data.len() / SECTOR) as u64, *flags, 0]));
            log.extend_from_slice(data);
        }
        log
    }

    /// What came of it, and the first byte of each sector of a disk of four units.
    fn replayed(log: &[u8], seed: u64) -> (Lost, Vec<u32>) {
        let bytes = 4 * SECTOR * usize::try_from(UNIT).unwrap();
        let file = tempfile::tempfile().unwrap();
        file.set_len(bytes as u64).unwrap();
        let lost = replay(log, &file, &mut Random::new(seed)).unwrap();
        let mut disk = vec![0; bytes];
        file.read_exact_at(&mut disk, 0).unwrap();
        let firsts = disk.chunks(SECTOR).map(|sector| sector[0].into());
        (lost, firsts.collect())
    }

    #[test]
    fn what_was_flushed_stays_and_the_rest_may_go() {
        let (one, two) = ([1; 2 * SECTOR], [2; 16 * SECTOR]);
        let log = log(&[(0, 0, &one), (0, FLUSH, &[]), (2, 0, &two)]);
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..50 {
            let (lost, disk) = replayed(&log, seed);
            assert_eq!(disk[..2], [1, 1]);
            assert_eq!((lost.flushed, lost.cached), (2, 16));
            let gone = disk[2..18].iter().filter(|first| **first == 0).count();
            assert_eq!(lost.gone, gone as u64);
            seen.insert(gone);
        }
        // Units of 6, 8 and 2 sectors, each there or not.
        assert_eq!(Vec::from_iter(seen), [0, 2, 6, 8, 10, 14, 16]);
    }

    #[test]
    fn what_was_written_through_the_cache_stays() {
        let log = log(&[(0, THROUGH, &[1; SECTOR])]);
        let gone: u64 = (0..50).map(|seed| replayed(&log, seed).0.gone).sum();
        assert_eq!(gone, 0);
    }

    #[test]
    fn an_entry_cut_off_was_never_completed() {
        let whole = log(&[
            (0, 0, &[1; SECTOR]),
            (0, FLUSH, &[]),
            (1, 0, &[2; 2 * SECTOR]),
        ]);
        let (lost, _) = replayed(&whole[..whole.len() - 1], 1);
        assert_eq!((lost.flushed, lost.cached), (1, 0));
        assert_eq!(replayed(&[], 1).0.flushed, 0);
        let mut unflushed = log(&[(0, 0, &[1; SECTOR])]);
        unflushed[..SECTOR].fill(0);
        assert_eq!(replayed(&unflushed, 1).0.cached, 1);
    }

    #[test]
    fn what_is_no_log_is_said() {
        assert!(entries(&[7; SECTOR]).is_err());
        let mut holed = log(&[(0, 0, &[1; SECTOR])]);
        holed.extend([0; SECTOR]);
        assert_eq!(entries(&holed).unwrap().len(), 1);
        holed.extend([9; SECTOR]);
        assert!(entries(&holed).is_err());
    }
}
