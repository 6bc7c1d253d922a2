//! What the group APIs share: the error codes of refusals, and the topic the coordinator writes to.

use wire::ErrorCode;

use crate::Broker;
use crate::groups::{GroupError, OFFSETS_TOPIC};

/// Makes sure that the coordinator has its topic; made at the first use, as Kafka does.
///
/// # Errors
/// [`GroupError::Unavailable`] when it cannot be made now.
pub(crate) async fn ready(broker: &Broker) -> Result<(), GroupError> {
    if broker.groups.is_attached() {
        return Ok(());
    }
    let configs = [
        ("cleanup.policy", "compact"),
        ("segment.bytes", "104857600"),
    ];
    let configs = configs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let partitions = broker.config.offsets_topic_partitions;
    let made = broker
        .topics
        .ensure_internal(OFFSETS_TOPIC, partitions, configs.into())
        .await;
    let topic = made.map_err(|error| {
        tracing::warn!("make {OFFSETS_TOPIC}: {error}");
        GroupError::Unavailable
    })?;
    broker
        .groups
        .attach_log(&broker.log, topic.id, topic.partitions);
    Ok(())
}

/// The error code of a refusal.
pub(crate) fn code(error: &GroupError) -> ErrorCode {
    match error {
        GroupError::Loading => ErrorCode::CoordinatorLoadInProgress,
        // Full is for now: members leave and offsets expire.
        GroupError::Unavailable | GroupError::CoordinatorFull => ErrorCode::CoordinatorNotAvailable,
        GroupError::InvalidGroupId => ErrorCode::InvalidGroupId,
        GroupError::InvalidSessionTimeout => ErrorCode::InvalidSessionTimeout,
        GroupError::MemberIdRequired(_) => ErrorCode::MemberIdRequired,
        GroupError::UnknownMember => ErrorCode::UnknownMemberId,
        GroupError::FencedInstance => ErrorCode::FencedInstanceId,
        GroupError::IllegalGeneration => ErrorCode::IllegalGeneration,
        GroupError::InconsistentProtocol => ErrorCode::InconsistentGroupProtocol,
        GroupError::RebalanceInProgress => ErrorCode::RebalanceInProgress,
        GroupError::GroupFull => ErrorCode::GroupMaxSizeReached,
        GroupError::TooLarge => ErrorCode::MessageTooLarge,
        GroupError::MetadataTooLarge => ErrorCode::OffsetMetadataTooLarge,
        GroupError::NotFound => ErrorCode::GroupIdNotFound,
        GroupError::NotEmpty => ErrorCode::NonEmptyGroup,
    }
}

/// The error code of a verdict, as responses carry it.
pub(crate) fn code_of<T>(verdict: &Result<T, GroupError>) -> i16 {
    verdict.as_ref().err().map_or(ErrorCode::None, code).code()
}
