//! A topic's settings in effect, typed, for the floors that act on them.
//!
//! Pure: overrides and broker-wide values go in. What each override may hold was checked when it
//! was written ([`crate::settings::topic_table`]); a value that cannot be read falls to its default.

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
    /// Whether records get the moment they were appended as their time.
    pub log_append_time: bool,
    /// How far, in milliseconds, a record's time may lie in the past and in the future.
    pub timestamp_before_max_ms: i64,
    pub timestamp_after_max_ms: i64,
    /// Whether old records are deleted by time and size.
    pub delete: bool,
    /// Whether records are to be compacted by key, so that each must have one.
    pub compact: bool,
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
            log_append_time: text("message.timestamp.type") == "LogAppendTime",
            timestamp_before_max_ms: long("message.timestamp.before.max.ms"),
            timestamp_after_max_ms: long("message.timestamp.after.max.ms"),
            delete: items(policy).any(|word| word == "delete"),
            compact: items(policy).any(|word| word == "compact"),
        }
    }
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
            log_append_time: false,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            delete: true,
            compact: false,
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn overrides_are_read() {
        let settings = TopicSettings::new(|name| match name {
            "cleanup.policy" => Some("compact,delete"),
            "retention.ms" => Some("-1"),
            "retention.bytes" => Some("1000"),
            "eddyline.flush" => Some("pagecache"),
            "message.timestamp.type" => Some("LogAppendTime"),
            _ => None,
        });
        assert!(settings.compact && settings.delete && settings.log_append_time);
        assert_eq!(settings.retention_ms, None);
        assert_eq!(settings.retention_bytes, Some(1000));
        assert_eq!(settings.flush, Flush::PageCache);
    }
}
