//! What can be wrong with a frame, and with a value that shall become one.

use thiserror::Error;

/// A frame that is not a valid message: says which message, which field, and why.
///
/// The right answer on a socket is to log it and close the connection: nothing after it can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("decode {message} v{version}{}{field}: {problem}", if field.is_empty() { "" } else { ", field " })]
pub struct DecodeError {
    /// The message, such as `Produce request`.
    pub message: &'static str,
    /// The version it was decoded as; -1 when that is not known yet.
    pub version: i16,
    /// The innermost struct and field, such as `TopicProduceData.name`; empty when it is no single field.
    pub field: &'static str,
    /// What is wrong.
    pub problem: Problem,
}

/// Why a frame cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// A value, length or count points beyond the end of the frame.
    #[error("{needed} bytes needed, {left} left in the frame")]
    Truncated {
        /// The least number of bytes that the value needs.
        needed: usize,
        /// What the frame still holds.
        left: usize,
    },
    /// A length below -1 (-1 is null).
    #[error("negative length {0}")]
    NegativeLength(i32),
    /// Null where this version allows none.
    #[error("null is not allowed here")]
    Null,
    /// A string longer than Kafka allows in any version.
    #[error("string of {0} bytes is longer than 32767")]
    LongString(usize),
    /// A string that is not UTF-8.
    #[error("not valid UTF-8")]
    NotUtf8,
    /// A variable-length integer of more than 32 bits.
    #[error("variable-length integer is longer than 32 bits")]
    LongVarint,
    /// A tagged field whose content is not as long as it says.
    #[error("tagged field {tag} says {said} bytes and has {read}")]
    TagLength {
        /// The tag number.
        tag: u32,
        /// Its length as the frame says.
        said: usize,
        /// Its length as decoded.
        read: usize,
    },
    /// Bytes follow the end of the message.
    #[error("{0} bytes follow the end of the message")]
    TrailingBytes(usize),
    /// The version is none of this message's versions.
    #[error("version is not one of {first} to {last}")]
    UnsupportedVersion {
        /// The first version that can be decoded.
        first: i16,
        /// The last one.
        last: i16,
    },
    /// The decoded message would take more memory than its reader may use.
    #[error("{needed} more bytes of memory needed, {left} of the reader's budget left")]
    OverBudget {
        /// What the next array needs.
        needed: usize,
        /// What is left of the budget.
        left: usize,
    },
}

impl DecodeError {
    #[cold]
    pub(crate) fn new(problem: Problem) -> Self {
        Self {
            message: "message",
            version: -1,
            field: "",
            problem,
        }
    }

    /// Names the field, unless an inner one is named already.
    #[cold]
    pub(crate) fn at(mut self, field: &'static str) -> Self {
        if self.field.is_empty() {
            self.field = field;
        }
        self
    }

    /// Names the message and its version.
    #[cold]
    pub(crate) fn of(mut self, message: &'static str, version: i16) -> Self {
        self.message = message;
        self.version = version;
        self
    }
}

/// A value that this version of a message cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The message has no such version.
    #[error("encode {message}: version {version} is not one of {first} to {last}")]
    UnsupportedVersion {
        /// The message, such as `Produce request`.
        message: &'static str,
        /// The version asked for.
        version: i16,
        /// The first version that can be encoded.
        first: i16,
        /// The last one.
        last: i16,
    },
    /// The field is not part of this version, its value is not the default, and losing it would change the meaning.
    #[error(
        "encode field {field}: version {version} cannot carry it and its value is not the default"
    )]
    Lost {
        /// Struct and field.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// The field is null and this version allows no null there.
    #[error("encode field {field}: null is not allowed in version {version}")]
    Null {
        /// Struct and field.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A string, array or frame is longer than its length field can say.
    #[error("encode field {field}: length {len} is above {max}")]
    TooLong {
        /// Struct and field; empty for a whole frame.
        field: &'static str,
        /// Its length in bytes, or its count of elements.
        len: usize,
        /// The largest one allowed.
        max: usize,
    },
}

impl EncodeError {
    /// Names the field, unless an inner one is named already.
    #[cold]
    pub(crate) fn at(mut self, name: &'static str) -> Self {
        match &mut self {
            Self::Lost { field, .. } | Self::Null { field, .. } | Self::TooLong { field, .. }
                if field.is_empty() =>
            {
                *field = name;
            }
            _ => {}
        }
        self
    }
}
