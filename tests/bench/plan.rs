//! Which rows there are, and in which order which system runs them: pure. It must not know how a row is measured.

use serde::Serialize;

use crate::settings::Profile;

/// A system under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum System {
    /// The bundled broker, which syncs before it answers.
    Eddyline,
    /// Apache Kafka with its defaults: it does not sync.
    Kafka,
    /// Apache Kafka that syncs each batch.
    KafkaSync,
}

impl System {
    /// Its name in results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Eddyline => "eddyline",
            Self::Kafka => "kafka",
            Self::KafkaSync => "kafka-sync",
        }
    }
}

/// What one row measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// From exec to the first answer on an empty folder, and memory at rest.
    Start,
    /// A saturating closed loop.
    Produce {
        record_bytes: usize,
        partitions: i32,
    },
    /// Processor time at a fixed rate.
    Steady { partitions: i32 },
    /// Memory with one producer and one consumer at full speed.
    Memory,
    /// Consumers that each read a whole topic.
    Read { consumers: usize, cold: bool },
    /// An open loop, end to end.
    Latency { rate: u32, partitions: i32 },
    /// One connection, then a thousand, at the same total rate.
    Connections,
    /// One partition, then a thousand with a few records each.
    Partitions,
    /// More data, and how fast it starts on it.
    Data,
}

/// One row of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its name, by which `--only` selects.
    pub(crate) name: &'static str,
    /// What it measures.
    pub(crate) work: Work,
    /// Whether Kafka that syncs runs it too.
    by_kafka_sync: bool,
}

/// Rows that are measured together on one fresh data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Speed, latency, processor time.
    Speed,
    /// What changes as partitions, connections and data grow.
    Growth,
}

/// One system, started on a fresh folder, and the rows it runs there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// Which.
    pub(crate) system: System,
    /// From 1.
    pub(crate) round: u32,
    /// In this order.
    pub(crate) rows: Vec<Row>,
}

const fn row(name: &'static str, work: Work) -> Row {
    Row {
        name,
        work,
        by_kafka_sync: false,
    }
}

const fn row_for_all(name: &'static str, work: Work) -> Row {
    Row {
        name,
        work,
        by_kafka_sync: true,
    }
}

const fn produce(record_bytes: usize, partitions: i32) -> Work {
    Work::Produce {
        record_bytes,
        partitions,
    }
}

const fn read(consumers: usize, cold: bool) -> Work {
    Work::Read { consumers, cold }
}

const fn latency(rate: u32, partitions: i32) -> Work {
    Work::Latency { rate, partitions }
}

const SPEED: &[Row] = &[
    row("start", Work::Start),
    row_for_all("latency-1000-1", latency(1_000, 1)),
    row("latency-1000-16", latency(1_000, 16)),
    row("latency-20000-1", latency(20_000, 1)),
    row("latency-20000-16", latency(20_000, 16)),
    row_for_all("produce-1k-1", produce(1024, 1)),
    row("produce-1k-16", produce(1024, 16)),
    row_for_all("produce-1k-100", produce(1024, 100)),
    row("produce-100b-1", produce(100, 1)),
    row("produce-100b-16", produce(100, 16)),
    row("produce-100b-100", produce(100, 100)),
    row_for_all("cpu-1", Work::Steady { partitions: 1 }),
    row_for_all("cpu-100", Work::Steady { partitions: 100 }),
    row("memory", Work::Memory),
    row("read-1-warm", read(1, false)),
    row("read-3-warm", read(3, false)),
    row("read-1-cold", read(1, true)),
    row("read-3-cold", read(3, true)),
];

const GROWTH: &[Row] = &[
    row("growth-connections", Work::Connections),
    row("growth-partitions", Work::Partitions),
    row("growth-data", Work::Data),
];

/// Every row.
pub(crate) fn rows() -> impl Iterator<Item = Row> {
    SPEED.iter().chain(GROWTH).copied()
}

/// The sessions of a whole run: A B C B A in each round, so that what drifts meets both alike. `only` selects rows,
/// `systems` systems; empty selects all.
pub(crate) fn sessions(profile: &Profile, only: &[String], systems: &[String]) -> Vec<Session> {
    use System::{Eddyline, Kafka, KafkaSync};
    let mut sessions = Vec::new();
    for round in 1..=profile.rounds {
        let order = [Eddyline, Kafka, KafkaSync, Kafka, Eddyline];
        sessions.extend(order.map(|system| session(Kind::Speed, system, round, only)));
        let order: &[System] = match (profile.growth_in_every_round, round) {
            (true, _) => &[Eddyline, Kafka, Kafka, Eddyline],
            (false, 1) => &[Eddyline, Kafka],
            (false, _) => &[],
        };
        sessions.extend(
            order
                .iter()
                .map(|system| session(Kind::Growth, *system, round, only)),
        );
    }
    let named = |system: System| systems.iter().any(|name| name == system.name());
    sessions.retain(|session| {
        !session.rows.is_empty() && (systems.is_empty() || named(session.system))
    });
    sessions
}

fn session(kind: Kind, system: System, round: u32, only: &[String]) -> Session {
    let rows = match kind {
        Kind::Speed => SPEED,
        Kind::Growth => GROWTH,
    };
    let wanted = |row: &&Row| {
        let named = only.is_empty() || only.iter().any(|name| selects(name, row.name));
        named && (system != System::KafkaSync || row.by_kafka_sync)
    };
    Session {
        system,
        round,
        rows: rows.iter().filter(wanted).copied().collect(),
    }
}

/// Whether what stands behind `--only` selects a row: its name, or whole words its name begins with.
pub(crate) fn selects(wanted: &str, row: &str) -> bool {
    row.strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::settings::Args;

    fn plan(words: &[&str]) -> Vec<Session> {
        let args = Args::try_parse_from(["bench"].iter().chain(words)).unwrap();
        sessions(&args.profile(), &args.only, &args.systems)
    }

    fn systems(sessions: &[Session]) -> Vec<System> {
        sessions.iter().map(|session| session.system).collect()
    }

    #[test]
    fn every_round_goes_there_and_back() {
        let speed = plan(&["--only", "produce"]);
        assert_eq!(speed.len(), 15);
        for round in speed.chunks(5) {
            let there = systems(round);
            let back: Vec<_> = there.iter().rev().copied().collect();
            assert_eq!(there, back);
        }
        assert_eq!(systems(&plan(&["--quick"])).len(), 7);
    }

    #[test]
    fn a_selection_takes_whole_words() {
        assert!(selects("produce", "produce-1k-16"));
        assert!(selects("produce-1k-1", "produce-1k-1"));
        assert!(!selects("produce-1k-1", "produce-1k-16"));
        let data = plan(&["--quick", "--only", "growth-data"]);
        assert_eq!(systems(&data), [System::Eddyline, System::Kafka]);
        assert_eq!(data[0].rows.len(), 1);
        let ours = plan(&["--quick", "--systems", "eddyline"]);
        assert_eq!(systems(&ours), [System::Eddyline; 3]);
    }

    #[test]
    fn names_are_their_own() {
        let mut names: Vec<_> = rows().map(|row| row.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
