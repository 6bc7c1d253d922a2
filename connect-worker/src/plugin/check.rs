//! Judgements of single values; each message says what to write instead.

/// A whole number from `least` to `most`.
pub(crate) fn within(value: &str, least: i64, most: i64) -> Result<(), String> {
    match value.trim().parse::<i64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(()),
        _ if most == i64::MAX => Err(format!("is {value:?}; write a whole number from {least}")),
        _ => Err(format!(
            "is {value:?}; write a whole number from {least} to {most}"
        )),
    }
}

/// A whole number that is not below 0.
pub(crate) fn whole(value: &str) -> Result<(), String> {
    within(value, 0, i64::MAX)
}

/// One of these words, to the letter.
pub(crate) fn one_of(value: &str, words: &[&str]) -> Result<(), String> {
    if words.contains(&value.trim()) {
        return Ok(());
    }
    Err(format!("is {value:?}; write one of {}", words.join(", ")))
}

/// Anything but `true`, which is refused for `reason`.
pub(crate) fn not_true(value: &str, reason: &str) -> Result<(), String> {
    if value.trim().eq_ignore_ascii_case("true") {
        Err(reason.to_owned())
    } else {
        Ok(())
    }
}
