//! What a group refuses, in the group's own words.
//!
//! It must not know error codes of the wire: the handlers under `api/` translate.

use thiserror::Error;

/// A refusal by the group coordinator. Retriable ones say so in their docs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GroupError {
    /// Retriable: the state of the groups is still being read from the log.
    #[error("load group state: still reading the log, try again")]
    Loading,
    /// Retriable: a record could not be queued, or the group is going away. Nothing was changed.
    #[error("reach group coordinator: try again")]
    Unavailable,
    /// The group id is empty where the API needs one.
    #[error("use group: the group id is empty")]
    InvalidGroupId,
    /// The session time-out lies outside `group.min/max.session.timeout.ms`.
    #[error("join group: the session time-out is outside the broker's bounds")]
    InvalidSessionTimeout,
    /// Two-step join (KIP-394): join again with this member id.
    #[error("join group: join again with member id {0}")]
    MemberIdRequired(String),
    /// The member id is not part of the group.
    #[error("use group: the member is not part of it, join again")]
    UnknownMember,
    /// Another member joined with the same `group.instance.id` (KIP-345).
    #[error("use group: another member took this group.instance.id")]
    FencedInstance,
    /// The generation is not the current one.
    #[error("use group: the generation is not the current one")]
    IllegalGeneration,
    /// Protocol type or name does not fit the group.
    #[error("join group: protocol type or protocols do not fit the group's other members")]
    InconsistentProtocol,
    /// A rebalance runs: join again.
    #[error("use group: a rebalance is in progress, join again")]
    RebalanceInProgress,
    /// The group has as many members as `group.max.size` allows.
    #[error("join group: it has as many members as group.max.size allows")]
    GroupFull,
    /// The coordinator holds as many groups or bytes as it may.
    #[error("use group: the coordinator holds as much state as it may")]
    CoordinatorFull,
    /// Subscription or assignments are larger than one group record may be.
    #[error("use group: subscriptions or assignments are larger than a group record may be")]
    TooLarge,
    /// The metadata string of a commit is longer than `offset.metadata.max.bytes`.
    #[error("commit offset: its metadata is longer than offset.metadata.max.bytes")]
    MetadataTooLarge,
    /// The group does not exist.
    #[error("find group: there is none of this id")]
    NotFound,
    /// The group has members.
    #[error("delete group: it still has members")]
    NotEmpty,
}
