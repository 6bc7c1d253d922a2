//! Every topic setting: name, type, bounds, default, the broker setting behind it.
//!
//! The names, types and defaults are Apache Kafka 4.3's, so that tools which read, change and
//! write back a topic's settings find what they know; `eddyline.flush` is our own. What a setting
//! does stands where it is done; this table only says what is accepted and reported.

use crate::settings::definition::{Definition, UnknownSetting};
use crate::settings::kind::Kind;

const INT: Kind = Kind::Int {
    min: 0,
    max: i32::MAX,
};
const LONG: Kind = Kind::Long {
    min: 0,
    max: i64::MAX,
};
const LONG_OR_UNLIMITED: Kind = Kind::Long {
    min: -1,
    max: i64::MAX,
};
const POSITIVE_LONG: Kind = Kind::Long {
    min: 1,
    max: i64::MAX,
};
const MAX_LONG: &str = "9223372036854775807";

const fn row(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    broker_name: &'static str,
    doc: &'static str,
) -> Definition {
    Definition {
        name,
        kind,
        default: Some(default),
        broker_name: Some(broker_name),
        dynamic: true,
        doc,
    }
}

/// A setting that only a topic has: no broker setting stands behind it.
const fn own(
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
        dynamic: true,
        doc,
    }
}

/// Only false can be kept: there is no remote storage to switch on.
const ONLY_FALSE: Kind = Kind::Choice(&["false"]);

/// All topic settings, sorted by name.
#[rustfmt::skip]
pub const TOPIC_SETTINGS: &[Definition] = &[
    row("cleanup.policy", Kind::Words(&["compact", "delete"]), "delete", "log.cleanup.policy",
        "What happens to old records: delete by time and size, compact by key, or both."),
    row("compression.gzip.level", Kind::Int { min: -1, max: 9 }, "-1", "compression.gzip.level",
        "Level for gzip where the broker compresses; -1 is gzip's own."),
    row("compression.lz4.level", Kind::Int { min: 1, max: 17 }, "9", "compression.lz4.level",
        "Kept and reported: lz4 has one level here."),
    row("compression.type", Kind::Choice(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), "producer",
        "compression.type", "How batches are stored: as the producer compressed them, or compressed anew by the broker."),
    row("compression.zstd.level", Kind::Int { min: -131_072, max: 22 }, "3", "compression.zstd.level",
        "Level for zstd where the broker compresses."),
    row("delete.retention.ms", LONG, "86400000", "log.cleaner.delete.retention.ms",
        "How long a tombstone stays readable in a compacted topic."),
    row("eddyline.flush", Kind::Flush, "sync", "eddyline.log.flush",
        "When a batch is answered: sync (after the disk has it), interval:<duration> (synced at most that much later) or pagecache."),
    row("file.delete.delay.ms", LONG, "60000", "log.segment.delete.delay.ms", "Kept and reported."),
    row("flush.messages", POSITIVE_LONG, MAX_LONG, "log.flush.interval.messages",
        "After how many records a topic is synced at the latest, where eddyline.flush does not sync each batch anyway."),
    row("flush.ms", LONG, MAX_LONG, "log.flush.interval.ms",
        "How long a record stays unsynced at most, where eddyline.flush does not sync each batch anyway."),
    own("follower.replication.throttled.replicas", Kind::List, "", "Kept and reported: there are no followers."),
    row("index.interval.bytes", INT, "4096", "log.index.interval.bytes", "Kept and reported."),
    own("leader.replication.throttled.replicas", Kind::List, "", "Kept and reported: there are no followers."),
    row("local.retention.bytes", Kind::Long { min: -2, max: i64::MAX }, "-2", "log.local.retention.bytes",
        "Kept and reported: all storage is local."),
    row("local.retention.ms", Kind::Long { min: -2, max: i64::MAX }, "-2", "log.local.retention.ms",
        "Kept and reported: all storage is local."),
    row("max.compaction.lag.ms", POSITIVE_LONG, MAX_LONG, "log.cleaner.max.compaction.lag.ms",
        "The longest a record may stay uncompacted."),
    row("max.message.bytes", INT, "1048588", "message.max.bytes", "The largest batch taken, after compression."),
    row("message.timestamp.after.max.ms", LONG, "3600000", "log.message.timestamp.after.max.ms",
        "How far a record's time may lie in the future."),
    row("message.timestamp.before.max.ms", LONG, MAX_LONG, "log.message.timestamp.before.max.ms",
        "How far a record's time may lie in the past."),
    row("message.timestamp.type", Kind::Choice(&["CreateTime", "LogAppendTime"]), "CreateTime", "log.message.timestamp.type",
        "Whether a record carries the producer's time or the moment it was appended."),
    row("min.cleanable.dirty.ratio", Kind::Double { min: 0.0, max: 1.0 }, "0.5", "log.cleaner.min.cleanable.ratio",
        "The share of new records from which a compacted topic is cleaned."),
    row("min.compaction.lag.ms", LONG, "0", "log.cleaner.min.compaction.lag.ms", "The shortest a record stays uncompacted."),
    row("min.insync.replicas", Kind::Int { min: 1, max: i32::MAX }, "1", "min.insync.replicas",
        "Kept and reported; with one broker one replica is enough."),
    row("preallocate", Kind::Boolean, "false", "log.preallocate", "Kept and reported."),
    own("remote.log.copy.disable", Kind::Boolean, "false", "Kept and reported: there is no remote storage."),
    own("remote.log.delete.on.disable", Kind::Boolean, "false", "Kept and reported: there is no remote storage."),
    own("remote.storage.enable", ONLY_FALSE, "false", "There is no remote storage."),
    row("retention.bytes", LONG_OR_UNLIMITED, "-1", "log.retention.bytes", "The most a partition keeps; -1 is unlimited."),
    row("retention.ms", LONG_OR_UNLIMITED, "604800000", "log.retention.ms", "How long records are kept; -1 is forever."),
    row("segment.bytes", Kind::Int { min: 1 << 20, max: i32::MAX }, "1073741824", "log.segment.bytes",
        "The size at which a segment is closed; files may roll earlier."),
    row("segment.index.bytes", Kind::Int { min: 4, max: i32::MAX }, "10485760", "log.index.size.max.bytes",
        "Kept and reported."),
    row("segment.jitter.ms", LONG, "0", "log.roll.jitter.ms", "Kept and reported."),
    row("segment.ms", POSITIVE_LONG, "604800000", "log.roll.ms",
        "The age at which a segment is closed; files may roll earlier."),
    row("unclean.leader.election.enable", Kind::Boolean, "false", "unclean.leader.election.enable",
        "Kept and reported: there is one replica."),
];

/// Looks a topic setting up.
///
/// # Errors
/// [`UnknownSetting`] with the nearest name.
pub fn topic_setting(name: &str) -> Result<&'static Definition, UnknownSetting> {
    TOPIC_SETTINGS
        .binary_search_by(|row| row.name.cmp(name))
        .map(|at| &TOPIC_SETTINGS[at])
        .map_err(|_| UnknownSetting::among(name, TOPIC_SETTINGS.iter().map(|row| row.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_defaults_are_allowed() {
        assert!(TOPIC_SETTINGS.is_sorted_by_key(|row| row.name));
        for row in TOPIC_SETTINGS {
            assert_eq!(
                row.kind.check(row.default.unwrap_or_default()),
                Ok(()),
                "{}",
                row.name
            );
            assert!(topic_setting(row.name).is_ok_and(|found| found.name == row.name));
        }
    }
}
