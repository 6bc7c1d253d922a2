//! The group coordinator: classic consumer groups and their committed offsets.
//!
//! Pure cores: [`Group`] (membership) and [`records`] (what is written). It must not know sockets or
//! error codes; the handlers under `api/` translate.

mod error;
mod event;
mod group;
mod member;
pub mod offsets;
pub mod records;
mod subscription;

pub use self::error::GroupError;
pub use self::event::{
    Effect, Event, Identity, Join, Joined, JoinedMember, Leaver, Now, Protocol, Reply, Sync,
    Synced, Token,
};
pub use self::group::{Group, Limits, MemberView, Phase, View};
