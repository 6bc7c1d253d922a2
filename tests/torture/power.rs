//! Power cuts: the real program in a virtual machine of its own (QEMU, software emulation), under load from outside, and QEMU
//! killed in the middle of it.
//!
//! What such a cut is. The guest's memory is gone: its page cache, the socket buffers, every byte that the guest had not written to
//! its disk. The disk has a write cache that the guest knows of (`write-cache=on`): what was written since the last flush that
//! the disk completed may be there, may be gone, and may be there in part, each physical sector of 4 KiB for itself, as a seeded
//! die decides ([`cache`]). What was flushed stays. The disk itself and its firmware are beyond doubt: a disk that loses what it has
//! flushed loses acknowledged records, whatever runs on it.
//!
//! How. QEMU logs every write and flush of the disk in the order of their completion (its driver `blklogwrites`). The host's own
//! page cache survives the death of QEMU, so the log is whole, up to what QEMU had completed. The disk of the next life is made
//! from that of the last one and this log; the image QEMU wrote is thrown away.

mod cache;
mod machine;

use std::time::Duration;

use tests::program::Program;
use tests::random::Random;

use crate::kill;
use crate::torment::{self, Mortal};
use machine::Machine;

/// A boot takes seconds in software emulation, more of them on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);
const LONGEST_BOOT_MS: u64 = 6000;

struct Guest {
    machine: Machine,
    random: Random,
}

impl Mortal for Guest {
    fn address(&self) -> String {
        self.machine.address.clone()
    }

    fn begin(&mut self) -> Program {
        Program::start(self.machine.command())
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn early_ms(&self, random: &mut Random) -> u64 {
        random.below(LONGEST_BOOT_MS)
    }

    fn flush(&self) -> &'static str {
        "sync"
    }

    fn rate(&self) -> u64 {
        300
    }

    fn dead(&mut self) {
        self.machine.cut(&mut self.random);
    }
}

/// Cuts the power `rounds` times; what came of it, or why it was left out.
pub(crate) fn run(rounds: u32, seed: u64) -> Result<String, String> {
    let mut guest = Guest {
        machine: Machine::make()?,
        random: Random::new(!seed),
    };
    let told = torment::run(&mut guest, rounds, &mut Random::new(seed));
    Ok(format!(
        "{}; {}",
        kill::words(&told),
        guest.machine.lost.words()
    ))
}
