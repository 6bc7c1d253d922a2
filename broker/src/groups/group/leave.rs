//! `LeaveGroup`: members go, or an administrator takes them out (KIP-345, KIP-571).

use super::{Group, Phase};
use crate::groups::error::GroupError;
use crate::groups::event::{Effect, Leaver, Now, Reply, Token};

impl Group {
    pub(super) fn leave(
        &mut self,
        now: Now,
        token: Token,
        leavers: &[Leaver],
        effects: &mut Vec<Effect>,
    ) {
        if self.phase == Phase::Dead {
            effects.push(Effect::Reply(
                token,
                Reply::Leave(Err(GroupError::Unavailable)),
            ));
            return;
        }
        let before = self.members.len();
        let verdicts: Vec<_> = leavers
            .iter()
            .map(|leaver| self.leave_one(leaver, effects))
            .collect();
        if verdicts.iter().any(Result::is_ok) {
            self.settle(now, self.members.len() < before, effects);
        }
        effects.push(Effect::Reply(token, Reply::Leave(Ok(verdicts))));
    }

    fn leave_one(&mut self, leaver: &Leaver, effects: &mut Vec<Effect>) -> Result<(), GroupError> {
        let instance_id = leaver.instance_id.as_deref();
        if leaver.member_id.is_empty() {
            let owner = instance_id.and_then(|instance_id| self.instances.get(instance_id));
            let owner = owner.cloned().ok_or(GroupError::UnknownMember)?;
            self.remove(&owner, effects);
            return Ok(());
        }
        if instance_id.is_none() && self.pending.remove(&leaver.member_id).is_some() {
            return Ok(());
        }
        self.check_member(&leaver.member_id, instance_id)?;
        self.remove(&leaver.member_id, effects);
        Ok(())
    }
}
