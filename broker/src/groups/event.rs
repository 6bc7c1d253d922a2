//! The vocabulary of the group state machine: what can happen to a group, and what it asks for.
//!
//! Plain data. It must not know sockets, clocks or the log: time and random ids arrive inside.

use std::time::Duration;

use bytes::Bytes;

use super::error::GroupError;
use super::records::Record;

/// One moment, read by the caller from two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Monotonic time since some fixed start: every time-out is counted on it.
    pub tick: Duration,
    /// Wall clock, milliseconds since 1970 UTC: only ever written into records.
    pub unix_ms: i64,
}

/// Names one request that waits for its answer. The caller makes it unique within a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// One partition assignment strategy with the member's data for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// For example `range`.
    pub name: String,
    /// Opaque to the coordinator; for consumers their subscription.
    pub metadata: Bytes,
}

/// A `JoinGroup` request, in all versions (KIP-62, KIP-345, KIP-394, KIP-800).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// Empty at the first attempt.
    pub member_id: String,
    /// Static membership (KIP-345).
    pub instance_id: Option<String>,
    /// Client id of the request header.
    pub client_id: String,
    /// Address of the peer, as Kafka prints it: `/127.0.0.1`.
    pub client_host: String,
    /// Silence after which the member is expelled.
    pub session_timeout_ms: i32,
    /// How long the others wait for this member to join again.
    pub rebalance_timeout_ms: i32,
    /// `consumer`, `connect` and the like.
    pub protocol_type: String,
    /// In order of preference.
    pub protocols: Vec<Protocol>,
    /// The id to give if a new one is needed; made by the caller from the client id and a random part.
    pub fresh_id: String,
    /// From v4: a dynamic member is told its id first and joins with it (KIP-394).
    pub two_step: bool,
    /// From v9: the answer may tell a returning static leader to skip the assignment (KIP-814).
    pub may_skip_assignment: bool,
}

/// A `SyncGroup` request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sync {
    /// Who asks.
    pub who: Identity,
    /// From v5; must be the group's when given.
    pub protocol_type: Option<String>,
    /// From v5; must be the group's when given.
    pub protocol: Option<String>,
    /// Member id and assignment; only the leader sends any.
    pub assignments: Vec<(String, Bytes)>,
}

/// Who a request claims to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Empty for one that never joined.
    pub member_id: String,
    /// Static membership (KIP-345).
    pub instance_id: Option<String>,
    /// -1 for one that never joined.
    pub generation: i32,
}

/// One member that a `LeaveGroup` request takes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaver {
    /// Empty when an administrator names the instance only.
    pub member_id: String,
    /// Static membership (KIP-345).
    pub instance_id: Option<String>,
}

impl Leaver {
    /// A dynamic member that takes itself out.
    pub fn member(member_id: &str) -> Self {
        let member_id = member_id.to_owned();
        Self {
            member_id,
            instance_id: None,
        }
    }
}

/// What can happen to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A `JoinGroup` request; its answer may wait until the join phase ends.
    Join(Token, Box<Join>),
    /// A `SyncGroup` request; its answer may wait for the leader's.
    Sync(Token, Sync),
    /// A `Heartbeat` request.
    Heartbeat(Token, Identity),
    /// A `LeaveGroup` request.
    Leave(Token, Vec<Leaver>),
    /// A `DeleteGroups` request.
    Delete(Token),
    /// Time went by: [`super::Group::wake_at`] was reached.
    Tick,
}

/// What a group asks of its shell. Answers depend on the records before them in the same list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write this record; if that is impossible the whole step has not happened.
    Append(Record),
    /// Answer this request, once every record so far is durable.
    Reply(Token, Reply),
}

/// An answer, by the kind of request it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To [`Event::Join`].
    Join(Result<Joined, GroupError>),
    /// To [`Event::Sync`].
    Sync(Result<Synced, GroupError>),
    /// To [`Event::Heartbeat`].
    Heartbeat(Result<(), GroupError>),
    /// To [`Event::Leave`]: one verdict per leaver, in order.
    Leave(Result<Vec<Result<(), GroupError>>, GroupError>),
    /// To [`Event::Delete`].
    Delete(Result<(), GroupError>),
}

/// The answer to a join that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The generation that begins (or goes on).
    pub generation: i32,
    /// The group's protocol type.
    pub protocol_type: String,
    /// The protocol that all members support and most prefer.
    pub protocol: String,
    /// Member id of the leader.
    pub leader: String,
    /// Member id of the one that is answered.
    pub member_id: String,
    /// The leader returned while the generation goes on: it must not assign again (v9).
    pub skip_assignment: bool,
    /// All members, for the leader only.
    pub members: Vec<JoinedMember>,
}

/// One member as the leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinedMember {
    /// Member id.
    pub member_id: String,
    /// Static membership (KIP-345).
    pub instance_id: Option<String>,
    /// The member's data for the chosen protocol.
    pub metadata: Bytes,
}

/// The answer to a sync that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// The group's protocol type.
    pub protocol_type: String,
    /// The group's protocol.
    pub protocol: String,
    /// What the leader assigned to this member.
    pub assignment: Bytes,
}
