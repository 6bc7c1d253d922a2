//! `DescribeLogDirs` (key 35, versions 1–5): bytes of partitions in the one data folder, and of its
//! volume.

use wire::messages::describe_log_dirs::{
    DescribableLogDirTopic, DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
    Request, Response,
};

use crate::Broker;
use crate::api::{Context, Refusal};
use crate::log::PartitionKey;
use crate::topics::Topic;

#[expect(
    clippy::unused_async,
    reason = "every handler of the table has the same signature"
)]
pub(crate) async fn handle<'r>(
    broker: &Broker,
    _context: &Context,
    request: Request<'_>,
) -> Result<Response<'r>, Refusal> {
    let state = broker.topics.view();
    let topics = match &request.topics {
        None => state
            .topics()
            .map(|topic| sizes(broker, topic, 0..topic.partitions))
            .collect(),
        Some(wanted) => {
            let asked = |one: &DescribableLogDirTopic<'_>| {
                let topic = state.topic(&one.topic)?;
                let held = one.partitions.iter().copied();
                Some(sizes(
                    broker,
                    topic,
                    held.filter(|number| topic.has_partition(*number)),
                ))
            };
            wanted.iter().filter_map(asked).collect()
        }
    };
    let (free_bytes, volume_bytes) = broker.log.space_bytes();
    let result = DescribeLogDirsResult {
        log_dir: broker.data_dir.clone().into(),
        topics,
        total_bytes: volume_bytes.try_into().unwrap_or(i64::MAX),
        usable_bytes: free_bytes.try_into().unwrap_or(i64::MAX),
        ..DescribeLogDirsResult::default()
    };
    Ok(Response {
        results: vec![result],
        ..Response::default()
    })
}

fn sizes<'r>(
    broker: &Broker,
    topic: &Topic,
    partitions: impl Iterator<Item = i32>,
) -> DescribeLogDirsTopic<'r> {
    let size = |partition| {
        let bytes = broker.log.size_bytes(PartitionKey {
            topic: topic.id,
            partition,
        });
        DescribeLogDirsPartition {
            partition_index: partition,
            partition_size: bytes.unwrap_or_default().try_into().unwrap_or(i64::MAX),
            ..DescribeLogDirsPartition::default()
        }
    };
    DescribeLogDirsTopic {
        name: topic.name.to_string().into(),
        partitions: partitions.map(size).collect(),
    }
}
