//! What silence does: given-out ids lapse, sessions end, phases run out.

use std::time::Duration;

use super::Group;
use crate::groups::event::{Effect, Now};

impl Group {
    pub(super) fn tick(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let is_due = |deadline: Option<Duration>| deadline.is_some_and(|at| at <= now.tick);
        let given_out = self.pending.len();
        self.pending.retain(|_, until| *until > now.tick);
        let silent: Vec<String> = self
            .members
            .iter()
            .filter(|(_, member)| is_due(member.expires_at()))
            .map(|(id, _)| id.clone())
            .collect();
        for id in &silent {
            self.remove(id, effects);
        }
        if !silent.is_empty() || self.pending.len() < given_out {
            self.settle(now, !silent.is_empty(), effects);
        }
        if is_due(self.join_deadline) {
            self.complete_join(now, effects);
        }
        if is_due(self.sync_deadline) {
            self.expel_unsynced(now, effects);
        }
    }

    /// After members or given-out ids went: the others share anew if a member is lost; a join phase
    /// may have waited for just that one.
    pub(super) fn settle(&mut self, now: Now, lost_member: bool, effects: &mut Vec<Effect>) {
        if lost_member {
            self.rebalance_or_complete(now, effects);
        } else {
            self.complete_join_if_all_are_in(now, effects);
        }
    }

    /// Members that never asked for their assignment are taken for gone.
    fn expel_unsynced(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.sync_deadline = None;
        let unsynced: Vec<String> = self
            .members
            .iter()
            .filter(|(_, member)| !member.synced)
            .map(|(id, _)| id.clone())
            .collect();
        if unsynced.is_empty() {
            return;
        }
        for id in unsynced {
            self.remove(&id, effects);
        }
        self.settle(now, true, effects);
    }
}
