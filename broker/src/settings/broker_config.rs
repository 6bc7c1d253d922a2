//! The broker's settings as given at its start, checked and typed.
//!
//! Pure: a map of texts goes in, a [`BrokerConfig`] or the first wrong setting comes out.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::settings::broker_table::broker_setting;
use crate::settings::definition::UnknownSetting;
use crate::settings::kind::parse_boolean;

/// The broker's settings: given values over defaults.
#[derive(Debug, Clone)]
pub struct BrokerConfig {
    /// What was given, by name; reported as `STATIC_BROKER_CONFIG`.
    given: BTreeMap<String, String>,
    pub auto_create_topics: bool,
    pub delete_topics: bool,
    pub num_partitions: i32,
    pub connections_max_idle: Duration,
    pub max_connections: usize,
    /// As given; the budget may allow less, see [`crate::memory::Budget::max_frame_bytes`].
    pub socket_request_max_bytes: usize,
    /// What the system holds of a connection's answers; unset, as much as it likes.
    pub socket_send_buffer_bytes: Option<usize>,
    pub fetch_max_bytes: usize,
    pub group_initial_rebalance_delay: Duration,
    pub group_min_session_timeout: Duration,
    pub group_max_session_timeout: Duration,
    pub group_max_size: usize,
    pub offset_metadata_max_bytes: usize,
    pub offsets_retention: Duration,
    pub offsets_retention_check_interval: Duration,
    pub offsets_topic_partitions: i32,
    pub retention_check_interval: Duration,
    pub cleaner_backoff: Duration,
    pub producer_id_expiration: Duration,
    /// The largest batch the log takes on its volume; no setting.
    largest_batch_bytes: u64,
}

/// The settings that bound a batch, of a topic and of the broker.
const BATCH_BOUNDS: &[&str] = &["max.message.bytes", "message.max.bytes"];

/// A broker setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error(transparent)]
    Unknown(#[from] UnknownSetting),
    #[error("setting {name} is {value}: {allowed} is allowed")]
    Value {
        name: String,
        value: String,
        allowed: String,
    },
}

/// The settings in milliseconds and the longer units they may be given in, shortest first.
const UNITS: &[(&str, &[(&str, i64)])] = &[
    (
        "log.retention.ms",
        &[
            ("log.retention.minutes", 60_000),
            ("log.retention.hours", 3_600_000),
        ],
    ),
    ("log.roll.ms", &[("log.roll.hours", 3_600_000)]),
];

impl BrokerConfig {
    /// Checks the settings given at the start.
    ///
    /// # Errors
    /// The first setting that is unknown or whose value is not allowed.
    pub fn new(given: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        for (name, value) in given {
            check(name, value)?;
        }
        let given = in_milliseconds(given.clone());
        let values = Values { given: &given };
        let config = Self {
            auto_create_topics: values.boolean("auto.create.topics.enable"),
            delete_topics: values.boolean("delete.topic.enable"),
            num_partitions: values.number("num.partitions"),
            connections_max_idle: values.millis("connections.max.idle.ms"),
            max_connections: values.number("max.connections"),
            socket_request_max_bytes: values.number("socket.request.max.bytes"),
            socket_send_buffer_bytes: values.at_least_zero("socket.send.buffer.bytes"),
            fetch_max_bytes: values.number("fetch.max.bytes"),
            group_initial_rebalance_delay: values.millis("group.initial.rebalance.delay.ms"),
            group_min_session_timeout: values.millis("group.min.session.timeout.ms"),
            group_max_session_timeout: values.millis("group.max.session.timeout.ms"),
            group_max_size: values.number("group.max.size"),
            offset_metadata_max_bytes: values.number("offset.metadata.max.bytes"),
            offsets_retention: values.minutes("offsets.retention.minutes"),
            offsets_retention_check_interval: values.millis("offsets.retention.check.interval.ms"),
            offsets_topic_partitions: values.number("offsets.topic.num.partitions"),
            cleaner_backoff: values.millis("log.cleaner.backoff.ms"),
            retention_check_interval: values.millis("log.retention.check.interval.ms"),
            producer_id_expiration: values.millis("producer.id.expiration.ms"),
            largest_batch_bytes: u64::MAX,
            given: BTreeMap::new(),
        };
        Ok(Self { given, ..config })
    }

    /// The settings on a log that takes batches up to this size.
    ///
    /// # Errors
    /// A bound that was given lies above it.
    pub fn with_largest_batch(self, largest_batch_bytes: u64) -> Result<Self, ConfigError> {
        let config = Self {
            largest_batch_bytes,
            ..self
        };
        for (name, value) in &config.given {
            config.check_batch_bound(name, value)?;
        }
        Ok(config)
    }

    /// Checks a setting of a topic or of the broker against the largest batch, if it bounds batches.
    ///
    /// # Errors
    /// It lies above.
    pub fn check_batch_bound(&self, name: &str, value: &str) -> Result<(), ConfigError> {
        let most = self.largest_batch_bytes;
        let above = value.trim().parse().is_ok_and(|bytes: u64| bytes > most);
        if !(BATCH_BOUNDS.contains(&name) && above) {
            return Ok(());
        }
        Err(ConfigError::Value {
            name: name.to_owned(),
            value: value.chars().take(128).collect(),
            allowed: format!("at most {most}, half of what the log holds on this volume,"),
        })
    }

    /// The value given at the start, if there was one.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }
}

/// Checks one broker setting.
///
/// # Errors
/// That it is unknown, or its value is not allowed.
pub fn check(name: &str, value: &str) -> Result<(), ConfigError> {
    let definition = broker_setting(name)?;
    definition
        .kind
        .check(value)
        .map_err(|allowed| ConfigError::Value {
            name: name.to_owned(),
            value: value.chars().take(128).collect(),
            allowed,
        })
}

/// Kafka takes two settings in longer units too; from here on only milliseconds count.
fn in_milliseconds(mut given: BTreeMap<String, String>) -> BTreeMap<String, String> {
    for (name, longer) in UNITS {
        if given.contains_key(*name) {
            continue;
        }
        let value = longer.iter().find_map(|(unit, unit_ms)| {
            let count: i64 = given.get(*unit)?.trim().parse().ok()?;
            Some(if count < 0 {
                -1
            } else {
                count.saturating_mul(*unit_ms)
            })
        });
        if let Some(value) = value {
            given.insert((*name).to_owned(), value.to_string());
        }
    }
    given
}

/// Typed reading of checked values; a test reads every setting, so none falls back silently.
struct Values<'g> {
    given: &'g BTreeMap<String, String>,
}

impl Values<'_> {
    fn text(&self, name: &str) -> &str {
        let default = || {
            broker_setting(name)
                .ok()
                .and_then(|row| row.default)
                .unwrap_or_default()
        };
        self.given.get(name).map_or_else(default, String::as_str)
    }

    fn boolean(&self, name: &str) -> bool {
        parse_boolean(self.text(name)).unwrap_or_default()
    }

    fn number<N: std::str::FromStr + Default>(&self, name: &str) -> N {
        self.text(name).trim().parse().unwrap_or_default()
    }

    /// None where -1 stands for no bound.
    fn at_least_zero(&self, name: &str) -> Option<usize> {
        self.text(name).trim().parse().ok()
    }

    fn millis(&self, name: &str) -> Duration {
        Duration::from_millis(self.number(name))
    }

    fn minutes(&self, name: &str) -> Duration {
        Duration::from_secs(self.number::<u64>(name).saturating_mul(60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn defaults_are_read_from_the_table() {
        let config = BrokerConfig::new(&BTreeMap::new()).unwrap();
        assert!(config.auto_create_topics && config.delete_topics);
        assert_eq!(config.num_partitions, 1);
        assert_eq!(config.connections_max_idle, Duration::from_mins(10));
        assert_eq!(config.max_connections, 4096);
        assert_eq!(config.socket_request_max_bytes, 100 << 20);
        assert_eq!(config.socket_send_buffer_bytes, Some(256 << 10));
        assert_eq!(config.fetch_max_bytes, 55 << 20);
        assert_eq!(config.group_initial_rebalance_delay, Duration::ZERO);
        assert_eq!(config.group_min_session_timeout, Duration::from_secs(6));
        assert_eq!(config.group_max_session_timeout, Duration::from_mins(30));
        assert_eq!(config.group_max_size, 10_000);
        assert_eq!(config.offset_metadata_max_bytes, 4096);
        assert_eq!(config.offsets_retention, Duration::from_hours(7 * 24));
        assert_eq!(
            config.offsets_retention_check_interval,
            Duration::from_mins(10)
        );
        assert_eq!(config.offsets_topic_partitions, 1);
        assert_eq!(config.retention_check_interval, Duration::from_mins(5));
        assert_eq!(config.producer_id_expiration, Duration::from_hours(24));
    }

    #[test]
    fn a_batch_fits_into_half_of_the_ring() {
        let config = BrokerConfig::new(&BTreeMap::new()).unwrap();
        let config = config.with_largest_batch(2_000_000).unwrap();
        for name in BATCH_BOUNDS {
            assert_eq!(config.check_batch_bound(name, "2000000"), Ok(()));
            let refused = config.check_batch_bound(name, "2000001").unwrap_err();
            let expected = "is 2000001: at most 2000000, half of what the log holds on this volume, is allowed";
            assert!(refused.to_string().ends_with(expected), "{refused}");
        }
        assert_eq!(config.check_batch_bound("segment.bytes", "2000001"), Ok(()));
        let large = BrokerConfig::new(&given(&[("message.max.bytes", "2000001")])).unwrap();
        assert!(large.with_largest_batch(2_000_000).is_err());
    }

    #[test]
    fn given_values_win_and_longer_units_count() {
        let config = BrokerConfig::new(&given(&[
            ("num.partitions", "4"),
            ("log.retention.hours", "24"),
            ("log.retention.minutes", "30"),
            ("log.roll.hours", "1"),
            ("socket.send.buffer.bytes", "-1"),
        ]))
        .unwrap();
        assert_eq!(config.num_partitions, 4);
        assert_eq!(config.socket_send_buffer_bytes, None);
        assert_eq!(config.given("log.retention.ms"), Some("1800000"));
        assert_eq!(config.given("log.roll.ms"), Some("3600000"));
        assert_eq!(config.given("log.segment.bytes"), None);
    }

    #[test]
    fn a_wrong_setting_says_what_is_allowed() {
        let cases = [
            (
                "num.partitions",
                "0",
                "setting num.partitions is 0: a whole number from 1 to 10000 is allowed",
            ),
            (
                "auto.create.topics",
                "no",
                "unknown setting auto.create.topics: did you mean auto.create.topics.enable?",
            ),
            (
                "log.cleanup.policy",
                "keep",
                "setting log.cleanup.policy is keep: a list with commas of: compact, delete is allowed",
            ),
        ];
        for (name, value, message) in cases {
            assert_eq!(
                BrokerConfig::new(&given(&[(name, value)]))
                    .unwrap_err()
                    .to_string(),
                message
            );
        }
    }
}
