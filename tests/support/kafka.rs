//! Reading topics whole, with offsets, through a client of another maker (librdkafka).
#![expect(
    clippy::panic,
    reason = "test support: a failure here is the test's failure"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::metadata::{MetadataPartition, MetadataTopic};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// One record as it was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Key as text; empty when there is none.
    pub key: String,
    /// Value as text.
    pub value: String,
    /// CreateTime in milliseconds since 1970.
    pub timestamp: i64,
}

impl Read {
    /// The value as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.value).unwrap_or_else(|error| panic!("{}: {error}", self.value))
    }

    /// A whole-number field of the value.
    pub fn number(&self, field: &str) -> i64 {
        self.json()[field]
            .as_i64()
            .unwrap_or_else(|| panic!("no {field} in {}", self.value))
    }
}

/// A consumer outside any group.
pub fn consumer(bootstrap: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "tests-never-join")
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", "50")
        .set("check.crcs", "true");
    config
        .create()
        .unwrap_or_else(|error| panic!("create a consumer: {error}"))
}

/// Log start offset and high watermark of each partition; none while the topic is not there.
pub fn watermarks(bootstrap: &str, topic: &str) -> BTreeMap<i32, (i64, i64)> {
    let consumer = consumer(bootstrap);
    let Ok(metadata) = consumer.fetch_metadata(Some(topic), PATIENCE) else {
        return BTreeMap::new();
    };
    let partitions: Vec<i32> = metadata
        .topics()
        .iter()
        .flat_map(MetadataTopic::partitions)
        .map(MetadataPartition::id)
        .collect();
    partitions
        .into_iter()
        .filter_map(|id| Some((id, consumer.fetch_watermarks(topic, id, PATIENCE).ok()?)))
        .collect()
}

/// Records visible now, over all partitions.
pub fn count(bootstrap: &str, topic: &str) -> i64 {
    watermarks(bootstrap, topic)
        .values()
        .map(|(low, high)| high - low)
        .sum()
}

/// Every record from the log start to the high watermark of this moment, by partition and offset.
#[track_caller]
pub fn read_all(bootstrap: &str, topic: &str) -> Vec<Read> {
    let ends = watermarks(bootstrap, topic);
    let mut wanted: BTreeMap<i32, i64> = ends
        .iter()
        .filter(|(_, (low, high))| high > low)
        .map(|(id, (_, high))| (*id, *high))
        .collect();
    let consumer = consumer(bootstrap);
    let mut list = TopicPartitionList::new();
    for id in wanted.keys() {
        list.add_partition_offset(topic, *id, Offset::Beginning)
            .unwrap_or_else(|error| panic!("assign {topic} {id}: {error}"));
    }
    consumer
        .assign(&list)
        .unwrap_or_else(|error| panic!("assign {topic}: {error}"));
    let mut records = Vec::new();
    let begun = Instant::now();
    while !wanted.is_empty() {
        assert!(
            begun.elapsed() < PATIENCE,
            "{topic}: still waiting for {wanted:?} after {PATIENCE:?}"
        );
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Err(error)) => panic!("read {topic}: {error}"),
            Some(Ok(message)) => {
                let end = ends[&message.partition()].1;
                if message.offset() < end {
                    records.push(read(&message));
                }
                if message.offset() >= end - 1 {
                    wanted.remove(&message.partition());
                }
            }
        }
    }
    records.sort();
    records
}

fn read(message: &impl Message) -> Read {
    let text =
        |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    Read {
        partition: message.partition(),
        offset: message.offset(),
        key: text(message.key()),
        value: text(message.payload()),
        timestamp: message.timestamp().to_millis().unwrap_or(-1),
    }
}
