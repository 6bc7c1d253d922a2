//! Between a group and its record: what is written, and what a record brings back.

use super::{Group, Limits, Phase};
use crate::groups::event::{Now, Protocol};
use crate::groups::member::Member;
use crate::groups::records::{GroupValue, MemberValue, Record};

impl Group {
    /// The group as its last record says: members keep their places and assignments, and their
    /// sessions start now.
    pub fn restore(id: &str, value: GroupValue, limits: Limits, now: Now) -> Self {
        let mut group = Self::new(id, limits, now);
        group.generation = value.generation;
        group.protocol_type = Some(value.protocol_type).filter(|kind| !kind.is_empty());
        if value.since_ms >= 0 {
            group.since_ms = value.since_ms;
        }
        let protocol = value.protocol.unwrap_or_default();
        for member in value.members {
            if let Some(instance_id) = &member.instance_id {
                group
                    .instances
                    .insert(instance_id.clone(), member.member_id.clone());
            }
            let (id, member) = restored(member, &protocol, now);
            group.members.insert(id, member);
        }
        if let Some(first) = group.members.keys().next() {
            group.phase = Phase::Stable;
            group.protocol = Some(protocol);
            let known = value
                .leader
                .filter(|leader| group.members.contains_key(leader));
            group.leader = Some(known.unwrap_or_else(|| first.clone()));
        }
        group
    }

    /// The record that [`Group::restore`] reads.
    pub fn record(&self) -> Record {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.iter().map(|(id, member)| MemberValue {
            member_id: id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            session_timeout_ms: member.session_timeout_ms,
            subscription: member.metadata(protocol),
            assignment: member.assignment.clone(),
        });
        let value = GroupValue {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            since_ms: self.since_ms,
            members: members.collect(),
        };
        Record::Group(self.id.clone(), Some(value))
    }

    /// The record that removes the group.
    pub fn tombstone(&self) -> Record {
        Record::Group(self.id.clone(), None)
    }
}

fn restored(value: MemberValue, protocol: &str, now: Now) -> (String, Member) {
    let mut member = Member {
        instance_id: value.instance_id,
        client_id: value.client_id,
        client_host: value.client_host,
        session_timeout_ms: value.session_timeout_ms,
        rebalance_timeout_ms: value.rebalance_timeout_ms,
        protocols: vec![Protocol {
            name: protocol.to_owned(),
            metadata: value.subscription,
        }],
        assignment: value.assignment,
        parked: None,
        deadline: now.tick,
        is_new: false,
        synced: true,
    };
    member.touch(now);
    (value.member_id, member)
}
