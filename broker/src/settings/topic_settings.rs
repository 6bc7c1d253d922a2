//! A topic's settings in effect, typed, for the floors that act on them.
//!
//! Pure: overrides and broker-wide values go in. What each override may hold was checked when it
//! was written ([`crate::settings::topic_table`]); a value that cannot be read falls to its default.

use wire::record_batch::Codec;

use crate::log::Compaction;
use crate::settings::flush::Flush;
use crate::settings::kind::items;
use crate::settings::topic_table::topic_setting;

/// The settings of one topic that change what the broker does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSettings {
    pub flush: Flush,
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
        Self {
            flush: text("eddyline.flush").parse().unwrap_or(Flush::Sync),
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
