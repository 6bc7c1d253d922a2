//! A broker on a free port over a folder of its own, and members that speak to it.

use std::path::Path;
use std::time::Duration;

use broker::{Broker, Running, Settings};
use wire::Uuid;
use wire::client::{ClientError, Connection};
use wire::messages::create_topics::{self, CreatableTopic};
use wire::messages::offset_commit::{self, OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use wire::messages::{heartbeat, join_group, metadata, offset_fetch, sync_group};

/// Ten times more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn start(folder: &Path) -> Running {
    Broker::start(Settings::loopback(folder, 0)).await.unwrap()
}

pub(crate) async fn connect(running: &Running) -> Connection {
    let address = running.address().unwrap().to_string();
    Connection::connect(&address, "test", PATIENCE)
        .await
        .unwrap()
}

/// Asks in exactly this version. A macro, so that a task that asks need not be generic over requests.
macro_rules! ask {
    ($connection:expr, $version:expr, $request:expr) => {{
        let call = $connection.call_up_to($version, $request);
        let reply = call.await.unwrap();
        assert_eq!(reply.version(), $version, "the version is served");
        reply
    }};
}
pub(crate) use ask;

/// Makes a topic with two partitions; gives its id.
pub(crate) async fn make_topic(connection: &Connection, name: &str) -> Uuid {
    let topic = CreatableTopic {
        name: name.into(),
        num_partitions: 2,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let request = create_topics::Request {
        topics: vec![topic],
        timeout_ms: 5_000,
        ..create_topics::Request::default()
    };
    let reply = connection.call(&request).await.unwrap();
    let topic = &reply.decode().unwrap().topics[0];
    assert_eq!(topic.error_code, 0, "{:?}", topic.error_message);
    topic.topic_id
}

/// The names of all topics, and whether each is the broker's own.
pub(crate) async fn topics(connection: &Connection) -> Vec<(String, bool)> {
    let request = metadata::Request {
        topics: None,
        ..metadata::Request::default()
    };
    let reply = connection.call(&request).await.unwrap();
    let topics = reply.decode().unwrap().topics;
    let name = |topic: metadata::MetadataResponseTopic<'_>| {
        (
            topic.name.unwrap_or_default().to_string(),
            topic.is_internal,
        )
    };
    topics.into_iter().map(name).collect()
}

/// One member of a group, as a client library keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) connection: Connection,
    pub(crate) group: String,
    pub(crate) id: String,
    pub(crate) instance: Option<String>,
    pub(crate) generation: i32,
    /// Whom it has to assign to, if it leads.
    pub(crate) followers: Vec<String>,
}

impl Member {
    pub(crate) async fn new(running: &Running, group: &str) -> Self {
        Self {
            connection: connect(running).await,
            group: group.to_owned(),
            id: String::new(),
            instance: None,
            generation: -1,
            followers: Vec::new(),
        }
    }

    /// The same member on a new connection.
    pub(crate) async fn reconnected(mut self, running: &Running) -> Self {
        self.connection = connect(running).await;
        self
    }

    /// One `JoinGroup`; gives the error code.
    pub(crate) async fn try_join(&mut self, version: i16) -> i16 {
        self.request_join(version).await.unwrap()
    }

    /// As [`Member::try_join`], for when the connection may end before the answer.
    pub(crate) async fn request_join(&mut self, version: i16) -> Result<i16, ClientError> {
        let protocol = join_group::JoinGroupRequestProtocol {
            name: "range".into(),
            metadata: b"\0\0\0\0\0\x01\0\x06orders\0\0\0\0",
        };
        let request = join_group::Request {
            group_id: self.group.as_str().into(),
            member_id: self.id.as_str().into(),
            group_instance_id: self.instance.as_deref().map(Into::into),
            session_timeout_ms: 30_000,
            rebalance_timeout_ms: 60_000,
            protocol_type: "consumer".into(),
            protocols: vec![protocol],
            ..join_group::Request::default()
        };
        let reply = self.connection.call_up_to(version, &request).await?;
        assert_eq!(reply.version(), version, "the version is served");
        let answer = reply.decode()?;
        self.id = answer.member_id.into();
        self.generation = answer.generation_id;
        let members = answer.members.into_iter();
        self.followers = members.map(|member| member.member_id.into()).collect();
        Ok(answer.error_code)
    }

    /// Joins as a client does, in two steps where they are asked for.
    pub(crate) async fn join(&mut self) {
        let mut code = self.try_join(9).await;
        if code == 79 {
            code = self.try_join(9).await;
        }
        assert_eq!(code, 0);
    }

    /// Assigns if it leads; gives its own assignment or the error code.
    pub(crate) async fn sync(&self, version: i16) -> Result<String, i16> {
        let assigned: Vec<_> = self
            .followers
            .iter()
            .map(|id| format!("for {id}"))
            .collect();
        let mut assignments = Vec::new();
        for (id, assigned) in self.followers.iter().zip(&assigned) {
            assignments.push(sync_group::SyncGroupRequestAssignment {
                member_id: id.as_str().into(),
                assignment: assigned.as_bytes(),
            });
        }
        let request = sync_group::Request {
            group_id: self.group.as_str().into(),
            generation_id: self.generation,
            member_id: self.id.as_str().into(),
            group_instance_id: self.instance.as_deref().map(Into::into),
            protocol_type: (version >= 5).then(|| "consumer".into()),
            protocol_name: (version >= 5).then(|| "range".into()),
            assignments,
        };
        let reply = ask!(self.connection, version, &request);
        let answer = reply.decode().unwrap();
        let assignment = String::from_utf8(answer.assignment.to_vec()).unwrap();
        if answer.error_code == 0 {
            Ok(assignment)
        } else {
            Err(answer.error_code)
        }
    }

    /// The error code of a heartbeat.
    pub(crate) async fn heartbeat(&self, version: i16) -> i16 {
        let request = heartbeat::Request {
            group_id: self.group.as_str().into(),
            generation_id: self.generation,
            member_id: self.id.as_str().into(),
            group_instance_id: self.instance.as_deref().map(Into::into),
        };
        ask!(self.connection, version, &request)
            .decode()
            .unwrap()
            .error_code
    }

    /// Commits an offset of partition 0; the error code.
    pub(crate) async fn commit(&self, topic: &str, offset: i64) -> i16 {
        let partition = OffsetCommitRequestPartition {
            partition_index: 0,
            committed_offset: offset,
            ..OffsetCommitRequestPartition::default()
        };
        let topic = OffsetCommitRequestTopic {
            name: topic.into(),
            partitions: vec![partition],
            ..OffsetCommitRequestTopic::default()
        };
        let request = offset_commit::Request {
            group_id: self.group.as_str().into(),
            generation_id_or_member_epoch: self.generation,
            member_id: self.id.as_str().into(),
            group_instance_id: self.instance.as_deref().map(Into::into),
            topics: vec![topic],
            ..offset_commit::Request::default()
        };
        let reply = ask!(self.connection, 9, &request);
        reply.decode().unwrap().topics[0].partitions[0].error_code
    }
}

/// The committed offsets of a group: topic, partition, offset.
pub(crate) async fn offsets(connection: &Connection, group: &str) -> Vec<(String, i32, i64)> {
    let asked = offset_fetch::OffsetFetchRequestGroup {
        group_id: group.into(),
        topics: None,
        ..offset_fetch::OffsetFetchRequestGroup::default()
    };
    let request = offset_fetch::Request {
        groups: vec![asked],
        ..offset_fetch::Request::default()
    };
    let reply = ask!(connection, 9, &request);
    let answer = reply.decode().unwrap();
    assert_eq!(answer.groups[0].error_code, 0);
    let mut all = Vec::new();
    for topic in &answer.groups[0].topics {
        for partition in &topic.partitions {
            let name = topic.name.to_string();
            all.push((name, partition.partition_index, partition.committed_offset));
        }
    }
    all
}
