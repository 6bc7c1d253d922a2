//! Where errors of topics and settings become Kafka's error codes, each with its sentence.

use wire::{ErrorCode, Str};

use crate::topics::{ChangeError, TopicError};

/// What a client is told: a code, and a sentence where the API has room for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// The two fields that most results have, from an outcome.
pub(crate) fn fields<T>(outcome: &Result<T, Problem>) -> (i16, Option<Str<'static>>) {
    match outcome {
        Ok(_) => (ErrorCode::None.code(), None),
        Err(problem) => (problem.code.code(), Some(problem.message.clone().into())),
    }
}

impl From<TopicError> for Problem {
    fn from(error: TopicError) -> Self {
        Self {
            code: ErrorCode::from(&error),
            message: error.to_string(),
        }
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        Self {
            code: ErrorCode::from(&error),
            message: error.to_string(),
        }
    }
}

impl From<&TopicError> for ErrorCode {
    fn from(error: &TopicError) -> Self {
        match error {
            TopicError::Exists(_) => Self::TopicAlreadyExists,
            TopicError::Unknown => Self::UnknownTopicOrPartition,
            TopicError::Name(_) | TopicError::Collides { .. } | TopicError::Internal(_) => {
                Self::InvalidTopicException
            }
            TopicError::PartitionCount(_)
            | TopicError::NotMorePartitions { .. }
            | TopicError::PartitionTotal => Self::InvalidPartitions,
            TopicError::ReplicationFactor(_) => Self::InvalidReplicationFactor,
            TopicError::Assignment(_) => Self::InvalidReplicaAssignment,
            TopicError::UnknownSetting(_) | TopicError::Value { .. } => Self::InvalidConfig,
            TopicError::Request(_) | TopicError::NotDynamic(_) => Self::InvalidRequest,
        }
    }
}

impl From<&ChangeError> for ErrorCode {
    fn from(error: &ChangeError) -> Self {
        match error {
            ChangeError::Full(_) => Self::KafkaStorageError,
            // Retriable: the client asks again, and finds the restarted broker.
            ChangeError::Stopped => Self::NotController,
            ChangeError::Append(_) => Self::UnknownServerError,
        }
    }
}
