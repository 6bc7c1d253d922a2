//! `SyncGroup`: the leader brings the assignments, everybody gets its own.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Group, Phase, refuse_parked};
use crate::groups::error::GroupError;
use crate::groups::event::{Effect, Now, Reply, Sync, Synced, Token};
use crate::groups::member::Parked;

impl Group {
    pub(super) fn sync(&mut self, now: Now, token: Token, sync: Sync, effects: &mut Vec<Effect>) {
        if let Err(error) = self.try_sync(now, token, sync, effects) {
            effects.push(Effect::Reply(token, Reply::Sync(Err(error))));
        }
    }

    fn try_sync(
        &mut self,
        now: Now,
        token: Token,
        sync: Sync,
        effects: &mut Vec<Effect>,
    ) -> Result<(), GroupError> {
        self.check_identity(&sync.who)?;
        let differs = |said: &Option<String>, own: &Option<String>| said.is_some() && said != own;
        if differs(&sync.protocol_type, &self.protocol_type)
            || differs(&sync.protocol, &self.protocol)
        {
            return Err(GroupError::InconsistentProtocol);
        }
        match self.phase {
            Phase::Empty | Phase::Dead => return Err(GroupError::UnknownMember),
            Phase::PreparingRebalance => return Err(GroupError::RebalanceInProgress),
            Phase::CompletingRebalance | Phase::Stable => {}
        }
        let leads = self.is_leader(&sync.who.member_id);
        if leads && self.phase == Phase::CompletingRebalance {
            self.check_size(&sync.assignments)?;
        }
        if let Some(member) = self.members.get_mut(&sync.who.member_id) {
            refuse_parked(member, &GroupError::RebalanceInProgress, effects);
            member.parked = Some(Parked::Sync(token));
            member.synced = true;
            member.touch(now);
        }
        if leads && self.phase == Phase::CompletingRebalance {
            self.assign(now, sync.assignments, effects);
        }
        if self.phase == Phase::Stable {
            self.answer_syncs(now, effects);
        }
        if self.members.values().all(|member| member.synced) {
            self.sync_deadline = None;
        }
        Ok(())
    }

    /// The group's record must fit what one record may be.
    fn check_size(&self, assignments: &[(String, Bytes)]) -> Result<(), GroupError> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let named: usize = self
            .members
            .iter()
            .map(|(id, member)| 128 + id.len() + member.metadata(protocol).len())
            .sum();
        let assigned: usize = assignments
            .iter()
            .map(|(_, assignment)| assignment.len())
            .sum();
        if named + assigned > self.limits.max_record_bytes {
            return Err(GroupError::TooLarge);
        }
        Ok(())
    }

    /// A member that the leader left out gets an empty assignment; names it invented are dropped.
    fn assign(&mut self, now: Now, assignments: Vec<(String, Bytes)>, effects: &mut Vec<Effect>) {
        let mut assignments: BTreeMap<String, Bytes> = assignments.into_iter().collect();
        for (id, member) in &mut self.members {
            member.assignment = assignments.remove(id).unwrap_or_default();
        }
        self.enter(Phase::Stable, now);
        effects.push(Effect::Append(self.record()));
    }

    fn answer_syncs(&mut self, now: Now, effects: &mut Vec<Effect>) {
        for member in self.members.values_mut() {
            let Some(Parked::Sync(token)) = member.parked else {
                continue;
            };
            member.parked = None;
            member.touch(now);
            let synced = Synced {
                protocol_type: self.protocol_type.clone().unwrap_or_default(),
                protocol: self.protocol.clone().unwrap_or_default(),
                assignment: member.assignment.clone(),
            };
            effects.push(Effect::Reply(token, Reply::Sync(Ok(synced))));
        }
    }
}
