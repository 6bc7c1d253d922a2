//! What is wrong with an object that its schema alone cannot see.
//!
//! Knows a place and a sentence; where they are shown (a condition, a screen) is the caller's.

use std::fmt;

/// One thing to change in an object, found by `validate` or `plan`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The field to change, for example `spec.partitions`.
    pub path: String,
    /// What is wrong and what to write instead, in lower case, without the path.
    pub message: String,
}

impl Finding {
    /// A finding at `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}
