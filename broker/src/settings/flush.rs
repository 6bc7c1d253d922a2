//! When a produced batch is answered and becomes visible (`eddyline.flush`, design-broker.md).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use crate::log::Flush;

/// The word is none of the three modes, or its duration is missing, zero or above an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "read flush mode: sync, pagecache or interval:<duration> such as interval:100ms is allowed"
)]
pub struct FlushError;

impl FromStr for Flush {
    type Err = FlushError;

    fn from_str(text: &str) -> Result<Self, FlushError> {
        match text.trim() {
            "sync" => Ok(Self::Sync),
            "pagecache" => Ok(Self::PageCache),
            other => other
                .strip_prefix("interval:")
                .and_then(interval)
                .map(Self::Interval)
                .ok_or(FlushError),
        }
    }
}

/// `100ms`, `5s` or `1m`; more than an hour is taken for a slip.
fn interval(text: &str) -> Option<Duration> {
    let digits = text.find(|sign: char| !sign.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let interval_ms = number.parse::<u64>().ok()?.checked_mul(unit_ms)?;
    (1..=3_600_000)
        .contains(&interval_ms)
        .then(|| Duration::from_millis(interval_ms))
}

impl fmt::Display for Flush {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sync => formatter.write_str("sync"),
            Self::PageCache => formatter.write_str("pagecache"),
            Self::Interval(interval) => write!(formatter, "interval:{}ms", interval.as_millis()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_and_written() {
        let interval = |interval_ms| Ok(Flush::Interval(Duration::from_millis(interval_ms)));
        let cases = [
            ("sync", Ok(Flush::Sync)),
            ("pagecache", Ok(Flush::PageCache)),
            ("interval:100ms", interval(100)),
            ("interval:2s", interval(2_000)),
            ("interval:1h", interval(3_600_000)),
            ("interval:2h", Err(FlushError)),
            ("interval:0ms", Err(FlushError)),
            ("interval:100", Err(FlushError)),
            ("interval:ms", Err(FlushError)),
            ("Sync", Err(FlushError)),
            ("", Err(FlushError)),
        ];
        for (text, expected) in cases {
            let parsed = text.parse::<Flush>();
            assert_eq!(parsed, expected, "{text:?}");
            if let Ok(flush) = parsed {
                assert_eq!(flush.to_string().parse(), Ok(flush));
            }
        }
    }
}
