//! What a topic may be called (Kafka's rules), and which names would collide in metrics.

use std::borrow::Cow;

/// The longest topic name, in characters (all of them ASCII).
pub const MAX_NAME_CHARS: usize = 249;

/// A name no topic may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a topic name is not empty")]
    Empty,
    #[error("a topic is not called . or ..")]
    Dots,
    #[error("a topic name has at most {MAX_NAME_CHARS} characters, this one has {0}")]
    Long(usize),
    #[error("a topic name is made of letters, digits, '.', '_' and '-'; this one has {0:?}")]
    Sign(char),
}

/// Checks a topic name.
///
/// # Errors
/// The first rule it breaks.
pub fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if matches!(name, "." | "..") {
        return Err(NameError::Dots);
    }
    let plain = |sign: &char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '_' | '-');
    if let Some(sign) = name.chars().find(|sign| !plain(sign)) {
        return Err(NameError::Sign(sign));
    }
    if name.len() > MAX_NAME_CHARS {
        return Err(NameError::Long(name.len()));
    }
    Ok(())
}

/// The form in which names that differ only by `.` and `_` are equal: metrics of Kafka tools
/// replace one by the other, so two such topics are refused.
pub fn collision_key(name: &str) -> Cow<'_, str> {
    if name.contains('.') {
        Cow::Owned(name.replace('.', "_"))
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kafkas() {
        let long = "x".repeat(250);
        let cases = [
            ("orders", Ok(())),
            ("Orders.v1_2-x", Ok(())),
            ("...", Ok(())),
            (&long[..249], Ok(())),
            (&long, Err(NameError::Long(250))),
            ("", Err(NameError::Empty)),
            (".", Err(NameError::Dots)),
            ("..", Err(NameError::Dots)),
            ("a b", Err(NameError::Sign(' '))),
            ("grün", Err(NameError::Sign('ü'))),
            ("a/b", Err(NameError::Sign('/'))),
        ];
        for (name, expected) in cases {
            assert_eq!(check(name), expected, "{name:?}");
        }
    }

    #[test]
    fn dots_and_underscores_collide() {
        assert_eq!(collision_key("a.b_c"), collision_key("a_b.c"));
        assert_ne!(collision_key("a.b"), collision_key("a-b"));
    }
}
