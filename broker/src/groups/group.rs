//! The classic group as a pure state machine: `Group::step(now, event) -> effects`.
//!
//! It follows Apache Kafka's coordinator of classic groups (KIP-62, 345, 394, 559, 800, 814). All
//! state changes happen in [`Group::step`]; time, random ids and requests arrive as data, records and
//! answers leave as data. It must not know the log, sockets, clocks, error codes or offsets.
//!
//! A step that asks for a record and cannot have it has not happened: the shell works on a copy.
//!
//! Generations are numbered in memory when a join phase ends and written when the leader's
//! assignments come (as Kafka does). After a crash in between the number is given out again; that is
//! safe, because nobody held partitions under the lost one: no member of it ever got an assignment.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::GroupError;
use super::event::{Effect, Event, Identity, Now, Reply, Token};
use super::member::{Member, Parked, millis};

mod expiry;
mod join;
mod leave;
mod rebalance;
mod restore;
mod sync;
#[cfg(test)]
mod tests;
mod view;

pub use self::view::{MemberView, View};

/// Bounds of every group, from the broker's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `group.max.size`.
    pub max_size: usize,
    /// `group.initial.rebalance.delay.ms`.
    pub initial_delay: Duration,
    /// `group.min.session.timeout.ms`.
    pub min_session_ms: i32,
    /// `group.max.session.timeout.ms`.
    pub max_session_ms: i32,
    /// Largest record of one group; a join or sync that would need more is refused.
    pub max_record_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_size: 10_000,
            initial_delay: Duration::ZERO,
            min_session_ms: 6_000,
            max_session_ms: 1_800_000,
            max_record_bytes: 4 << 20,
        }
    }
}

/// Where a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No members; offsets may remain.
    Empty,
    /// Members join.
    PreparingRebalance,
    /// All joined; the leader's assignments are awaited.
    CompletingRebalance,
    /// Every member may know its assignment.
    Stable,
    /// Deleted; whoever still holds it must look the group up again.
    Dead,
}

/// One classic group.
///
/// Invariants: `leader` and all ids in `instances` are members; `leader` is set exactly while there
/// are members; a join waits only in `PreparingRebalance`, a sync only in `CompletingRebalance`;
/// `join_deadline` is set exactly in `PreparingRebalance`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    id: String,
    limits: Limits,
    phase: Phase,
    generation: i32,
    protocol_type: Option<String>,
    protocol: Option<String>,
    leader: Option<String>,
    members: BTreeMap<String, Member>,
    /// `group.instance.id` → member id.
    instances: BTreeMap<String, String>,
    /// Ids given out in the first step of a join, and until when they hold.
    pending: BTreeMap<String, Duration>,
    /// End of the join phase.
    join_deadline: Option<Duration>,
    /// While the first members of an empty group gather: the latest end of that.
    gather_until: Option<Duration>,
    /// Until when members have to ask for their assignments.
    sync_deadline: Option<Duration>,
    /// When the present phase began, milliseconds since 1970 UTC.
    since_ms: i64,
}

impl Group {
    /// A group nobody has used yet.
    pub fn new(id: &str, limits: Limits, now: Now) -> Self {
        Self {
            id: id.to_owned(),
            limits,
            phase: Phase::Empty,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            instances: BTreeMap::new(),
            pending: BTreeMap::new(),
            join_deadline: None,
            gather_until: None,
            sync_deadline: None,
            since_ms: now.unix_ms,
        }
    }

    /// Lets one thing happen. The order of the effects is the order to carry them out in.
    pub fn step(&mut self, now: Now, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Join(token, join) => self.join(now, token, *join, &mut effects),
            Event::Sync(token, sync) => self.sync(now, token, sync, &mut effects),
            Event::Heartbeat(token, who) => {
                let verdict = self.heartbeat(now, &who);
                effects.push(Effect::Reply(token, Reply::Heartbeat(verdict)));
            }
            Event::Leave(token, leavers) => self.leave(now, token, &leavers, &mut effects),
            Event::Delete(token) => self.delete(now, token, &mut effects),
            Event::Tick => self.tick(now, &mut effects),
        }
        effects
    }

    /// Whether letting `event` happen may ask for a record, so that the shell has to be able to take
    /// the step back. Never false when it will.
    pub fn may_append(&self, event: &Event) -> bool {
        match event {
            // A static member that returns under a new id while the generation goes on.
            Event::Join(_, join) => self.phase == Phase::Stable && join.instance_id.is_some(),
            Event::Sync(_, sync) => {
                self.phase == Phase::CompletingRebalance && self.is_leader(&sync.who.member_id)
            }
            // Only the last one out asks for a record.
            Event::Leave(_, leavers) => leavers.len() >= self.members.len(),
            Event::Delete(_) | Event::Tick => true,
            Event::Heartbeat(..) => false,
        }
    }

    /// When [`Event::Tick`] is due next; never, if nothing runs out.
    pub fn wake_at(&self) -> Option<Duration> {
        self.members
            .values()
            .filter_map(Member::expires_at)
            .chain(self.pending.values().copied())
            .chain(self.join_deadline)
            .chain(self.sync_deadline)
            .min()
    }

    /// Whether `who` may commit offsets now; a member's commit is a sign of life.
    ///
    /// Simple consumers and administrators (no member id, generation -1) may while the group is
    /// empty. Members may at the current generation, also while a rebalance gathers its members, but
    /// not between the end of the join phase and the assignments.
    ///
    /// # Errors
    /// What a commit of `who` is answered with.
    pub fn accept_commit(&mut self, now: Now, who: &Identity) -> Result<(), GroupError> {
        if self.phase == Phase::Dead {
            return Err(GroupError::Unavailable);
        }
        let anonymous = who.member_id.is_empty() && who.instance_id.is_none();
        if who.generation < 0 && (self.phase == Phase::Empty || anonymous) {
            let empty = self.phase == Phase::Empty;
            return if empty {
                Ok(())
            } else {
                Err(GroupError::UnknownMember)
            };
        }
        self.check_identity(who)?;
        if self.phase == Phase::CompletingRebalance {
            return Err(GroupError::RebalanceInProgress);
        }
        self.touch(now, &who.member_id);
        Ok(())
    }

    fn heartbeat(&mut self, now: Now, who: &Identity) -> Result<(), GroupError> {
        self.check_identity(who)?;
        self.touch(now, &who.member_id);
        match self.phase {
            Phase::PreparingRebalance => Err(GroupError::RebalanceInProgress),
            Phase::CompletingRebalance | Phase::Stable => Ok(()),
            Phase::Empty | Phase::Dead => Err(GroupError::UnknownMember),
        }
    }

    /// Ends a group that is not worth keeping, without a record; true if it is.
    pub fn close_if_unused(&mut self) -> bool {
        let unused = self.phase == Phase::Empty && self.generation == 0 && self.pending.is_empty();
        if unused {
            self.phase = Phase::Dead;
        }
        unused || self.phase == Phase::Dead
    }

    /// Ids were given out whose owners may still join.
    pub fn awaits_joins(&self) -> bool {
        !self.pending.is_empty()
    }

    fn delete(&mut self, now: Now, token: Token, effects: &mut Vec<Effect>) {
        let verdict = match self.phase {
            Phase::Empty => Ok(()),
            Phase::Dead => Err(GroupError::NotFound),
            _ => Err(GroupError::NotEmpty),
        };
        if verdict.is_ok() {
            self.enter(Phase::Dead, now);
            self.pending.clear();
            effects.push(Effect::Append(self.tombstone()));
        }
        effects.push(Effect::Reply(token, Reply::Delete(verdict)));
    }

    /// The checks that Heartbeat, `SyncGroup` and `OffsetCommit` share.
    fn check_identity(&self, who: &Identity) -> Result<(), GroupError> {
        self.check_member(&who.member_id, who.instance_id.as_deref())?;
        if who.generation == self.generation {
            Ok(())
        } else {
            Err(GroupError::IllegalGeneration)
        }
    }

    /// The member exists and, if it is static, was not replaced.
    fn check_member(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), GroupError> {
        if self.phase == Phase::Dead {
            return Err(GroupError::Unavailable);
        }
        if let Some(instance_id) = instance_id {
            match self.instances.get(instance_id) {
                None => return Err(GroupError::UnknownMember),
                Some(owner) if owner != member_id => return Err(GroupError::FencedInstance),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member_id) {
            Ok(())
        } else {
            Err(GroupError::UnknownMember)
        }
    }

    fn touch(&mut self, now: Now, member_id: &str) {
        if let Some(member) = self.members.get_mut(member_id)
            && !member.is_new
        {
            member.touch(now);
        }
    }

    fn is_leader(&self, member_id: &str) -> bool {
        self.leader.as_deref() == Some(member_id)
    }

    /// How long the slowest member may take to join again.
    fn rebalance_timeout(&self) -> Duration {
        let longest = self
            .members
            .values()
            .map(|member| member.rebalance_timeout_ms)
            .max();
        millis(longest.unwrap_or(0))
    }

    fn enter(&mut self, phase: Phase, now: Now) {
        self.phase = phase;
        self.since_ms = now.unix_ms;
    }

    /// Takes a member out; a request of it that still waits is told so.
    fn remove(&mut self, member_id: &str, effects: &mut Vec<Effect>) {
        let Some(mut member) = self.members.remove(member_id) else {
            return;
        };
        if let Some(instance_id) = &member.instance_id {
            self.instances.remove(instance_id);
        }
        refuse_parked(&mut member, &GroupError::UnknownMember, effects);
        if self.is_leader(member_id) {
            // One whose join waits, if there is any: it can be told that it leads.
            let joining = self.members.iter().find(|(_, member)| member.is_joining());
            let next = joining.or_else(|| self.members.iter().next());
            self.leader = next.map(|(id, _)| id.clone());
        }
    }
}

/// Answers the waiting request of `member`, if there is one, with `error`.
fn refuse_parked(member: &mut Member, error: &GroupError, effects: &mut Vec<Effect>) {
    let Some(parked) = member.parked.take() else {
        return;
    };
    effects.push(match parked {
        Parked::Join(token) => Effect::Reply(token, Reply::Join(Err(error.clone()))),
        Parked::Sync(token) => Effect::Reply(token, Reply::Sync(Err(error.clone()))),
    });
}
