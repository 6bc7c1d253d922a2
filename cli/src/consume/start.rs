//! Where `consume` begins: an end of the log, an offset, or a time. Pure.

use std::str::FromStr;

use jiff::Timestamp;

/// A starting point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Beginning,
    End,
    /// This offset in every partition.
    Offset(i64),
    /// This many records before the end of every partition.
    Last(i64),
    /// The first record at or after this time.
    At(Timestamp),
    /// The first record of the last so many milliseconds.
    Ago(i64),
}

impl FromStr for Start {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "beginning" | "earliest" => return Ok(Self::Beginning),
            "end" | "latest" => return Ok(Self::End),
            _ => {}
        }
        if let Ok(number) = text.parse::<i64>() {
            return Ok(if number < 0 {
                Self::Last(number.saturating_neg())
            } else {
                Self::Offset(number)
            });
        }
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self::At(time));
        }
        let ago = text
            .parse::<crds::Duration>()
            .ok()
            .and_then(|ago| i64::try_from(ago.as_millis()).ok());
        ago.map(Self::Ago).ok_or_else(|| {
            "write beginning, end, an offset (42), the last records (-10), a time (2026-01-31T12:00:00Z) or how long ago (10m)".to_owned()
        })
    }
}

impl Start {
    /// The time in milliseconds since 1970 that it means at `now`; `None` where it means no time.
    pub fn time_ms(self, now: Timestamp) -> Option<i64> {
        match self {
            Self::At(time) => Some(time.as_millisecond()),
            Self::Ago(ago) => Some(now.as_millisecond().saturating_sub(ago)),
            Self::Beginning | Self::End | Self::Offset(_) | Self::Last(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_are_read() {
        let noon: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("beginning", Start::Beginning),
            ("latest", Start::End),
            ("42", Start::Offset(42)),
            ("-10", Start::Last(10)),
            ("2026-01-31T12:00:00Z", Start::At(noon)),
            ("10m", Start::Ago(600_000)),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        assert!("yesterday".parse::<Start>().is_err());
    }

    #[test]
    fn a_time_ago_depends_on_now() {
        let now = Timestamp::from_millisecond(1_000_000).unwrap();
        assert_eq!(Start::Ago(1_000).time_ms(now), Some(999_000));
        assert_eq!(Start::At(now).time_ms(now), Some(1_000_000));
        assert_eq!(Start::End.time_ms(now), None);
    }
}
