//! A topic's settings in effect, typed, for the floors that act on them.
//!
//! Pure: overrides and broker-wide values go in. What each override may hold was checked when it
//! was written ([`crate::settings::topic_table`]); a value that cannot be read falls to its default.

use std::num::NonZero;
use std::time::Duration;

use wire::record_batch::Codec;

use crate::log::Compaction;
use crate::settings::flush::Flush;
use crate::settings::kind::items;
use crate::settings::topic_table::topic_setting;

/// The settings of one topic that change what the broker does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSettings {
    /// `eddyline.flush`, or what `flush.ms` and `flush.messages` ask for where that is stronger.
    pub flush: Flush,
    /// After how many records a weaker mode syncs at the latest.
    pub sync_every: Option<NonZero<u64>>,
    /// How long records are kept, in milliseconds; `None` is forever.
    pub retention_ms: Option<u64>,
    /// The most one partition keeps, in bytes; `None` is unlimited.
    pub retention_bytes: Option<u64>,
    pub segment_bytes: u64,
    pub segment_ms: u64,
    /// The largest batch taken, after compression.
    pub max_message_bytes: usize,
    /// What batches are stored in; none keeps what the producer chose.
    pub compression: Option<(Codec, Option<i32>)>,
    /// Whether records get the moment they were appended as their time.
    pub log_append_time: bool,
    /// How far, in milliseconds, a record's time may lie in the past and in the future.
    pub timestamp_before_max_ms: i64,
    pub timestamp_after_max_ms: i64,
    /// Whether old records are deleted by time and size.
    pub delete: bool,
    /// How records are compacted by key, if they are; each must have one then.
    pub compaction: Option<Compaction>,
}

impl TopicSettings {
    /// Reads the settings in effect; `value` finds the text in force for a topic setting's name
    /// (its own override, the broker's value, or `None` for the default).
    pub fn new<'v>(value: impl Fn(&'static str) -> Option<&'v str>) -> Self {
        let text = |name: &'static str| {
            let default = || topic_setting(name).ok().and_then(|row| row.default);
            value(name).or_else(default).unwrap_or_default()
        };
        let long = |name| text(name).trim().parse::<i64>().unwrap_or_default();
        let size = |name| u64::try_from(long(name));
        let policy = text("cleanup.policy");
        let (flush, sync_every) = flush(
            text("eddyline.flush"),
            long("flush.ms"),
            long("flush.messages"),
        );
        Self {
            flush,
            sync_every,
            retention_ms: size("retention.ms").ok(),
            retention_bytes: size("retention.bytes").ok(),
            segment_bytes: size("segment.bytes").unwrap_or_default(),
            segment_ms: size("segment.ms").unwrap_or_default(),
            max_message_bytes: usize::try_from(long("max.message.bytes")).unwrap_or_default(),
            compression: compression(text("compression.type"), &|codec| text(codec)),
            log_append_time: text("message.timestamp.type") == "LogAppendTime",
            timestamp_before_max_ms: long("message.timestamp.before.max.ms"),
            timestamp_after_max_ms: long("message.timestamp.after.max.ms"),
            delete: items(policy).any(|word| word == "delete"),
            compaction: items(policy)
                .any(|word| word == "compact")
                .then(|| Compaction {
                    min_dirty_ppm: ppm(text("min.cleanable.dirty.ratio")),
                    min_lag_ms: long("min.compaction.lag.ms"),
                    max_lag_ms: long("max.compaction.lag.ms"),
                    delete_retention_ms: long("delete.retention.ms"),
                }),
        }
    }
}

/// The mode, and the records after which a weaker one syncs: Kafka's two settings make it stronger, never weaker.
fn flush(mode: &str, every_ms: i64, every_records: i64) -> (Flush, Option<NonZero<u64>>) {
    let mode = mode.parse().unwrap_or(Flush::Sync);
    let by_time = match every_ms {
        i64::MAX => Flush::PageCache,
        ..=0 => Flush::Sync,
        ms => Flush::Interval(Duration::from_millis(ms.unsigned_abs())),
    };
    let flush = mode.or_stronger(by_time);
    let every = NonZero::new(every_records.unsigned_abs());
    match every.filter(|_| every_records < i64::MAX) {
        _ if flush == Flush::Sync => (Flush::Sync, None),
        Some(NonZero::<u64>::MIN) => (Flush::Sync, None),
        every => (flush, every),
    }
}

/// The codec that `compression.type` names, with its level; none for `producer`.
fn compression<'v>(
    name: &str,
    text: &impl Fn(&'static str) -> &'v str,
) -> Option<(Codec, Option<i32>)> {
    let level = |name| text(name).trim().parse::<i32>().ok();
    Some(match name {
        "uncompressed" => (Codec::None, None),
        // -1 is gzip's word for its own default.
        "gzip" => (
            Codec::Gzip,
            level("compression.gzip.level").filter(|level| *level >= 0),
        ),
        "snappy" => (Codec::Snappy, None),
        "lz4" => (Codec::Lz4, None),
        "zstd" => (Codec::Zstd, level("compression.zstd.level")),
        _ => return None,
    })
}

/// A share from 0 to 1 in millionths.
fn ppm(share: &str) -> u32 {
    let share: f64 = share.trim().parse().unwrap_or_default();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "held to 0 to 1"
    )]
    let ppm = (share.clamp(0.0, 1.0) * 1e6).round() as u32;
    ppm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_kafkas() {
        let settings = TopicSettings::new(|_| None);
        let expected = TopicSettings {
            flush: Flush::Sync,
            sync_every: None,
            retention_ms: Some(604_800_000),
            retention_bytes: None,
            segment_bytes: 1 << 30,
            segment_ms: 604_800_000,
            max_message_bytes: 1_048_588,
            compression: None,
            log_append_time: false,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            delete: true,
            compaction: None,
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn kafkas_flush_settings_make_a_mode_stronger_and_never_weaker() {
        const NEVER: i64 = i64::MAX;
        let every = |ms| Flush::Interval(Duration::from_millis(ms));
        let cases = [
            ("sync", 1000, 10, (Flush::Sync, None)),
            ("pagecache", NEVER, NEVER, (Flush::PageCache, None)),
            ("pagecache", 1000, NEVER, (every(1000), None)),
            ("pagecache", 0, NEVER, (Flush::Sync, None)),
            ("interval:100ms", 1000, NEVER, (every(100), None)),
            ("interval:5s", 1000, 10, (every(1000), NonZero::new(10))),
            ("pagecache", NEVER, 1, (Flush::Sync, None)),
            ("pagecache", NEVER, 10, (Flush::PageCache, NonZero::new(10))),
        ];
        for (mode, ms, records, expected) in cases {
            assert_eq!(flush(mode, ms, records), expected, "{mode} {ms} {records}");
        }
    }

    #[test]
    fn overrides_are_read() {
        let settings = TopicSettings::new(|name| match name {
            "cleanup.policy" => Some("compact,delete"),
            "min.cleanable.dirty.ratio" => Some("0.01"),
            "max.compaction.lag.ms" => Some("5000"),
            "retention.ms" => Some("-1"),
            "retention.bytes" => Some("1000"),
            "eddyline.flush" => Some("pagecache"),
            "message.timestamp.type" => Some("LogAppendTime"),
            "compression.type" => Some("zstd"),
            _ => None,
        });
        assert!(settings.delete && settings.log_append_time);
        let compaction = Compaction {
            min_dirty_ppm: 10_000,
            max_lag_ms: 5000,
            ..Compaction::default()
        };
        assert_eq!(settings.compaction, Some(compaction));
        assert_eq!(settings.compression, Some((Codec::Zstd, Some(3))));
        assert_eq!(settings.retention_ms, None);
        assert_eq!(settings.retention_bytes, Some(1000));
        assert_eq!(settings.flush, Flush::PageCache);
    }
}
