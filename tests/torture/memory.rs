//! Clients that want more memory than there is: what the broker holds at most, and whether it serves others meanwhile, alone on
//! the machine and in a cgroup of 64 MiB. Each figure is the peak of a process of its own.

mod cgroup;
mod crowd;

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::time::{Duration, Instant};

use tests::direct::Direct;
use tests::load::now_ms;
use tests::program::Program;
use wire::record_batch::BatchBuilder;

use crate::folder::Folder;
use crate::{child, say};
use cgroup::Cgroup;

const MIB: u64 = 1 << 20;
/// The broker's budget, and what it may hold beside it.
const MOST_BUDGET: u64 = 128 * MIB;
const BESIDE_BUDGET: u64 = 20 * MIB;
const SMALL: u64 = 64 * MIB;
const CALL: Duration = Duration::from_mins(1);
/// Exchanges of somebody who has nothing to do with the crowd.
const EXCHANGES: u32 = 20;
const BYSTANDER: &str = "bystander";

/// A crowd: what it does to the broker at this address, with a bystander who calls when the crowd is complete.
type Crowd = fn(&str, &mut dyn FnMut());

const CROWDS: [(&str, Crowd); 7] = [
    ("64 consumers, fetches of 55 MiB", crowd::fetches),
    ("1,000 connections, 90 MiB announced", crowd::announcements),
    ("1,000 partitions, batches of 1 KiB", crowd::partitions),
    ("500 fetches parked, 5,000 places each", crowd::parked),
    ("16 readers, 30 fetches each, unread", crowd::unread),
    ("50 producers, batches of 1 MiB", crowd::producers),
    ("compacted batches that unfold to 7 MiB", crowd::unfolding),
];

struct Figure {
    place: &'static str,
    crowd: &'static str,
    at_rest: u64,
    peak: u64,
    bound: u64,
    worst: Duration,
    /// Why it does not count: others were not served, or it ended.
    broken: Option<String>,
}

/// Measures every crowd `rounds` times at both places; fails when a bound is exceeded.
pub(crate) fn run(rounds: u32) -> String {
    more_files();
    let mut figures = Vec::new();
    for _ in 0..rounds {
        for (name, crowd) in CROWDS {
            figures.push(measure("machine", MOST_BUDGET, None, (name, crowd)));
            match Cgroup::make(SMALL) {
                Ok(group) => {
                    let budget = MOST_BUDGET.min(SMALL / 2);
                    figures.push(measure(
                        "64 MiB cgroup",
                        budget,
                        Some(&group),
                        (name, crowd),
                    ));
                }
                Err(why) => say(&format!("   left out: a cgroup of 64 MiB: {why}")),
            }
        }
    }
    let table = table(&figures);
    say(&table);
    let over: Vec<_> = figures
        .iter()
        .filter(|figure| figure.peak > figure.bound || figure.broken.is_some())
        .map(|figure| format!("{}, {}", figure.place, figure.crowd))
        .collect();
    assert!(
        over.is_empty(),
        "over the bound, or broken:\n{}",
        over.join("\n")
    );
    format!("{} figures within budget + 20 MiB", figures.len())
}

fn measure(
    place: &'static str,
    budget: u64,
    group: Option<&Cgroup>,
    (crowd, act): (&'static str, Crowd),
) -> Figure {
    let folder = Folder::new();
    let address = child::free_address();
    let words = child::broker_words(&address, &folder.path().join("data"));
    let command = group.map_or_else(
        || {
            let mut command = child::bound(&words[0]);
            command.args(&words[1..]);
            command
        },
        |group| group.command(&words),
    );
    let mut program = Program::start(command);
    program.first_line(CALL);
    let at_rest = program.resident_kib().unwrap_or_default() << 10;
    let (mut worst, mut peak) = (Duration::ZERO, 0);
    let served = catch_unwind(AssertUnwindSafe(|| {
        act(&address, &mut || {
            peak = program.peak_kib().unwrap_or_default();
            worst = worst.max(bystander(&address));
            peak = peak.max(program.peak_kib().unwrap_or_default());
        });
    }));
    let status = program.ended().map(|status| format!("ended, {status}"));
    let unserved = served.is_err().then(|| "others not served".to_owned());
    Figure {
        place,
        crowd,
        at_rest,
        // Of one that has ended the kernel tells nothing any more.
        peak: peak.max(program.peak_kib().unwrap_or_default()) << 10,
        bound: budget + BESIDE_BUDGET,
        worst,
        broken: status.or(unserved),
    }
}

/// Somebody else writes and reads; the longest exchange.
fn bystander(address: &str) -> Duration {
    let direct = Direct::open(address, CALL).expect("another client connects");
    let _ = direct.create(BYSTANDER, 1).expect("another client's topic");
    let mut worst = Duration::ZERO;
    for _ in 0..EXCHANGES {
        let begun = Instant::now();
        let mut batch = BatchBuilder::default();
        batch.push(None, Some(b"here I am"), now_ms());
        let answer = direct.produce(BYSTANDER, &[(0, &batch.build())]);
        let answer = answer.expect("another client is answered");
        assert_eq!(answer[0].0, 0, "another client's record is taken");
        direct.marks(BYSTANDER, 1).expect("another client reads");
        worst = worst.max(begun.elapsed());
    }
    worst
}

fn table(figures: &[Figure]) -> String {
    let mut table = "   place          crowd                                 at rest    peak   bound  others, worst".to_owned();
    let mib = |bytes: u64| bytes as f64 / MIB as f64;
    for figure in figures {
        let _ = write!(
            table,
            "\n   {:<14} {:<36} {:>5.1} MiB  {:>6.1}  {:>6.1}  {:>8.1} ms {}",
            figure.place,
            figure.crowd,
            mib(figure.at_rest),
            mib(figure.peak),
            mib(figure.bound),
            figure.worst.as_secs_f64() * 1000.0,
            figure.broken.as_deref().unwrap_or_default(),
        );
    }
    table
}

/// A thousand connections are more than many a shell allows.
fn more_files() {
    let own = std::process::id().to_string();
    let _ = Command::new("prlimit")
        .args(["--pid", &own, "--nofile=8192"])
        .status();
}
