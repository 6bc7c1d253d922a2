//! What is asked of the broker that keeps a group.

use std::collections::BTreeMap;

use wire::ErrorCode;
use wire::client::Connection;
use wire::messages::{describe_groups, find_coordinator, offset_commit, offset_fetch};

use super::assignment;
use crate::cluster::offsets::Place;
use crate::cluster::{self, Cluster};
use crate::failure::Failure;

/// Newest versions of the forms that ask for one group, and for topics by name.
const FIND_ONE: i16 = 3;
const FETCH_ONE: i16 = 7;
const COMMIT_BY_NAME: i16 = 9;

/// A group as its coordinator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// In Kafka's words: `Stable`, `Empty` and so on; `Dead` when there is no such group.
    pub(super) state: String,
    /// How its members share partitions.
    pub(super) protocol: String,
    pub(super) members: Vec<Member>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) id: String,
    /// Set for a static member.
    pub(super) instance_id: Option<String>,
    pub(super) client_id: String,
    pub(super) host: String,
    pub(super) partitions: Vec<Place>,
}

impl Group {
    pub(super) fn exists(&self) -> bool {
        self.state != "Dead"
    }
}

/// A group's coordinator.
#[derive(Debug)]
pub(super) struct Coordinator<'a> {
    cluster: &'a Cluster,
    connection: Connection,
    group: &'a str,
}

impl<'a> Coordinator<'a> {
    pub(super) async fn find(cluster: &'a mut Cluster, group: &'a str) -> Result<Self, Failure> {
        let request = find_coordinator::Request {
            key: group.into(),
            ..Default::default()
        };
        let any = cluster.any();
        let reply = cluster.ask(any.call_up_to(FIND_ONE, &request)).await?;
        let node = {
            let answer = cluster.read(reply.decode())?;
            cluster::check(answer.error_code, "tell which broker keeps the group")?;
            answer.node_id
        };
        let connection = cluster.broker(node).await?;
        Ok(Self {
            cluster,
            connection,
            group,
        })
    }

    pub(super) async fn describe(&self) -> Result<Group, Failure> {
        let request = describe_groups::Request {
            groups: vec![self.group.into()],
            ..Default::default()
        };
        let reply = self.cluster.ask(self.connection.call(&request)).await?;
        let answer = self.cluster.read(reply.decode())?;
        let mut group = Group {
            state: "Dead".to_owned(),
            protocol: String::new(),
            members: Vec::new(),
        };
        for told in &answer.groups {
            if told.error_code == ErrorCode::GroupIdNotFound.code() {
                continue;
            }
            cluster::check(told.error_code, "describe the group")?;
            group = Group {
                state: told.group_state.to_string(),
                protocol: told.protocol_data.to_string(),
                members: told.members.iter().map(member).collect(),
            };
        }
        Ok(group)
    }

    /// The committed offset of every partition that has one.
    pub(super) async fn committed(&self) -> Result<BTreeMap<Place, i64>, Failure> {
        let request = offset_fetch::Request {
            group_id: self.group.into(),
            topics: None,
            ..Default::default()
        };
        let call = self.connection.call_up_to(FETCH_ONE, &request);
        let reply = self.cluster.ask(call).await?;
        let answer = self.cluster.read(reply.decode())?;
        cluster::check(answer.error_code, "tell the group's offsets")?;
        let mut committed = BTreeMap::new();
        for topic in &answer.topics {
            for partition in &topic.partitions {
                cluster::check(partition.error_code, "tell the group's offsets")?;
                let place = (topic.name.to_string(), partition.partition_index);
                committed.insert(place, partition.committed_offset);
            }
        }
        committed.retain(|_, offset| *offset >= 0);
        Ok(committed)
    }

    /// Commits offsets for a group without members.
    pub(super) async fn commit(&self, offsets: &BTreeMap<Place, i64>) -> Result<(), Failure> {
        let request = commit_request(self.group, offsets);
        let call = self.connection.call_up_to(COMMIT_BY_NAME, &request);
        let reply = self.cluster.ask(call).await?;
        let answer = self.cluster.read(reply.decode())?;
        let refused: Vec<String> = answer
            .topics
            .iter()
            .flat_map(|topic| topic.partitions.iter().map(move |one| (&topic.name, one)))
            .filter(|(_, one)| one.error_code != 0)
            .map(|(topic, one)| {
                let (index, why) = (one.partition_index, cluster::reason(one.error_code));
                format!("{topic} partition {index}: {why}")
            })
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        let what = format!(
            "the broker did not move the group in {} of {} partitions:\n       {}",
            refused.len(),
            offsets.len(),
            refused.join("\n       ")
        );
        Err(Failure::new(what, "look again, then repeat the command"))
    }
}

fn commit_request<'a>(
    group: &'a str,
    offsets: &'a BTreeMap<Place, i64>,
) -> offset_commit::Request<'a> {
    use offset_commit::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
    let mut topics: Vec<OffsetCommitRequestTopic<'_>> = Vec::new();
    for ((name, index), offset) in offsets {
        let partition = OffsetCommitRequestPartition {
            partition_index: *index,
            committed_offset: *offset,
            ..Default::default()
        };
        match topics.last_mut() {
            Some(topic) if topic.name == *name => topic.partitions.push(partition),
            _ => topics.push(OffsetCommitRequestTopic {
                name: name.as_str().into(),
                partitions: vec![partition],
                ..Default::default()
            }),
        }
    }
    offset_commit::Request {
        group_id: group.into(),
        topics,
        ..Default::default()
    }
}

fn member(told: &describe_groups::DescribedGroupMember<'_>) -> Member {
    Member {
        id: told.member_id.to_string(),
        instance_id: told.group_instance_id.as_deref().map(str::to_owned),
        client_id: told.client_id.to_string(),
        // Java's way to print an address, which brokers follow.
        host: told.client_host.trim_start_matches('/').to_owned(),
        partitions: assignment::partitions(&told.member_assignment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_committed_by_topic_and_outside_any_generation() {
        let offsets = [("a", 0, 5), ("a", 1, 6), ("b", 0, 7)]
            .map(|(topic, index, offset)| ((topic.to_owned(), index), offset))
            .into();
        let request = commit_request("g", &offsets);
        assert_eq!(request.generation_id_or_member_epoch, -1);
        assert_eq!(request.member_id, "");
        let sent: Vec<_> = request
            .topics
            .iter()
            .flat_map(|topic| topic.partitions.iter().map(move |one| (&*topic.name, one)))
            .map(|(topic, one)| (topic, one.partition_index, one.committed_offset))
            .collect();
        assert_eq!(sent, [("a", 0, 5), ("a", 1, 6), ("b", 0, 7)]);
        assert_eq!(request.topics.len(), 2);
    }
}
