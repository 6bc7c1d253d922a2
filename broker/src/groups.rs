//! The group coordinator: classic consumer groups and their committed offsets.
//!
//! Pure cores: [`Group`] (membership), [`offsets`] and [`records`] (what is written). Around them
//! [`Groups`]: a lock per group, records through the log, answers held until what they depend on is
//! durable. It must not know sockets or error codes; the handlers under `api/` translate.

mod coordinator;
mod error;
mod event;
mod group;
mod journal;
mod load;
mod member;
pub mod offsets;
pub mod records;
mod requests;
mod settings;
mod slot;
mod snapshot;
mod subscription;
mod timers;
mod upkeep;

pub use self::coordinator::Groups;
pub use self::error::GroupError;
pub use self::event::{
    Effect, Event, Identity, Join, Joined, JoinedMember, Leaver, Now, Protocol, Reply, Sync,
    Synced, Token,
};
pub use self::group::{Group, Limits, MemberView, Phase, View};
pub use self::requests::Listed;
pub use self::settings::GroupSettings;
pub use self::upkeep::keep_up;

/// The topic all of it is kept in.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";
