//! A group as others see it: `DescribeGroups`, `ListGroups` and the expiry of offsets.

use bytes::Bytes;

use super::{Group, Phase};
use crate::groups::subscription;

/// What `DescribeGroups` tells of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Group id.
    pub id: String,
    /// Where it stands.
    pub phase: Phase,
    /// Empty for a group that only holds offsets.
    pub protocol_type: String,
    /// Empty unless the group is stable.
    pub protocol: String,
    /// Everybody in it.
    pub members: Vec<MemberView>,
}

/// One member of a [`View`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Member id.
    pub member_id: String,
    /// Static membership (KIP-345).
    pub instance_id: Option<String>,
    /// Client id it joined with.
    pub client_id: String,
    /// Address it joined from.
    pub client_host: String,
    /// Its data for the chosen protocol; empty unless the group is stable.
    pub metadata: Bytes,
    /// What it was assigned; empty unless the group is stable.
    pub assignment: Bytes,
}

impl Phase {
    /// Kafka's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
            Self::Dead => "Dead",
        }
    }
}

impl Group {
    /// The group as it is now.
    pub fn view(&self) -> View {
        let stable = self.phase == Phase::Stable;
        let protocol = self.protocol.clone().filter(|_| stable).unwrap_or_default();
        let members = self.members.iter().map(|(id, member)| MemberView {
            member_id: id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: if stable {
                member.metadata(&protocol)
            } else {
                Bytes::new()
            },
            assignment: if stable {
                member.assignment.clone()
            } else {
                Bytes::new()
            },
        });
        View {
            id: self.id.clone(),
            phase: self.phase,
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            members: members.collect(),
            protocol,
        }
    }

    /// Where it stands.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The current generation; 0 before the first.
    pub fn generation(&self) -> i32 {
        self.generation
    }

    /// `consumer`, `connect` and the like; none for a group that only holds offsets.
    pub fn protocol_type(&self) -> Option<&str> {
        self.protocol_type.as_deref()
    }

    /// When the present phase began, milliseconds since 1970 UTC.
    pub fn since_ms(&self) -> i64 {
        self.since_ms
    }

    /// The topics its members read; `None` when that cannot be told.
    pub fn subscribed_topics(&self) -> Option<Vec<String>> {
        if self.phase != Phase::Stable || self.protocol_type.as_deref() != Some("consumer") {
            return None;
        }
        let protocol = self.protocol.as_deref()?;
        let mut topics = Vec::new();
        for member in self.members.values() {
            topics.extend(subscription::topics(&member.metadata(protocol))?);
        }
        Some(topics)
    }

    /// About how many bytes of memory it holds.
    pub fn weight(&self) -> usize {
        let members = self.members.iter().map(|(id, member)| {
            let protocols: usize = member
                .protocols
                .iter()
                .map(|protocol| 64 + protocol.name.len() + protocol.metadata.len())
                .sum();
            let texts = 2 * id.len() + member.client_id.len() + member.client_host.len();
            256 + texts + protocols + member.assignment.len()
        });
        let pending: usize = self.pending.keys().map(|id| 64 + id.len()).sum();
        256 + self.id.len() + pending + members.sum::<usize>()
    }
}
