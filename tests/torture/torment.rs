//! What the kill -9 loop and the power cut have in common: something with a broker in it dies under load, comes back, and has
//! everything it acknowledged. It must not know what dies.

use std::time::Duration;

use tests::direct::Direct;
use tests::history::{History, Violation};
use tests::load::librdkafka::Librdkafka;
use tests::load::python::Python;
use tests::load::reader::{self, Tail};
use tests::load::{Shared, Target};
use tests::program::Program;
use tests::random::Random;
use tests::wait;

use crate::keys::{Kept, Keys};
use crate::ledger::{CALL, Ledger};
use crate::{say, stop};

const LIBRDKAFKA: u32 = 1;
const PYTHON: u32 = 2;
const PARTITIONS: i32 = 4;
/// The longest life under load after both clients are served again.
const LONGEST_LIFE_MS: u64 = 1200;
/// In one round of so many it dies again while it recovers.
const DIES_EARLY: u64 = 4;

/// What dies, and how it comes back.
pub(crate) trait Mortal {
    /// `host:port` of its broker, the same in every life.
    fn address(&self) -> String;
    /// Begins a life, without waiting until it serves.
    fn begin(&mut self) -> Program;
    /// How long it may take from a beginning until it serves, and how long at most it takes to recover.
    fn patience(&self) -> Duration;
    /// A moment in which a life that has begun is likely to recover.
    fn early_ms(&self, random: &mut Random) -> u64;
    /// When the topic's batches are answered: a mode of which this kind of death takes nothing.
    fn flush(&self) -> &'static str;
    /// Records a second from each client.
    fn rate(&self) -> u64;
    /// What happens between a death and the next life.
    fn dead(&mut self) {}
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) deaths: u32,
    pub(crate) early: u32,
    pub(crate) history: tests::history::Counts,
    pub(crate) open_at_deaths: u64,
    /// Answered changes of topics, committed offsets and producer ids.
    pub(crate) changes: u64,
    /// Of the compacted topic.
    pub(crate) kept: Kept,
}

/// Kills it `rounds` times under load of two clients; fails when a promise is broken.
pub(crate) fn run(mortal: &mut impl Mortal, rounds: u32, random: &mut Random) -> Told {
    let history = Shared::new(History::of([LIBRDKAFKA, PYTHON]));
    let target = Target {
        bootstrap: mortal.address(),
        topic: "torture".to_owned(),
        partitions: PARTITIONS,
    };
    let mut life = born(mortal);
    // Small segments, so that it also dies while it rolls them.
    let settings = [
        ("eddyline.flush", mortal.flush()),
        ("segment.bytes", "1048576"),
    ];
    let made = Direct::open(&target.bootstrap, CALL)
        .and_then(|direct| direct.create_with(&target.topic, PARTITIONS, &settings));
    assert_eq!(made.unwrap(), 0, "make the topic");
    let rate = mortal.rate();
    let one = Librdkafka::start(&target, LIBRDKAFKA, rate, &history);
    let other = Python::start(&target, PYTHON, rate, &history);
    let tail = Tail::start(&target, &history);
    let keys = Keys::start(&target.bootstrap);
    let (mut told, mut ledger) = (Told::default(), Ledger::default());
    for round in 1..=rounds {
        served(&mut life, &history, mortal.patience());
        wait::pass(Duration::from_millis(random.below(LONGEST_LIFE_MS)));
        assert_lives(&mut life);
        ledger.change(&target, &history, random);
        life.kill();
        let counts = history.look().counts();
        told.deaths += 1;
        told.open_at_deaths += counts.sent - counts.acked;
        mortal.dead();
        if random.once_in(DIES_EARLY) {
            let early = mortal.begin();
            wait::pass(Duration::from_millis(mortal.early_ms(random)));
            early.kill();
            told.early += 1;
            mortal.dead();
        }
        life = born(mortal);
        ledger.check(&target);
        reader::scan(&target, &history);
        judge(&history, round);
        keys.check();
        say(&progress(round, &history));
        if stop::asked() {
            break;
        }
    }
    let mut failures = one.stop();
    failures.extend(other.stop());
    drop(tail);
    ledger.check(&target);
    reader::scan(&target, &history);
    judge(&history, rounds);
    told.kept = keys.stop();
    assert!(
        failures.is_empty(),
        "{} sends failed, of records that had two minutes: {:?}",
        failures.len(),
        &failures[..failures.len().min(5)]
    );
    told.changes = ledger.changes;
    told.history = history.look().counts();
    told
}

/// A life that serves.
fn born(mortal: &mut impl Mortal) -> Program {
    let mut life = mortal.begin();
    wait::until("the broker to serve", mortal.patience(), || {
        assert_lives(&mut life);
        let ready = life.lines().iter().any(|line| line.starts_with('{'));
        let answers = || Direct::open(&mortal.address(), Duration::from_secs(2)).is_ok();
        (ready && answers()).then_some(())
    });
    life
}

fn assert_lives(life: &mut Program) {
    if let Some(status) = life.ended() {
        let (lines, talk) = (life.lines().join("\n"), life.talk());
        panic!("ended by itself with {status}:\n{lines}\n{talk}");
    }
}

/// Waits until both clients had something acknowledged in this life.
fn served(life: &mut Program, history: &Shared, patience: Duration) {
    let acked = |producer| history.look().acked_by(producer);
    let before = [acked(LIBRDKAFKA), acked(PYTHON)];
    wait::until("both clients to be served", patience, || {
        assert_lives(life);
        (acked(LIBRDKAFKA) > before[0] && acked(PYTHON) > before[1]).then_some(())
    });
}

fn judge(history: &Shared, round: u32) {
    let history = history.look();
    let broken: Vec<String> = history
        .violations()
        .iter()
        .map(Violation::to_string)
        .collect();
    assert!(
        broken.is_empty(),
        "round {round}: {} promises broken\n{}",
        broken.len(),
        broken.join("\n")
    );
}

fn progress(round: u32, history: &Shared) -> String {
    let history = history.look();
    let counts = history.counts();
    format!(
        "   round {round}: {} sent, {} acknowledged ({} and {}), {} reads",
        counts.sent,
        counts.acked,
        history.acked_by(LIBRDKAFKA),
        history.acked_by(PYTHON),
        counts.read
    )
}
