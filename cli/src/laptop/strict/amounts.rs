//! What a duration or a size in another notation probably means: `1 day` is `1d`, `10GB` is `10Gi`. Pure.

use super::words::matches;

/// Other notations and ours.
const UNITS: [(&str, &[&str]); 9] = [
    (
        "ms",
        &[
            "ms",
            "msec",
            "milli",
            "millis",
            "millisecond",
            "milliseconds",
        ],
    ),
    ("s", &["s", "sec", "secs", "second", "seconds"]),
    ("m", &["m", "min", "mins", "minute", "minutes"]),
    ("h", &["h", "hr", "hrs", "hour", "hours"]),
    ("d", &["d", "day", "days"]),
    ("Ki", &["k", "kb", "kib", "ki"]),
    ("Mi", &["m", "mb", "mib", "mi"]),
    ("Gi", &["g", "gb", "gib", "gi"]),
    ("Ti", &["t", "tb", "tib", "ti"]),
];

/// The text in our notation, where there is one that the pattern takes.
pub(super) fn meant(text: &str, pattern: &str) -> Option<String> {
    let text = text.trim();
    if matches!(
        text.to_lowercase().as_str(),
        "-1" | "forever" | "unlimited" | "infinite" | "none"
    ) {
        let words = ["Forever", "Unlimited"];
        return words
            .into_iter()
            .find(|word| matches(pattern, word))
            .map(str::to_owned);
    }
    let digits = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = (
        text[..digits].trim_start_matches('0'),
        text[digits..].trim().to_lowercase(),
    );
    let named = UNITS
        .iter()
        .filter(|(_, names)| names.contains(&unit.as_str()));
    let mut forms = named.map(|(ours, _)| format!("{number}{ours}"));
    forms.find(|form| matches(pattern, form)).or_else(|| {
        let weeks = matches!(unit.as_str(), "w" | "week" | "weeks");
        let days = number
            .parse::<u32>()
            .ok()
            .filter(|_| weeks)?
            .checked_mul(7)?;
        Some(format!("{days}d")).filter(|form| matches(pattern, form))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "^(Forever|[1-9][0-9]{0,10}(ms|s|m|h|d))$";
    const SIZE: &str = "^[1-9][0-9]{0,5}(Ki|Mi|Gi|Ti)$";

    #[test]
    fn other_notations_are_understood_and_nonsense_is_not() {
        for (text, pattern, expected) in [
            ("1 day", TIME, Some("1d")),
            ("07D", TIME, Some("7d")),
            ("2 weeks", TIME, Some("14d")),
            ("5min", TIME, Some("5m")),
            ("-1", TIME, Some("Forever")),
            ("-1", SIZE, None),
            ("10GB", SIZE, Some("10Gi")),
            ("5m", SIZE, Some("5Mi")),
            ("0s", TIME, None),
            ("1.5h", TIME, None),
            ("soon", TIME, None),
            ("", TIME, None),
        ] {
            assert_eq!(meant(text, pattern).as_deref(), expected, "{text}");
        }
    }
}
