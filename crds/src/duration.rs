//! Durations as people write them in YAML: `30s`, `12h`, `1d`.
//!
//! Knows text and milliseconds, nothing of what a duration is used for.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A whole number and one unit. Eleven digits keep the longest (days) inside 63 bits of
/// milliseconds, so that whatever the schema lets in can be decoded.
const PATTERN: &str = "^[1-9][0-9]{0,10}(ms|s|m|h|d)$";

const MAX_DIGITS: usize = 11;
const MAX_LENGTH: u32 = 13;

/// Milliseconds of each unit, longest first.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The word for a time without end.
const FOREVER: &str = "Forever";

/// A positive length of time, written as a whole number and a unit: `500ms`, `30s`, `5m`, `12h`,
/// `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    millis: u64,
}

/// Why a text is no [`Duration`]; the message says what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseDurationError {
    text: String,
    forever: bool,
}

impl fmt::Display for ParseDurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.forever { ", or Forever" } else { "" };
        write!(
            f,
            "no duration: \"{}\"; write a whole number above 0 and one unit (ms, s, m, h, d), for example 30s, 12h or 7d{word}",
            self.text
        )
    }
}

impl std::error::Error for ParseDurationError {}

impl Duration {
    /// A duration of this many milliseconds; `None` for 0 and for more than 2^63 - 1.
    pub fn from_millis(millis: u64) -> Option<Self> {
        (millis > 0 && i64::try_from(millis).is_ok()).then_some(Self { millis })
    }

    /// The length in milliseconds; above 0 and at most 2^63 - 1.
    pub fn as_millis(self) -> u64 {
        self.millis
    }

    /// The same length for code that keeps time.
    pub fn as_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.millis)
    }

    /// A duration known to be in bounds when the program is written.
    pub(crate) const fn of_millis(millis: u64) -> Self {
        Self { millis }
    }
}

impl FromStr for Duration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| ParseDurationError {
            text: text.to_owned(),
            forever: false,
        })
    }
}

fn parse(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(split);
    if digits.is_empty() || digits.len() > MAX_DIGITS || digits.starts_with('0') {
        return None;
    }
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Duration::from_millis(digits.parse::<u64>().ok()?.checked_mul(*scale)?)
}

impl fmt::Display for Duration {
    /// The longest unit that leaves a whole number, so `24h` is shown as `1d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, scale) = UNITS
            .into_iter()
            .find(|(_, scale)| self.millis.is_multiple_of(*scale))
            .unwrap_or(("ms", 1));
        write!(f, "{}{unit}", self.millis / scale)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'_, str>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": PATTERN, "maxLength": MAX_LENGTH})
    }
}

/// How long something is kept: a [`Duration`] or the word `Forever`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeLimit {
    /// Kept without end of time.
    Forever,
    /// Kept at least this long.
    For(Duration),
}

impl FromStr for TimeLimit {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == FOREVER {
            return Ok(Self::Forever);
        }
        parse(text)
            .map(Self::For)
            .ok_or_else(|| ParseDurationError {
                text: text.to_owned(),
                forever: true,
            })
    }
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => f.write_str(FOREVER),
            Self::For(duration) => duration.fmt(f),
        }
    }
}

impl Serialize for TimeLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'_, str>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for TimeLimit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TimeLimit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = format!("^({FOREVER}|{})$", PATTERN.trim_matches(['^', '$']));
        json_schema!({"type": "string", "pattern": pattern, "maxLength": MAX_LENGTH})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit() {
        for (text, millis) in [
            ("1ms", 1),
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("12h", 43_200_000),
            ("7d", 604_800_000),
            ("99999999999d", 8_639_999_999_913_600_000),
        ] {
            assert_eq!(
                text.parse::<Duration>().unwrap().as_millis(),
                millis,
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_what_the_schema_refuses() {
        for text in [
            "", "0s", "010s", "5", "s", "1.5h", "1h30m", "-1s", "7 d", "7D", "1w", "Forever",
        ] {
            let error = text.parse::<Duration>().unwrap_err().to_string();
            assert!(error.contains("for example 30s, 12h or 7d"), "{error}");
        }
        assert!("999999999999d".parse::<Duration>().is_err());
    }

    #[test]
    fn shows_the_longest_whole_unit() {
        for (text, shown) in [
            ("24h", "1d"),
            ("90m", "90m"),
            ("60000ms", "1m"),
            ("1500ms", "1500ms"),
            ("7d", "7d"),
        ] {
            assert_eq!(text.parse::<Duration>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn forever_is_a_word_for_limits_only() {
        assert_eq!("Forever".parse(), Ok(TimeLimit::Forever));
        assert_eq!(TimeLimit::Forever.to_string(), "Forever");
        let error = "-1".parse::<TimeLimit>().unwrap_err().to_string();
        assert!(error.ends_with("or Forever"), "{error}");
    }
}
