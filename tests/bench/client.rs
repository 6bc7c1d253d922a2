//! The client of every run: librdkafka with the settings that the report prints, and topics made and deleted by it.
//! It must not know which broker answers.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::metadata::MetadataTopic;
use rdkafka::{Offset, TopicPartitionList};

use ::tests::wait;

/// Client settings, name and value.
pub(crate) type Options = &'static [(&'static str, &'static str)];

/// A producer that fills its batches. Not idempotent: librdkafka then takes messages for requests and keeps one batch of a
/// partition in flight instead of five, and what is found is how long a batch takes, not how much a system does.
pub(crate) const THROUGHPUT: Options = &[
    ("acks", "all"),
    ("enable.idempotence", "false"),
    ("max.in.flight.requests.per.connection", "5"),
    ("compression.type", "none"),
    ("linger.ms", "5"),
    ("batch.size", "1000000"),
    ("queue.buffering.max.messages", "1000000"),
    ("queue.buffering.max.kbytes", "131072"),
    ("delivery.report.only.error", "true"),
];

/// A producer that sends each record at once.
pub(crate) const LATENCY: Options = &[
    ("acks", "all"),
    ("enable.idempotence", "true"),
    ("max.in.flight.requests.per.connection", "5"),
    ("compression.type", "none"),
    ("linger.ms", "0"),
    ("socket.nagle.disable", "true"),
    ("queue.buffering.max.messages", "1000000"),
    ("queue.buffering.max.kbytes", "262144"),
];

/// A consumer outside any group.
pub(crate) const CONSUMER: Options = &[
    ("group.id", "bench-never-joins"),
    ("enable.auto.commit", "false"),
    ("fetch.wait.max.ms", "500"),
    ("fetch.min.bytes", "1"),
    ("fetch.message.max.bytes", "1048576"),
    ("queued.max.messages.kbytes", "65536"),
    ("fetch.queue.backoff.ms", "1"),
    ("socket.nagle.disable", "true"),
];

const PATIENCE: Duration = Duration::from_mins(2);
const BREATH: Duration = Duration::from_millis(20);

/// `options` towards one broker.
pub(crate) fn config(bootstrap: &str, options: Options) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    for (name, value) in options {
        config.set(*name, *value);
    }
    config
}

/// A consumer that begins at the start of every partition, which in a fresh topic need not be asked for.
pub(crate) fn consumer(bootstrap: &str, topic: &str, partitions: i32) -> Result<BaseConsumer> {
    let consumer: BaseConsumer = config(bootstrap, CONSUMER).create()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, Offset::Offset(0))?;
    }
    consumer.assign(&list)?;
    Ok(consumer)
}

/// Makes a topic and waits until every partition has a leader.
pub(crate) fn create_topic(bootstrap: &str, topic: &str, partitions: i32) -> Result<()> {
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    let results = run(admin(bootstrap)?.create_topics([&new], &options()))??;
    for result in results {
        result.map_err(|(name, code)| anyhow!("create {name}: {code}"))?;
    }
    let consumer: BaseConsumer = config(bootstrap, CONSUMER).create()?;
    let begun = Instant::now();
    while led(&consumer, topic)? < usize::try_from(partitions)? {
        ensure!(begun.elapsed() < PATIENCE, "{topic} has no leaders");
        wait::pass(BREATH);
    }
    Ok(())
}

fn led(consumer: &BaseConsumer, topic: &str) -> Result<usize> {
    let metadata = consumer
        .fetch_metadata(Some(topic), PATIENCE)
        .context("ask for the topic")?;
    let partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions);
    Ok(partitions.filter(|one| one.leader() >= 0).count())
}

/// Deletes a topic.
pub(crate) fn delete_topic(bootstrap: &str, topic: &str) -> Result<()> {
    let results = run(admin(bootstrap)?.delete_topics(&[topic], &options()))??;
    for result in results {
        result.map_err(|(name, code)| anyhow!("delete {name}: {code}"))?;
    }
    Ok(())
}

fn admin(bootstrap: &str) -> Result<AdminClient<DefaultClientContext>> {
    Ok(config(bootstrap, &[]).create()?)
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(PATIENCE))
        .operation_timeout(Some(PATIENCE))
}

fn run<T>(call: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(call))
}
