//! Every broker setting that `--set` takes and `DescribeConfigs` reports.
//!
//! Names and defaults are Apache Kafka 4.3's where not said otherwise. The settings behind topic
//! settings (`log.retention.ms`, …) can be changed while the broker runs, the others at its start.

use crate::settings::definition::{Definition, UnknownSetting};
use crate::settings::kind::Kind;
use crate::settings::topic_table::TOPIC_SETTINGS;

const POSITIVE_INT: Kind = Kind::Int {
    min: 1,
    max: i32::MAX,
};
const INT: Kind = Kind::Int {
    min: 0,
    max: i32::MAX,
};
const POSITIVE_LONG: Kind = Kind::Long {
    min: 1,
    max: i64::MAX,
};

const fn row(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
) -> Definition {
    Definition {
        name,
        kind,
        default: Some(default),
        broker_name: None,
        dynamic: false,
        doc,
    }
}

/// A longer unit of a setting in milliseconds; unset by default, the shorter unit wins.
const fn unit(name: &'static str, doc: &'static str) -> Definition {
    Definition {
        name,
        kind: Kind::Int {
            min: -1,
            max: i32::MAX,
        },
        default: None,
        broker_name: None,
        dynamic: false,
        doc,
    }
}

/// The settings of the broker itself, sorted by name; those behind topic settings stand in
/// [`TOPIC_SETTINGS`].
#[rustfmt::skip]
const OWN_SETTINGS: &[Definition] = &[
    row("auto.create.topics.enable", Kind::Boolean, "true", "Whether a Metadata request creates the topics it asks for."),
    row("connections.max.idle.ms", POSITIVE_LONG, "600000", "Connections silent for this long are closed."),
    row("default.replication.factor", Kind::Int { min: 1, max: 32767 }, "1", "Kept and reported; with one broker it is 1."),
    row("delete.topic.enable", Kind::Boolean, "true", "Whether clients may delete topics."),
    row("fetch.max.bytes", Kind::Int { min: 1024, max: i32::MAX }, "57671680", "The most one Fetch answer carries."),
    row("group.initial.rebalance.delay.ms", INT, "0", "How long a fresh group waits for more members (Apache's code has 3000, its shipped properties 0)."),
    row("group.max.session.timeout.ms", POSITIVE_INT, "1800000", "The longest session time-out a group member may ask for."),
    row("group.max.size", POSITIVE_INT, "10000", "The most members one group has (Apache has no bound)."),
    row("group.min.session.timeout.ms", POSITIVE_INT, "6000", "The shortest session time-out a group member may ask for."),
    row("log.cleaner.backoff.ms", Kind::Long { min: 0, max: i64::MAX }, "15000", "The pause between two looks for something to compact."),
    unit("log.retention.hours", "log.retention.ms in hours; the shorter units win."),
    unit("log.retention.minutes", "log.retention.ms in minutes; the shorter unit wins."),
    row("log.retention.check.interval.ms", POSITIVE_LONG, "300000", "The pause between two looks for something to delete."),
    unit("log.roll.hours", "log.roll.ms in hours; the shorter unit wins."),
    row("max.connections", POSITIVE_INT, "4096", "The most connections over all listeners (Apache has no bound)."),
    row("max.incremental.fetch.session.cache.slots", INT, "1000", "Kept and reported: every fetch is a full one."),
    row("num.partitions", Kind::Int { min: 1, max: 10_000 }, "1", "Partitions of a topic created without a count."),
    row("offset.metadata.max.bytes", INT, "4096", "The longest note a committed offset carries."),
    row("offsets.retention.check.interval.ms", POSITIVE_LONG, "600000", "The pause between two looks for expired offsets."),
    row("offsets.retention.minutes", POSITIVE_INT, "10080", "How long offsets stay after their group is empty."),
    row("offsets.topic.num.partitions", Kind::Int { min: 1, max: 1000 }, "1", "Partitions of __consumer_offsets (Apache: 50; one broker needs one)."),
    row("offsets.topic.replication.factor", Kind::Int { min: 1, max: 32767 }, "1", "Kept and reported; with one broker it is 1."),
    row("producer.id.expiration.ms", POSITIVE_INT, "86400000", "How long the duplicates of a silent producer are known."),
    row("socket.request.max.bytes", Kind::Int { min: 1024, max: i32::MAX }, "104857600", "The largest request; never more than the memory budget allows."),
    row("socket.send.buffer.bytes", Kind::Int { min: -1, max: i32::MAX }, "262144", "What is sent ahead of a reader; -1: the system's (Apache: 102400)."),
    row("transaction.max.timeout.ms", POSITIVE_INT, "900000", "The longest transaction time-out a producer may ask for."),
    row("transactional.id.expiration.ms", POSITIVE_INT, "604800000", "How long a silent transactional id is known."),
];

/// All broker settings: its own, then those behind topic settings.
pub fn broker_settings() -> impl Iterator<Item = Definition> {
    let behind_topics = TOPIC_SETTINGS.iter().filter_map(|topic| {
        topic.broker_name.map(|name| Definition {
            name,
            broker_name: None,
            ..*topic
        })
    });
    OWN_SETTINGS.iter().copied().chain(behind_topics)
}

/// Looks a broker setting up.
///
/// # Errors
/// [`UnknownSetting`] with the nearest name.
pub fn broker_setting(name: &str) -> Result<Definition, UnknownSetting> {
    let mut settings = broker_settings();
    settings.find(|row| row.name == name).ok_or_else(|| {
        let names: Vec<_> = broker_settings().map(|row| row.name).collect();
        UnknownSetting::among(name, names.into_iter())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_defaults_allowed() {
        let mut names: Vec<_> = broker_settings().map(|row| row.name).collect();
        for row in broker_settings() {
            let default = row
                .default
                .map_or(Ok(()), |default| row.kind.check(default));
            assert_eq!(default, Ok(()), "{}", row.name);
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn an_unknown_name_finds_its_neighbour() {
        let error = broker_setting("num.partition")
            .map(|row| row.name)
            .unwrap_err();
        assert_eq!(error.nearest.as_deref(), Some("num.partitions"));
    }
}
