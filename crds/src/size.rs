//! Sizes as people write them in YAML: `512Mi`, `10Gi`.
//!
//! Knows text and bytes, nothing of what a size is used for.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A whole number and one binary unit. Six digits keep the largest (Ti) inside 63 bits of bytes,
/// so that whatever the schema lets in can be decoded.
const PATTERN: &str = "^[1-9][0-9]{0,5}(Ki|Mi|Gi|Ti)$";

const MAX_DIGITS: usize = 6;
const MAX_LENGTH: u32 = 9;

/// Bytes of each unit, largest first.
const UNITS: [(&str, u64); 4] = [
    ("Ti", 1 << 40),
    ("Gi", 1 << 30),
    ("Mi", 1 << 20),
    ("Ki", 1 << 10),
];

/// The word for a size without bound.
const UNLIMITED: &str = "Unlimited";

/// A positive number of bytes, written as a whole number and a binary unit: `64Ki`, `512Mi`,
/// `10Gi`, `2Ti`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size {
    bytes: u64,
}

/// Why a text is no [`Size`]; the message says what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseSizeError {
    text: String,
    unlimited: bool,
}

impl fmt::Display for ParseSizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.unlimited { ", or Unlimited" } else { "" };
        write!(
            f,
            "no size: \"{}\"; write a whole number above 0 and one unit (Ki, Mi, Gi, Ti), for example 512Mi or 10Gi{word}",
            self.text
        )
    }
}

impl std::error::Error for ParseSizeError {}

impl Size {
    /// A size of this many bytes; `None` for 0 and for more than 2^63 - 1.
    pub fn from_bytes(bytes: u64) -> Option<Self> {
        (bytes > 0 && i64::try_from(bytes).is_ok()).then_some(Self { bytes })
    }

    /// The size in bytes; above 0 and at most 2^63 - 1.
    pub fn as_bytes(self) -> u64 {
        self.bytes
    }

    /// A size known to be in bounds when the program is written.
    pub(crate) const fn of_bytes(bytes: u64) -> Self {
        Self { bytes }
    }
}

impl FromStr for Size {
    type Err = ParseSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| ParseSizeError {
            text: text.to_owned(),
            unlimited: false,
        })
    }
}

fn parse(text: &str) -> Option<Size> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(split);
    if digits.is_empty() || digits.len() > MAX_DIGITS || digits.starts_with('0') {
        return None;
    }
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some(Size {
        bytes: digits.parse::<u64>().ok()?.checked_mul(*scale)?,
    })
}

impl fmt::Display for Size {
    /// The largest unit that leaves a whole number, so `1024Mi` is shown as `1Gi`. A number of
    /// bytes that no unit divides (a broker may report one) is shown as bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, scale) = UNITS
            .into_iter()
            .find(|(_, scale)| self.bytes.is_multiple_of(*scale))
            .unwrap_or(("", 1));
        write!(f, "{}{unit}", self.bytes / scale)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'_, str>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": PATTERN, "maxLength": MAX_LENGTH})
    }
}

/// How much of something is kept: a [`Size`] or the word `Unlimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SizeLimit {
    /// Kept without bound of size.
    Unlimited,
    /// At most about this much is kept.
    UpTo(Size),
}

impl FromStr for SizeLimit {
    type Err = ParseSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == UNLIMITED {
            return Ok(Self::Unlimited);
        }
        parse(text).map(Self::UpTo).ok_or_else(|| ParseSizeError {
            text: text.to_owned(),
            unlimited: true,
        })
    }
}

impl fmt::Display for SizeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str(UNLIMITED),
            Self::UpTo(size) => size.fmt(f),
        }
    }
}

impl Serialize for SizeLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SizeLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'_, str>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for SizeLimit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SizeLimit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = format!("^({UNLIMITED}|{})$", PATTERN.trim_matches(['^', '$']));
        json_schema!({"type": "string", "pattern": pattern, "maxLength": MAX_LENGTH})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit() {
        for (text, bytes) in [
            ("1Ki", 1024),
            ("512Mi", 536_870_912),
            ("10Gi", 10_737_418_240),
            ("999999Ti", 1_099_510_528_264_372_224),
        ] {
            assert_eq!(
                text.parse::<Size>().ok().map(Size::as_bytes),
                Some(bytes),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_what_the_schema_refuses() {
        for text in [
            "",
            "0Gi",
            "01Gi",
            "10",
            "Gi",
            "1.5Gi",
            "10G",
            "10gi",
            "10 Gi",
            "1000000Ti",
        ] {
            let error = text.parse::<Size>().unwrap_err().to_string();
            assert!(error.contains("for example 512Mi or 10Gi"), "{error}");
        }
    }

    #[test]
    fn shows_the_largest_whole_unit() {
        for (text, shown) in [("1024Mi", "1Gi"), ("1536Mi", "1536Mi"), ("10Gi", "10Gi")] {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), shown);
        }
        assert_eq!(Size { bytes: 1000 }.to_string(), "1000");
    }

    #[test]
    fn unlimited_is_a_word_for_limits_only() {
        assert_eq!("Unlimited".parse(), Ok(SizeLimit::Unlimited));
        assert!("Unlimited".parse::<Size>().is_err());
        let error = "-1".parse::<SizeLimit>().unwrap_err().to_string();
        assert!(error.ends_with("or Unlimited"), "{error}");
    }
}
