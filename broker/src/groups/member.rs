//! One member of a classic group.
//!
//! It must not know its group: it holds what the member said and which request of it waits.

use std::time::Duration;

use bytes::Bytes;

use super::event::{Join, Now, Protocol, Token};

/// A member that has not got its id yet cannot send heartbeats, and while its join waits nobody
/// notices that it hung up. So that abandoned joins do not pile up it is expelled after this long.
pub(super) const NEW_MEMBER_TIMEOUT: Duration = Duration::from_mins(5);

/// The request of a member that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parked {
    /// Waits for the end of the join phase.
    Join(Token),
    /// Waits for the leader's assignments.
    Sync(Token),
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) instance_id: Option<String>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) session_timeout_ms: i32,
    pub(super) rebalance_timeout_ms: i32,
    /// In order of preference.
    pub(super) protocols: Vec<Protocol>,
    /// What the leader gave it in the current generation.
    pub(super) assignment: Bytes,
    /// At most one request waits: a second one supersedes the first.
    pub(super) parked: Option<Parked>,
    /// When it is expelled; see [`Member::expires_at`].
    pub(super) deadline: Duration,
    /// Never had an answer to a join yet.
    pub(super) is_new: bool,
    /// Has asked for its assignment in the current generation.
    pub(super) synced: bool,
}

impl Member {
    /// A member that joins for the first time.
    pub(super) fn new(now: Now, join: Join) -> Self {
        Self {
            instance_id: join.instance_id,
            client_id: join.client_id,
            client_host: join.client_host,
            session_timeout_ms: join.session_timeout_ms,
            rebalance_timeout_ms: join.rebalance_timeout_ms,
            protocols: join.protocols,
            assignment: Bytes::new(),
            parked: None,
            deadline: now.tick + NEW_MEMBER_TIMEOUT,
            is_new: true,
            synced: false,
        }
    }

    /// Takes what a later join of the same member says.
    pub(super) fn update(&mut self, join: Join) {
        self.client_id = join.client_id;
        self.client_host = join.client_host;
        self.session_timeout_ms = join.session_timeout_ms;
        self.rebalance_timeout_ms = join.rebalance_timeout_ms;
        self.protocols = join.protocols;
    }

    /// A sign of life: the session starts anew.
    pub(super) fn touch(&mut self, now: Now) {
        self.deadline = now.tick + millis(self.session_timeout_ms);
    }

    /// When silence expels it. While a request of it waits it is alive by definition, unless it is
    /// new ([`NEW_MEMBER_TIMEOUT`]).
    pub(super) fn expires_at(&self) -> Option<Duration> {
        (self.parked.is_none() || self.is_new).then_some(self.deadline)
    }

    /// Its join waits.
    pub(super) fn is_joining(&self) -> bool {
        matches!(self.parked, Some(Parked::Join(_)))
    }

    /// Its data for `protocol`; empty when it never named it.
    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        self.protocols
            .iter()
            .find(|offered| offered.name == protocol)
            .map(|offered| offered.metadata.clone())
            .unwrap_or_default()
    }

    /// Whether it offers `protocol`.
    pub(super) fn supports(&self, protocol: &str) -> bool {
        self.protocols
            .iter()
            .any(|offered| offered.name == protocol)
    }
}

/// A time-out of the wire as a duration; a negative one is none at all.
pub(super) fn millis(timeout_ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0))
}
