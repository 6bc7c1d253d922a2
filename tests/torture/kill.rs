//! kill -9 of `eddyline broker`, again and again on one data folder, sometimes while it recovers from the last one.

use std::time::Duration;

use tests::program::Program;
use tests::random::Random;

use crate::child;
use crate::folder::Folder;
use crate::torment::{self, Mortal, Told};

/// None of them loses anything as long as the machine runs: what was written is the kernel's.
const FLUSH: [&str; 3] = ["sync", "interval:100ms", "pagecache"];

struct Process {
    address: String,
    flush: &'static str,
    data: Folder,
}

impl Mortal for Process {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn begin(&mut self) -> Program {
        Program::start(child::broker(&self.address, &self.data.path().join("data")))
    }

    fn patience(&self) -> Duration {
        Duration::from_mins(1)
    }

    fn early_ms(&self, random: &mut Random) -> u64 {
        random.below(40)
    }

    fn flush(&self) -> &'static str {
        self.flush
    }

    fn rate(&self) -> u64 {
        2000
    }
}

/// Kills it `rounds` times; what came of it.
pub(crate) fn run(rounds: u32, seed: u64) -> String {
    let mut process = Process {
        address: child::free_address(),
        flush: FLUSH[usize::try_from(seed % 3).unwrap()],
        data: Folder::new(),
    };
    let told = torment::run(&mut process, rounds, &mut Random::new(seed));
    format!("flush {}; {}", process.flush, words(&told))
}

/// The result line.
pub(crate) fn words(told: &Told) -> String {
    let Told {
        deaths,
        early,
        history,
        open_at_deaths,
        changes,
        kept,
    } = told;
    format!(
        "{deaths} deaths under load and {early} in recovery; of {} records {} were acknowledged, 0 of them lost, 0 repeated; \
         {open_at_deaths} were open at a death; {changes} changes of topics, offsets and ids kept; {} reads in {} scans; \
         of {} records of a compacted topic {} are left, with the newest of each key",
        history.sent, history.acked, history.read, history.scans, kept.acked, kept.read
    )
}
