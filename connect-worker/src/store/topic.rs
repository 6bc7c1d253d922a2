//! The journal that is a Kafka topic: one partition, compacted, made by the first worker that has
//! something to store.

use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rdkafka::{
    Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    metadata::Metadata,
    producer::{FutureProducer, FutureRecord, Producer},
};

use super::{Journal, JournalError, Pair};
use crate::{
    client::{Connection, Watch},
    producer::Later,
};

/// The topic's name.
pub(crate) const TOPIC: &str = "__eddyline_connect";
/// How long one question to the broker may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The copies of the topic where the cluster has as many brokers.
const REPLICAS_MAX: usize = 3;

/// The offsets topic of a cluster.
pub(crate) struct TopicJournal {
    connection: Connection,
    /// Made by the first write, ended off the runtime's threads.
    // A std mutex: held to clone a handle.
    producer: Mutex<Option<FutureProducer<Watch>>>,
    /// The topic is known to be there.
    made: AtomicBool,
}

impl fmt::Debug for TopicJournal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("TopicJournal")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl TopicJournal {
    /// The journal behind this connection. Nothing is contacted.
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            producer: Mutex::new(None),
            made: AtomicBool::new(false),
        }
    }

    fn producer(&self) -> Result<FutureProducer<Watch>, KafkaError> {
        let mut kept = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = kept.as_ref() {
            return Ok(producer.clone());
        }
        let mut config = self.connection.config("eddyline-connect-offsets");
        config
            // One request at a time keeps the order, and the last value of a key is the one that
            // counts: that needs no producer id, whose first fetch can cost half a second.
            .set("acks", "all")
            .set("max.in.flight.requests.per.connection", "1")
            .set("linger.ms", "0")
            .set("message.timeout.ms", "5000")
            .set("queue.buffering.max.kbytes", "4096");
        let producer = FutureProducer::from_config_and_context(&config, Watch::default())?;
        *kept = Some(producer.clone());
        Ok(producer)
    }

    /// Makes the topic unless it is there.
    async fn make(&self) -> Result<(), KafkaError> {
        let producer = self.producer()?;
        let asked = tokio::task::spawn_blocking(move || {
            let metadata = producer.client().fetch_metadata(Some(TOPIC), TIMEOUT)?;
            Ok::<_, KafkaError>((is_there(&metadata), metadata.brokers().len()))
        });
        let (is_there, brokers) = asked.await.map_err(|_| KafkaError::Canceled)??;
        if is_there {
            return Ok(());
        }
        let replicas = i32::try_from(brokers.clamp(1, REPLICAS_MAX)).unwrap_or(1);
        let topic = NewTopic::new(TOPIC, 1, TopicReplication::Fixed(replicas))
            .set("cleanup.policy", "compact");
        let admin: AdminClient<Watch> = AdminClient::from_config_and_context(
            &self.connection.config("eddyline-connect-offsets"),
            Watch::default(),
        )?;
        let options = AdminOptions::new()
            .request_timeout(Some(TIMEOUT))
            .operation_timeout(Some(TIMEOUT));
        let made = admin.create_topics([&topic], &options).await?;
        // Ending a client joins its thread.
        drop(tokio::task::spawn_blocking(move || drop(admin)));
        match made.into_iter().next() {
            Some(Err((_, code))) if code != RDKafkaErrorCode::TopicAlreadyExists => {
                Err(KafkaError::AdminOp(code))
            }
            _ => Ok(()),
        }
    }

    async fn write(&self, pairs: &[Pair]) -> Result<(), KafkaError> {
        if !self.made.load(Ordering::Relaxed) {
            self.make().await?;
            self.made.store(true, Ordering::Relaxed);
        }
        let producer = self.producer()?;
        let mut sent = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let mut record = FutureRecord::to(TOPIC).partition(0).key(key);
            record.payload = value.as_ref();
            sent.push(producer.send_result(record).map_err(|(error, _)| error)?);
        }
        for delivery in sent {
            delivery
                .await
                .map_err(|_| KafkaError::Canceled)?
                .map_err(|(error, _)| error)?;
        }
        Ok(())
    }
}

impl Journal for TopicJournal {
    fn read(&self) -> Later<'_, Result<Vec<Pair>, JournalError>> {
        let connection = self.connection.clone();
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || read(&connection));
            let read = read.await.map_err(|_| KafkaError::Canceled);
            let (consumer, pairs) = read
                .and_then(|read| read)
                .map_err(|error| failed("read the offsets topic", &error))?;
            // Ending a client takes a tenth of a second, which the first record need not wait for.
            drop(tokio::task::spawn_blocking(move || drop(consumer)));
            Ok(pairs)
        })
    }

    fn append<'a>(&'a self, pairs: &'a [Pair]) -> Later<'a, Result<(), JournalError>> {
        Box::pin(async move {
            let written = self.write(pairs).await;
            if written.is_err() {
                // Someone may have deleted the topic: look again next time.
                self.made.store(false, Ordering::Relaxed);
            }
            written.map_err(|error| failed("write the offsets topic", &error))
        })
    }
}

impl Drop for TopicJournal {
    fn drop(&mut self) {
        let producer = self
            .producer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn_blocking(move || drop(producer)));
        }
    }
}

/// Reads the topic from its first record to the one that was last when this began.
fn read(connection: &Connection) -> Result<(BaseConsumer<Watch>, Vec<Pair>), KafkaError> {
    let mut config = connection.config("eddyline-connect-offsets");
    config
        // The client wants a group for any consumer; it is never joined and nothing is committed.
        .set("group.id", "eddyline-connect-offsets")
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", "20");
    let consumer: BaseConsumer<Watch> =
        BaseConsumer::from_config_and_context(&config, Watch::default())?;
    let metadata = consumer.fetch_metadata(Some(TOPIC), TIMEOUT)?;
    if !is_there(&metadata) {
        return Ok((consumer, Vec::new()));
    }
    let (low, high) = consumer.fetch_watermarks(TOPIC, 0, TIMEOUT)?;
    if low >= high {
        return Ok((consumer, Vec::new()));
    }
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(TOPIC, 0, Offset::Offset(low))?;
    consumer.assign(&assignment)?;
    let mut pairs = Vec::new();
    loop {
        let message = consumer
            .poll(TIMEOUT)
            .ok_or(KafkaError::MessageConsumption(
                RDKafkaErrorCode::OperationTimedOut,
            ))??;
        pairs.push((
            message.key().unwrap_or_default().to_vec(),
            message.payload().map(<[u8]>::to_vec),
        ));
        if message.offset() + 1 >= high {
            return Ok((consumer, pairs));
        }
    }
}

fn is_there(metadata: &Metadata) -> bool {
    let topics = metadata.topics().iter();
    topics
        .into_iter()
        .any(|topic| topic.name() == TOPIC && !topic.partitions().is_empty())
}

fn failed(action: &'static str, error: &KafkaError) -> JournalError {
    JournalError {
        action,
        detail: error.to_string(),
    }
}
