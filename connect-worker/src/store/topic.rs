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
    ClientConfig, Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer, StreamConsumer},
    error::{KafkaError, RDKafkaErrorCode},
    metadata::Metadata,
    producer::{FutureProducer, FutureRecord, Producer},
};

use super::{Journal, JournalError, Pair, Stored, state::State};
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
    /// Other workers write it too.
    shared: bool,
    /// Reads on where the last reading stopped.
    // Tokio's mutex: held while waiting for the next record. Only one ever reads.
    tail: tokio::sync::Mutex<Option<StreamConsumer<Watch>>>,
}

impl fmt::Debug for TopicJournal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("TopicJournal")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl TopicJournal {
    /// The journal behind this connection, `shared` with other workers or not. Nothing is contacted.
    pub(crate) fn new(connection: Connection, shared: bool) -> Self {
        Self {
            connection,
            producer: Mutex::new(None),
            made: AtomicBool::new(false),
            shared,
            tail: tokio::sync::Mutex::new(None),
        }
    }

    fn producer(&self) -> Result<FutureProducer<Watch>, KafkaError> {
        let mut kept = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = kept.as_ref() {
            return Ok(producer.clone());
        }
        let mut config = self.connection.config("eddyline-connect-offsets");
        config
            // Alone, one request at a time keeps the order, and the last value of a key is the one
            // that counts: that needs no producer id, whose first fetch can cost half a second.
            // Among workers the order of all counts: an entry that a retry repeats would move behind
            // what others wrote in between.
            .set(
                "enable.idempotence",
                if self.shared { "true" } else { "false" },
            )
            .set("acks", "all")
            .set("max.in.flight.requests.per.connection", "1")
            .set("linger.ms", "0")
            .set("message.timeout.ms", "5000")
            .set("queue.buffering.max.kbytes", "4096");
        let producer = FutureProducer::from_config_and_context(&config, Watch::default())?;
        *kept = Some(producer.clone());
        Ok(producer)
    }

    /// After a fatal fault the next write gets another producer.
    fn mend(&self) {
        let mut kept = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        let is_broken =
            |producer: &mut FutureProducer<Watch>| producer.client().fatal_error().is_some();
        if let Some(broken) = kept.take_if(is_broken) {
            end(broken);
        }
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
            .set("cleanup.policy", "compact")
            // Only segments that are closed are compacted, and every start reads what is left.
            .set("segment.bytes", "16777216")
            .set("segment.ms", "3600000");
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

    async fn ensure(&self) -> Result<(), KafkaError> {
        if !self.made.load(Ordering::Relaxed) {
            self.make().await?;
            self.made.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn write(&self, pairs: &[Pair]) -> Result<u64, KafkaError> {
        self.ensure().await?;
        let producer = self.producer()?;
        let mut sent = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let mut record = FutureRecord::to(TOPIC).partition(0).key(key);
            record.payload = value.as_ref();
            sent.push(producer.send_result(record).map_err(|(error, _)| error)?);
        }
        let mut last = 0;
        for delivery in sent {
            let delivered = delivery
                .await
                .map_err(|_| KafkaError::Canceled)?
                .map_err(|(error, _)| error)?;
            last = offset(delivered.offset);
        }
        Ok(last)
    }

    /// Reads everything, and keeps the consumer for what follows.
    async fn read_shared(&self) -> Result<State, KafkaError> {
        self.ensure().await?;
        let mut tail = self.tail.lock().await;
        if let Some(old) = tail.take() {
            end(old);
        }
        let mut config = reader(&self.connection);
        config
            .set("enable.partition.eof", "true")
            // The topic may be made anew: then its first record comes next.
            .set("auto.offset.reset", "earliest");
        let consumer: StreamConsumer<Watch> =
            StreamConsumer::from_config_and_context(&config, Watch::default())?;
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(TOPIC, 0, Offset::Beginning)?;
        consumer.assign(&assignment)?;
        let mut state = State::default();
        loop {
            let received = tokio::time::timeout(TIMEOUT, consumer.recv()).await;
            match received {
                Ok(Ok(message)) => state.take(stored(&message)),
                Ok(Err(KafkaError::PartitionEOF(_))) => break,
                Ok(Err(error)) => return Err(error),
                Err(_) => {
                    return Err(KafkaError::MessageConsumption(
                        RDKafkaErrorCode::OperationTimedOut,
                    ));
                }
            }
        }
        *tail = Some(consumer);
        Ok(state)
    }

    async fn read_on(&self) -> Result<Stored, KafkaError> {
        let tail = self.tail.lock().await;
        let consumer = tail.as_ref().ok_or(KafkaError::Canceled)?;
        loop {
            match consumer.recv().await {
                Ok(message) => return Ok(stored(&message)),
                Err(KafkaError::PartitionEOF(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Journal for TopicJournal {
    fn read(&self) -> Later<'_, Result<State, JournalError>> {
        let failed = |error| failed("read the offsets topic", &error);
        if self.shared {
            return Box::pin(async move { self.read_shared().await.map_err(failed) });
        }
        let connection = self.connection.clone();
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || read(&connection));
            let read = read.await.map_err(|_| KafkaError::Canceled);
            let (consumer, state) = read.and_then(|read| read).map_err(failed)?;
            end(consumer);
            Ok(state)
        })
    }

    fn append<'a>(&'a self, pairs: &'a [Pair]) -> Later<'a, Result<u64, JournalError>> {
        Box::pin(async move {
            let written = self.write(pairs).await;
            if written.is_err() {
                // Someone may have deleted the topic: look again next time.
                self.made.store(false, Ordering::Relaxed);
                self.mend();
            }
            written.map_err(|error| failed("write the offsets topic", &error))
        })
    }

    fn is_shared(&self) -> bool {
        self.shared
    }

    fn next(&self) -> Later<'_, Result<Stored, JournalError>> {
        Box::pin(async {
            let next = self.read_on().await;
            next.map_err(|error| failed("follow the offsets topic", &error))
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
        let tail = self.tail.get_mut().take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn_blocking(move || drop((producer, tail))));
        }
    }
}

/// The settings of whoever reads the topic.
fn reader(connection: &Connection) -> ClientConfig {
    let mut config = connection.config("eddyline-connect-offsets");
    config
        // The client wants a group for any consumer; it is never joined and nothing is committed.
        .set("group.id", "eddyline-connect-offsets")
        .set("enable.auto.commit", "false")
        .set("queued.max.messages.kbytes", "4096");
    config
}

/// Ending a client takes a tenth of a second, which the first record need not wait for.
fn end(consumer: impl Send + 'static) {
    drop(tokio::task::spawn_blocking(move || drop(consumer)));
}

fn stored(message: &impl Message) -> Stored {
    let key = message.key().unwrap_or_default().to_vec();
    Stored {
        offset: offset(message.offset()),
        pair: (key, message.payload().map(<[u8]>::to_vec)),
    }
}

/// Offsets of records that are there are never below 0.
fn offset(told: i64) -> u64 {
    u64::try_from(told).unwrap_or(0)
}

/// Reads the topic from its first record to the one that was last when this began.
fn read(connection: &Connection) -> Result<(BaseConsumer<Watch>, State), KafkaError> {
    let mut config = reader(connection);
    config.set("fetch.wait.max.ms", "20");
    let consumer: BaseConsumer<Watch> =
        BaseConsumer::from_config_and_context(&config, Watch::default())?;
    let metadata = consumer.fetch_metadata(Some(TOPIC), TIMEOUT)?;
    if !is_there(&metadata) {
        return Ok((consumer, State::default()));
    }
    let (low, high) = consumer.fetch_watermarks(TOPIC, 0, TIMEOUT)?;
    if low >= high {
        return Ok((consumer, State::default()));
    }
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(TOPIC, 0, Offset::Offset(low))?;
    consumer.assign(&assignment)?;
    let mut state = State::default();
    loop {
        let message = consumer
            .poll(TIMEOUT)
            .ok_or(KafkaError::MessageConsumption(
                RDKafkaErrorCode::OperationTimedOut,
            ))??;
        state.take(stored(&message));
        if message.offset() + 1 >= high {
            return Ok((consumer, state));
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
