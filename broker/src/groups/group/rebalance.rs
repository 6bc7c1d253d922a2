//! The two phases of a rebalance: members join, the leader assigns.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Group, Phase, refuse_parked};
use crate::groups::error::GroupError;
use crate::groups::event::{Effect, Joined, JoinedMember, Now, Reply};
use crate::groups::member::{Member, Parked};

/// Least pause between two looks at a group of silent static members: a rebalance time-out of 0
/// must not become a busy loop.
const SILENCE_RECHECK: Duration = Duration::from_secs(1);

/// In what an answer to a join may differ from the plain one.
#[derive(Clone, Debug, Default)]
pub(super) struct JoinAnswer {
    /// Names another leader than the real one.
    pub(super) leader: Option<String>,
    /// Lists the members, if it goes to the leader.
    pub(super) with_members: bool,
    pub(super) skip_assignment: bool,
}

impl Group {
    /// Something changed that all members must hear of.
    pub(super) fn rebalance_or_complete(&mut self, now: Now, effects: &mut Vec<Effect>) {
        match self.phase {
            Phase::Dead => {}
            Phase::PreparingRebalance => self.complete_join_if_all_are_in(now, effects),
            Phase::Empty | Phase::CompletingRebalance | Phase::Stable => {
                self.prepare(now, effects);
            }
        }
    }

    fn prepare(&mut self, now: Now, effects: &mut Vec<Effect>) {
        for member in self.members.values_mut() {
            if matches!(member.parked, Some(Parked::Sync(_))) {
                refuse_parked(member, &GroupError::RebalanceInProgress, effects);
                member.touch(now);
            }
            if self.phase == Phase::CompletingRebalance {
                member.assignment.clear();
            }
        }
        let first = self.phase == Phase::Empty;
        let end = now.tick + self.rebalance_timeout();
        self.sync_deadline = None;
        self.join_deadline = Some(end);
        self.enter(Phase::PreparingRebalance, now);
        let delay = self.limits.initial_delay;
        if first && !delay.is_zero() {
            self.gather_until = Some(end);
            self.join_deadline = Some((now.tick + delay).min(end));
        }
        self.complete_join_if_all_are_in(now, effects);
    }

    pub(super) fn complete_join_if_all_are_in(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let gathering = self.gather_until.is_some() && !self.members.is_empty();
        if self.phase != Phase::PreparingRebalance || gathering {
            return;
        }
        let all = self.pending.is_empty() && self.members.values().all(Member::is_joining);
        if all || self.members.is_empty() {
            self.complete_join(now, effects);
        }
    }

    /// Ends the join phase: a new generation of those who came.
    pub(super) fn complete_join(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.join_deadline = None;
        self.gather_until = None;
        let absent: Vec<String> = self
            .members
            .iter()
            .filter(|(_, member)| !member.is_joining() && member.instance_id.is_none())
            .map(|(id, _)| id.clone())
            .collect();
        for id in absent {
            self.remove(&id, effects);
        }
        if self.members.is_empty() {
            self.become_empty(now, effects);
            return;
        }
        if !self.elect_leader() {
            // Only static members are left, and all are silent: they keep their places until
            // their sessions end.
            let pause = self.rebalance_timeout().max(SILENCE_RECHECK);
            self.join_deadline = Some(now.tick + pause);
            return;
        }
        self.next_generation();
        self.protocol = self.elect_protocol();
        self.sync_deadline = Some(now.tick + self.rebalance_timeout());
        self.enter(Phase::CompletingRebalance, now);
        self.answer_joins(now, effects);
    }

    fn answer_joins(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let mut answered = Vec::new();
        for (id, member) in &mut self.members {
            member.assignment.clear();
            member.synced = false;
            if let Some(Parked::Join(token)) = member.parked.take() {
                member.is_new = false;
                member.touch(now);
                answered.push((id.clone(), token));
            }
        }
        for (id, token) in answered {
            let answer = JoinAnswer {
                with_members: true,
                ..JoinAnswer::default()
            };
            let joined = self.joined(&id, answer);
            effects.push(Effect::Reply(token, Reply::Join(Ok(joined))));
        }
    }

    fn become_empty(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.next_generation();
        self.protocol = None;
        self.leader = None;
        self.sync_deadline = None;
        self.enter(Phase::Empty, now);
        effects.push(Effect::Append(self.record()));
    }

    fn next_generation(&mut self) {
        // After 2^31 rebalances it starts over, as nothing above can be said on the wire.
        self.generation = self.generation.checked_add(1).unwrap_or(1);
    }

    /// The leader must be one that joined. False if nobody did.
    fn elect_leader(&mut self) -> bool {
        let leader = self.leader.as_ref().and_then(|id| self.members.get(id));
        if leader.is_some_and(Member::is_joining) {
            return true;
        }
        let joined = self.members.iter().find(|(_, member)| member.is_joining());
        let Some(joined) = joined.map(|(id, _)| id.clone()) else {
            return false;
        };
        self.leader = Some(joined);
        true
    }

    /// The protocol all support with the most first choices; among equals the leader's preference.
    pub(super) fn elect_protocol(&self) -> Option<String> {
        let leader = self.leader.as_ref().and_then(|id| self.members.get(id))?;
        let shared: Vec<&str> = leader
            .protocols
            .iter()
            .map(|offered| offered.name.as_str())
            .filter(|name| self.members.values().all(|member| member.supports(name)))
            .collect();
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            let choice = member
                .protocols
                .iter()
                .find(|offered| shared.contains(&offered.name.as_str()));
            if let Some(choice) = choice {
                *votes.entry(choice.name.as_str()).or_default() += 1;
            }
        }
        let ranked = shared.iter().rev().max_by_key(|name| votes.get(*name));
        ranked.map(|name| (*name).to_owned())
    }

    pub(super) fn joined(&self, member_id: &str, answer: JoinAnswer) -> Joined {
        let protocol = self.protocol.clone().unwrap_or_default();
        let with_members = answer.with_members && self.is_leader(member_id);
        let listed = with_members.then_some(&self.members).into_iter().flatten();
        Joined {
            generation: self.generation,
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            leader: answer
                .leader
                .or_else(|| self.leader.clone())
                .unwrap_or_default(),
            member_id: member_id.to_owned(),
            skip_assignment: answer.skip_assignment,
            members: listed
                .map(|(id, member)| JoinedMember {
                    member_id: id.clone(),
                    instance_id: member.instance_id.clone(),
                    metadata: member.metadata(&protocol),
                })
                .collect(),
            protocol,
        }
    }
}
