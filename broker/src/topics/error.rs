//! Why a change of topics or settings is refused. Error codes for these are the API floor's.

use crate::log::{AppendError, Full};
use crate::settings::ConfigError;
use crate::settings::definition::UnknownSetting;
use crate::topics::name::NameError;

/// A wrong wish: the same wish will be refused again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    #[error("topic {0} exists already")]
    Exists(String),
    #[error("there is no such topic")]
    Unknown,
    #[error("{0}")]
    Name(#[from] NameError),
    #[error("topic {name} differs from topic {other} only by '.' and '_'")]
    Collides { name: String, other: String },
    #[error("topic {0} is the broker's own")]
    Internal(String),
    #[error("a topic has from 1 to {MAX_PARTITIONS} partitions, not {0}")]
    PartitionCount(i32),
    #[error("the topic has {has} partitions already; ask for more, they are never removed")]
    NotMorePartitions { has: i32 },
    #[error("all topics together have at most {MAX_PARTITIONS_TOTAL} partitions")]
    PartitionTotal,
    #[error("the replication factor is at least 1, or -1 for the default, not {0}")]
    ReplicationFactor(i16),
    #[error("the assignment is wrong: {0}")]
    Assignment(String),
    #[error("{0}")]
    Request(String),
    #[error(transparent)]
    UnknownSetting(#[from] UnknownSetting),
    #[error("setting {name} is {value}: {allowed} is allowed")]
    Value {
        name: String,
        value: String,
        allowed: String,
    },
    #[error(
        "setting {0} cannot be changed while the broker runs: give it at the start (--set, a Cluster's config)"
    )]
    NotDynamic(String),
}

impl From<ConfigError> for TopicError {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Unknown(unknown) => unknown.into(),
            ConfigError::Value {
                name,
                value,
                allowed,
            } => Self::Value {
                name,
                value,
                allowed,
            },
        }
    }
}

/// The most partitions of one topic.
pub const MAX_PARTITIONS: i32 = 10_000;
/// The most partitions of all topics: each has files and memory of its own.
pub const MAX_PARTITIONS_TOTAL: usize = 50_000;

/// A right wish that cannot be carried out now. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    #[error("{0}")]
    Full(Full),
    #[error("write metadata: the broker is stopping")]
    Stopped,
    #[error("write metadata: {0}")]
    Append(String),
}

impl From<AppendError> for ChangeError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Full(full) => Self::Full(full),
            AppendError::Stopped => Self::Stopped,
            other => Self::Append(other.to_string()),
        }
    }
}
