//! `JoinGroup`: who may come in, and what that does to the others.

use super::rebalance::JoinAnswer;
use super::{Group, Phase, refuse_parked};
use crate::groups::error::GroupError;
use crate::groups::event::{Effect, Join, Now, Reply, Token};
use crate::groups::member::{Member, Parked, millis};

impl Group {
    pub(super) fn join(&mut self, now: Now, token: Token, join: Join, effects: &mut Vec<Effect>) {
        let verdict = self.admit(now, &join, effects);
        let verdict = verdict.and_then(|()| self.seat(now, token, join, effects));
        if let Err(error) = verdict {
            effects.push(Effect::Reply(token, Reply::Join(Err(error))));
        }
    }

    /// Everything that can be wrong with a join, whoever sends it.
    fn admit(
        &mut self,
        now: Now,
        join: &Join,
        effects: &mut Vec<Effect>,
    ) -> Result<(), GroupError> {
        if self.phase == Phase::Dead {
            return Err(GroupError::Unavailable);
        }
        let limits = &self.limits;
        if !(limits.min_session_ms..=limits.max_session_ms).contains(&join.session_timeout_ms) {
            return Err(GroupError::InvalidSessionTimeout);
        }
        let bytes: usize = join
            .protocols
            .iter()
            .map(|protocol| protocol.metadata.len())
            .sum();
        if bytes > limits.max_record_bytes / 4 {
            return Err(GroupError::TooLarge);
        }
        if self.is_full_for(join) {
            if self.pending.remove(&join.member_id).is_some() {
                self.complete_join_if_all_are_in(now, effects);
            }
            return Err(GroupError::GroupFull);
        }
        if self.supports(join) {
            Ok(())
        } else {
            Err(GroupError::InconsistentProtocol)
        }
    }

    /// While members gather, those that wait count, so that a group at its bound can rebalance.
    /// A static member that returns takes the place it had.
    fn is_full_for(&self, join: &Join) -> bool {
        let owner = join
            .instance_id
            .as_ref()
            .and_then(|instance_id| self.instances.get(instance_id));
        let known = self.members.get(owner.unwrap_or(&join.member_id));
        match self.phase {
            Phase::Empty | Phase::Dead => false,
            Phase::PreparingRebalance => {
                let joining = self
                    .members
                    .values()
                    .filter(|member| member.is_joining())
                    .count();
                !known.is_some_and(Member::is_joining) && joining >= self.limits.max_size
            }
            Phase::CompletingRebalance | Phase::Stable => {
                known.is_none() && self.members.len() >= self.limits.max_size
            }
        }
    }

    /// The type fits, and at least one protocol is known to all members.
    fn supports(&self, join: &Join) -> bool {
        if join.protocol_type.is_empty() || join.protocols.is_empty() {
            return false;
        }
        self.members.is_empty()
            || self.protocol_type.as_deref() == Some(join.protocol_type.as_str())
                && join.protocols.iter().any(|offered| {
                    self.members
                        .values()
                        .all(|member| member.supports(&offered.name))
                })
    }

    /// Finds out who joins and gives it its place.
    fn seat(
        &mut self,
        now: Now,
        token: Token,
        join: Join,
        effects: &mut Vec<Effect>,
    ) -> Result<(), GroupError> {
        if !join.member_id.is_empty() {
            return self.rejoin(now, token, join, effects);
        }
        let fresh_id = join.fresh_id.clone();
        match &join.instance_id {
            None if join.two_step => {
                self.reserve(now, &join);
                return Err(GroupError::MemberIdRequired(fresh_id));
            }
            Some(instance_id) if self.instances.contains_key(instance_id) => {
                self.replace_static(now, token, join, effects);
            }
            _ => self.add(now, (token, fresh_id), join, effects),
        }
        Ok(())
    }

    /// Remembers an id that was given out, for one session.
    fn reserve(&mut self, now: Now, join: &Join) {
        // Bounded: the oldest one goes first; its owner is told to start again when it comes.
        if self.pending.len() >= self.limits.max_size
            && let Some(oldest) = self.pending.iter().min_by_key(|(_, until)| **until)
        {
            let oldest = oldest.0.clone();
            self.pending.remove(&oldest);
        }
        let until = now.tick + millis(join.session_timeout_ms);
        self.pending.insert(join.fresh_id.clone(), until);
    }

    fn rejoin(
        &mut self,
        now: Now,
        token: Token,
        join: Join,
        effects: &mut Vec<Effect>,
    ) -> Result<(), GroupError> {
        let member_id = join.member_id.clone();
        if join.instance_id.is_none() && self.pending.contains_key(&member_id) {
            self.add(now, (token, member_id), join, effects);
            return Ok(());
        }
        self.check_member(&member_id, join.instance_id.as_deref())?;
        let Some(member) = self.members.get_mut(&member_id) else {
            return Err(GroupError::UnknownMember);
        };
        let same = member.protocols == join.protocols;
        // The answer to its join was lost, or it asks again without need: the generation goes on.
        let goes_on = match self.phase {
            Phase::CompletingRebalance => same,
            Phase::Stable => same && self.leader.as_deref() != Some(member_id.as_str()),
            _ => false,
        };
        if goes_on {
            member.touch(now);
            let answer = JoinAnswer {
                with_members: self.phase == Phase::CompletingRebalance,
                ..JoinAnswer::default()
            };
            let joined = self.joined(&member_id, answer);
            effects.push(Effect::Reply(token, Reply::Join(Ok(joined))));
            return Ok(());
        }
        refuse_parked(member, &GroupError::RebalanceInProgress, effects);
        member.update(join);
        member.parked = Some(Parked::Join(token));
        self.rebalance_or_complete(now, effects);
        Ok(())
    }

    fn add(
        &mut self,
        now: Now,
        (token, member_id): (Token, String),
        join: Join,
        effects: &mut Vec<Effect>,
    ) {
        self.pending.remove(&member_id);
        if self.members.is_empty() {
            self.protocol_type = Some(join.protocol_type.clone());
        }
        if let Some(instance_id) = &join.instance_id {
            self.instances
                .insert(instance_id.clone(), member_id.clone());
        }
        self.leader.get_or_insert_with(|| member_id.clone());
        let mut member = Member::new(now, join);
        member.parked = Some(Parked::Join(token));
        self.members.insert(member_id, member);
        if let Some(until) = self.gather_until {
            // Each newcomer gives the next one as much time again.
            self.join_deadline = Some((now.tick + self.limits.initial_delay).min(until));
        }
        self.rebalance_or_complete(now, effects);
    }

    /// A static member came back under a new member id: the old one is fenced, and if nothing
    /// changes for the others the generation goes on (KIP-345).
    fn replace_static(&mut self, now: Now, token: Token, join: Join, effects: &mut Vec<Effect>) {
        let may_skip = join.may_skip_assignment;
        let Some((old_id, new_id)) = self.rename_static(now, join, effects) else {
            return;
        };
        let led = self.is_leader(&old_id);
        if led {
            self.leader = Some(new_id.clone());
        }
        let goes_on = self.phase == Phase::Stable && self.elect_protocol() == self.protocol;
        if !goes_on {
            if let Some(member) = self.members.get_mut(&new_id) {
                member.parked = Some(Parked::Join(token));
            }
            self.rebalance_or_complete(now, effects);
            return;
        }
        effects.push(Effect::Append(self.record()));
        // Before v9 a leader cannot be told to keep its hands off the assignment: it is named its
        // own predecessor as leader, so that it takes itself for a follower.
        let answer = JoinAnswer {
            leader: (led && !may_skip).then_some(old_id),
            with_members: may_skip,
            skip_assignment: led && may_skip,
        };
        let joined = self.joined(&new_id, answer);
        effects.push(Effect::Reply(token, Reply::Join(Ok(joined))));
    }

    /// Puts the instance's member under its fresh id; gives back the old id and the new one.
    fn rename_static(
        &mut self,
        now: Now,
        join: Join,
        effects: &mut Vec<Effect>,
    ) -> Option<(String, String)> {
        let instance_id = join.instance_id.clone()?;
        let new_id = join.fresh_id.clone();
        let old_id = self.instances.insert(instance_id, new_id.clone())?;
        let mut member = self.members.remove(&old_id)?;
        refuse_parked(&mut member, &GroupError::FencedInstance, effects);
        member.update(join);
        member.is_new = false;
        member.touch(now);
        self.members.insert(new_id.clone(), member);
        Some((old_id, new_id))
    }
}
