//! A broker asked directly, one call at a time, with our own client: what clients of other makers keep to themselves, such as
//! the very error code, the leader epoch and a producer id. It must not know what any suite asserts.
#![expect(
    clippy::panic,
    reason = "test support: a failure here is the test's failure"
)]

use std::time::Duration;

use tokio::runtime::Runtime;
use wire::client::{ClientError, Connection, Reply};
use wire::messages::{
    create_topics, delete_topics, fetch, init_producer_id, metadata, offset_commit, offset_fetch,
    produce,
};
use wire::{Request, Str};

use crate::history::Marks;

/// The newest versions that go by topic name.
const FETCH_BY_NAME: i16 = 12;
const PRODUCE_BY_NAME: i16 = 12;
const DELETE_BY_NAME: i16 = 5;
const COMMIT_BY_NAME: i16 = 9;
const FETCH_OFFSET_OF_ONE_GROUP: i16 = 7;

/// An answer, or why there is none.
pub type Answer<T> = Result<T, ClientError>;

/// Name and value of a topic setting.
pub type Setting<'s> = (&'s str, &'s str);

/// A connection to a broker.
#[derive(Debug)]
pub struct Direct {
    connection: Connection,
    runtime: Runtime,
}

impl Direct {
    /// Connects, and asks for versions; `limit` bounds that and each call.
    pub fn open(bootstrap: &str, limit: Duration) -> Answer<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap_or_else(|error| panic!("make a runtime: {error}"));
        let connecting = Connection::connect(bootstrap, "torture", limit);
        let connection = runtime.block_on(connecting)?;
        Ok(Self {
            connection,
            runtime,
        })
    }

    fn call<'a, R: Request<'a>>(&self, newest: i16, request: &R) -> Answer<Reply<R::Static>> {
        let call = self.connection.call_up_to(newest, request);
        self.runtime.block_on(call)
    }

    /// Makes a topic with the broker's settings; the error code.
    pub fn create(&self, topic: &str, partitions: i32) -> Answer<i16> {
        self.create_with(topic, partitions, &[])
    }

    /// Makes a topic with settings of its own; the error code.
    pub fn create_with(
        &self,
        topic: &str,
        partitions: i32,
        settings: &[Setting<'_>],
    ) -> Answer<i16> {
        let configs = settings
            .iter()
            .map(|(name, value)| create_topics::CreatableTopicConfig {
                name: Str::from(*name),
                value: Some(Str::from(*value)),
            });
        let wanted = create_topics::CreatableTopic {
            name: topic.into(),
            num_partitions: partitions,
            replication_factor: -1,
            configs: configs.collect(),
            ..Default::default()
        };
        let request = create_topics::Request {
            topics: vec![wanted],
            ..Default::default()
        };
        let reply = self.call(i16::MAX, &request)?;
        Ok(reply
            .decode()?
            .topics
            .first()
            .map_or(-1, |one| one.error_code))
    }

    /// Deletes a topic; the error code.
    pub fn delete(&self, topic: &str) -> Answer<i16> {
        let request = delete_topics::Request {
            topic_names: vec![topic.into()],
            timeout_ms: 30_000,
            ..Default::default()
        };
        let reply = self.call(DELETE_BY_NAME, &request)?;
        let answer = reply.decode()?;
        Ok(answer.responses.first().map_or(-1, |one| one.error_code))
    }

    /// Appends a batch with acks=all; the error code and the base offset.
    pub fn produce(&self, topic: &str, batches: &[(i32, &[u8])]) -> Answer<Vec<(i16, i64)>> {
        let partition_data = batches.iter().map(|(index, batch)| {
            let (index, records) = (*index, Some(*batch));
            produce::PartitionProduceData { index, records }
        });
        let data = produce::TopicProduceData {
            name: Str::from(topic),
            partition_data: partition_data.collect(),
            ..Default::default()
        };
        let request = produce::Request {
            acks: -1,
            timeout_ms: 30_000,
            topic_data: vec![data],
            ..Default::default()
        };
        let reply = self.call(PRODUCE_BY_NAME, &request)?;
        let answer = reply.decode()?;
        let partitions = answer
            .responses
            .iter()
            .flat_map(|one| &one.partition_responses);
        Ok(partitions
            .map(|one| (one.error_code, one.base_offset))
            .collect())
    }

    /// What the first `partitions` partitions of a topic say of themselves.
    pub fn marks(&self, topic: &str, partitions: i32) -> Answer<Vec<(i32, Marks)>> {
        let epochs = self.epochs(topic)?;
        let asked = (0..partitions).map(|partition| fetch::FetchPartition {
            partition,
            partition_max_bytes: 1,
            ..Default::default()
        });
        let topics = vec![fetch::FetchTopic {
            topic: topic.into(),
            partitions: asked.collect(),
            ..Default::default()
        }];
        let request = fetch::Request {
            max_bytes: 1,
            topics,
            ..Default::default()
        };
        let reply = self.call(FETCH_BY_NAME, &request)?;
        let answer = reply.decode()?;
        let told = answer.responses.iter().flat_map(|one| &one.partitions);
        Ok(told
            .map(|one| {
                let id = one.partition_index;
                let epoch = epochs.iter().find(|(partition, _)| *partition == id);
                let marks = Marks {
                    start: one.log_start_offset,
                    high: one.high_watermark,
                    epoch: epoch.map_or(-1, |(_, epoch)| *epoch),
                };
                (id, marks)
            })
            .collect())
    }

    /// All topics with their ids.
    pub fn topics(&self) -> Answer<Vec<(String, String)>> {
        let request = metadata::Request {
            topics: None,
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        let reply = self.call(i16::MAX, &request)?;
        let answer = reply.decode()?;
        let named = answer.topics.iter().filter_map(|one| {
            let name = one.name.as_ref()?;
            Some((name.to_string(), one.topic_id.to_string()))
        });
        Ok(named.collect())
    }

    fn epochs(&self, topic: &str) -> Answer<Vec<(i32, i32)>> {
        let request = metadata::Request {
            topics: Some(vec![metadata::MetadataRequestTopic {
                name: Some(topic.into()),
                ..Default::default()
            }]),
            allow_auto_topic_creation: false,
            ..Default::default()
        };
        let reply = self.call(i16::MAX, &request)?;
        let answer = reply.decode()?;
        let partitions = answer.topics.iter().flat_map(|one| &one.partitions);
        Ok(partitions
            .map(|one| (one.partition_index, one.leader_epoch))
            .collect())
    }

    /// A new producer id; the error code where there is none.
    pub fn producer_id(&self) -> Answer<Result<i64, i16>> {
        let request = init_producer_id::Request {
            transactional_id: None,
            transaction_timeout_ms: 60_000,
            ..Default::default()
        };
        let reply = self.call(i16::MAX, &request)?;
        let answer = reply.decode()?;
        Ok(match answer.error_code {
            0 => Ok(answer.producer_id),
            code => Err(code),
        })
    }

    /// Commits an offset of partition 0 outside any membership; the error code.
    pub fn commit(&self, group: &str, topic: &str, offset: i64) -> Answer<i16> {
        let partition = offset_commit::OffsetCommitRequestPartition {
            committed_offset: offset,
            ..Default::default()
        };
        let request = offset_commit::Request {
            group_id: group.into(),
            topics: vec![offset_commit::OffsetCommitRequestTopic {
                name: topic.into(),
                partitions: vec![partition],
                ..Default::default()
            }],
            ..Default::default()
        };
        let reply = self.call(COMMIT_BY_NAME, &request)?;
        let answer = reply.decode()?;
        let mut partitions = answer.topics.iter().flat_map(|one| &one.partitions);
        Ok(partitions.next().map_or(-1, |one| one.error_code))
    }

    /// The offset of partition 0 that a group has committed.
    pub fn committed(&self, group: &str, topic: &str) -> Answer<i64> {
        let request = offset_fetch::Request {
            group_id: group.into(),
            topics: Some(vec![offset_fetch::OffsetFetchRequestTopic {
                name: topic.into(),
                partition_indexes: vec![0],
            }]),
            groups: Vec::new(),
            require_stable: false,
        };
        let reply = self.call(FETCH_OFFSET_OF_ONE_GROUP, &request)?;
        let answer = reply.decode()?;
        let mut partitions = answer.topics.iter().flat_map(|one| &one.partitions);
        Ok(partitions.next().map_or(-1, |one| one.committed_offset))
    }
}
