//! What values a setting takes: the type, its bounds, and the sentence that names them.
//!
//! Knows no setting by name; [`crate::settings::definition`] puts names to kinds.

use crate::settings::flush::Flush;

/// The type of a setting's value with its bounds, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Boolean,
    Int {
        min: i32,
        max: i32,
    },
    Long {
        min: i64,
        max: i64,
    },
    Double {
        min: f64,
        max: f64,
    },
    /// Free text.
    Text,
    /// A comma-separated list of free words.
    List,
    /// A comma-separated list of these words, not empty.
    Words(&'static [&'static str]),
    /// Exactly one of these words.
    Choice(&'static [&'static str]),
    /// `sync`, `interval:<duration>` or `pagecache`.
    Flush,
}

impl Kind {
    /// Checks a value as a client or a command line wrote it.
    ///
    /// # Errors
    /// The sentence "… is allowed", to be put behind the setting's name.
    pub fn check(self, value: &str) -> Result<(), String> {
        let fits = match self {
            Self::Boolean => parse_boolean(value).is_some(),
            Self::Int { min, max } => value
                .trim()
                .parse::<i32>()
                .is_ok_and(|number| (min..=max).contains(&number)),
            Self::Long { min, max } => value
                .trim()
                .parse::<i64>()
                .is_ok_and(|number| (min..=max).contains(&number)),
            Self::Double { min, max } => value
                .trim()
                .parse::<f64>()
                .is_ok_and(|number| (min..=max).contains(&number)),
            Self::Text | Self::List => true,
            Self::Words(words) => {
                !value.trim().is_empty() && items(value).all(|item| words.contains(&item))
            }
            Self::Choice(words) => words.contains(&value.trim()),
            Self::Flush => value.parse::<Flush>().is_ok(),
        };
        if fits { Ok(()) } else { Err(self.allowed()) }
    }

    /// What is allowed, as a noun phrase.
    pub fn allowed(self) -> String {
        match self {
            Self::Boolean => "true or false".to_owned(),
            Self::Int { min, max } => range("a whole number", min, max, i32::MAX),
            Self::Long { min, max } => range("a whole number", min, max, i64::MAX),
            Self::Double { min, max } => format!("a number from {min} to {max}"),
            Self::Text => "text".to_owned(),
            Self::List => "a list with commas".to_owned(),
            Self::Words(words) => format!("a list with commas of: {}", words.join(", ")),
            Self::Choice(words) => format!("one of: {}", words.join(", ")),
            Self::Flush => {
                "sync, pagecache or interval:<duration> such as interval:100ms".to_owned()
            }
        }
    }

    /// Whether values are lists, which `APPEND` and `SUBTRACT` work on.
    pub fn is_list(self) -> bool {
        matches!(self, Self::List | Self::Words(_))
    }

    /// The type number of `DescribeConfigs` (KIP-569).
    pub fn wire_type(self) -> i8 {
        match self {
            Self::Boolean => 1,
            Self::Text | Self::Choice(_) | Self::Flush => 2,
            Self::Int { .. } => 3,
            Self::Long { .. } => 5,
            Self::Double { .. } => 6,
            Self::List | Self::Words(_) => 7,
        }
    }
}

fn range<N: PartialEq + std::fmt::Display + Copy>(
    what: &str,
    min: N,
    max: N,
    unbounded: N,
) -> String {
    if max == unbounded {
        format!("{what} of at least {min}")
    } else {
        format!("{what} from {min} to {max}")
    }
}

/// The items of a list value, blanks around them removed, empty ones left out.
pub fn items(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// Kafka takes the two words in any letter case.
pub fn parse_boolean(value: &str) -> Option<bool> {
    let value = value.trim();
    if value.eq_ignore_ascii_case("true") {
        Some(true)
    } else if value.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_held_to_type_and_bounds() {
        let level = Kind::Int { min: 1, max: 9 };
        let words = Kind::Words(&["delete", "compact"]);
        let choice = Kind::Choice(&["CreateTime", "LogAppendTime"]);
        let cases: &[(Kind, &str, bool)] = &[
            (Kind::Boolean, "TRUE", true),
            (Kind::Boolean, "yes", false),
            (level, "9", true),
            (level, " 1 ", true),
            (level, "10", false),
            (level, "1e3", false),
            (
                Kind::Long {
                    min: -1,
                    max: i64::MAX,
                },
                "-1",
                true,
            ),
            (
                Kind::Long {
                    min: -1,
                    max: i64::MAX,
                },
                "-2",
                false,
            ),
            (
                Kind::Long {
                    min: -1,
                    max: i64::MAX,
                },
                "9223372036854775808",
                false,
            ),
            (Kind::Double { min: 0.0, max: 1.0 }, "0.5", true),
            (Kind::Double { min: 0.0, max: 1.0 }, "NaN", false),
            (words, "compact, delete", true),
            (words, "", false),
            (words, "compact,shrink", false),
            (choice, "CreateTime", true),
            (choice, "createtime", false),
            (Kind::List, "", true),
            (Kind::Flush, "interval:100ms", true),
            (Kind::Flush, "interval", false),
        ];
        for (kind, value, fits) in cases {
            assert_eq!(kind.check(value).is_ok(), *fits, "{kind:?} {value:?}");
        }
    }

    #[test]
    fn a_refusal_names_what_is_allowed() {
        let cases = [
            (Kind::Int { min: 1, max: 9 }, "a whole number from 1 to 9"),
            (
                Kind::Long {
                    min: -1,
                    max: i64::MAX,
                },
                "a whole number of at least -1",
            ),
            (Kind::Choice(&["a", "b"]), "one of: a, b"),
        ];
        for (kind, allowed) in cases {
            assert_eq!(kind.check("x"), Err(allowed.to_owned()));
        }
    }
}
