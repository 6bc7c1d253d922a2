//! The sink that is a Kafka cluster, by librdkafka: idempotent, many records in flight, bounded
//! memory, keys placed where Java's partitioner places them. Deliveries come in on a thread of
//! the client's own.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use rdkafka::{
    ClientContext,
    config::{FromClientConfigAndContext, RDKafkaLogLevel},
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer},
};

use crate::{
    client::{Connection, Watch},
    producer::{Cluster, Later, Outgoing, RecordSink, SinkError, inflight::Receipt},
};

/// How long one question for a topic may take.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);

/// The producer's settings that delivery depends on; nothing overrides them.
const FIXED: [(&str, &str); 4] = [
    ("enable.idempotence", "true"),
    ("partitioner", "murmur2_random"),
    // Records wait for a broker that is away as long as it takes: giving one up would be a gap.
    ("message.timeout.ms", "0"),
    ("queue.buffering.max.kbytes", "8192"),
];

/// A Kafka cluster reached by librdkafka.
#[derive(Debug)]
pub(crate) struct KafkaCluster {
    connection: Connection,
}

impl KafkaCluster {
    /// A cluster behind this connection. Nothing is contacted.
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection }
    }
}

impl Cluster for KafkaCluster {
    fn sink(
        &self,
        name: &str,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Arc<dyn RecordSink>, SinkError> {
        let mut config = self.connection.config(name);
        config
            .set("linger.ms", "5")
            .set("queue.buffering.max.messages", "20000");
        for (name, value) in overrides {
            config.set(name, value);
        }
        for (name, value) in FIXED {
            config.set(name, value);
        }
        let producer = ThreadedProducer::from_config_and_context(&config, Deliveries::default())
            .map_err(|error| SinkError::Other(error.to_string()))?;
        Ok(Arc::new(KafkaSink {
            producer: Some(producer),
        }))
    }

    fn id(&self) -> Later<'_, Option<String>> {
        let config = self.connection.config("eddyline-connect");
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || {
                let client: rdkafka::producer::BaseProducer<Deliveries> =
                    FromClientConfigAndContext::from_config_and_context(
                        &config,
                        Deliveries::default(),
                    )
                    .ok()?;
                client.client().fetch_cluster_id(METADATA_TIMEOUT)
            });
            asked.await.ok().flatten()
        })
    }
}

/// One producer.
struct KafkaSink {
    /// There until dropped: ending it blocks, so that is done off the runtime's threads.
    producer: Option<ThreadedProducer<Deliveries>>,
}

impl fmt::Debug for KafkaSink {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KafkaSink").finish_non_exhaustive()
    }
}

impl RecordSink for KafkaSink {
    fn topic_exists<'a>(&'a self, topic: &'a str) -> Later<'a, Result<bool, SinkError>> {
        let (producer, topic) = (self.producer.clone(), topic.to_owned());
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || {
                let Some(producer) = producer else {
                    return Ok(false);
                };
                let metadata = producer
                    .client()
                    .fetch_metadata(Some(&topic), METADATA_TIMEOUT);
                let metadata = metadata.map_err(|error| {
                    let told = producer.client().context().watch.unreachable();
                    SinkError::Unreachable(told.unwrap_or_else(|| error.to_string()))
                })?;
                producer.client().context().watch.reached();
                Ok(metadata
                    .topics()
                    .iter()
                    .any(|known| known.name() == topic && !known.partitions().is_empty()))
            });
            asked
                .await
                .unwrap_or_else(|error| Err(SinkError::Other(error.to_string())))
        })
    }

    fn send(&self, record: Outgoing<'_>, receipt: Receipt) -> Result<(), Receipt> {
        let Some(producer) = &self.producer else {
            return Err(receipt);
        };
        let mut request = BaseRecord::with_opaque_to(record.topic, Box::new(receipt));
        (request.key, request.payload, request.timestamp) =
            (record.key, record.value, record.timestamp);
        if !record.headers.is_empty() {
            let headers = OwnedHeaders::new_with_capacity(record.headers.len());
            request.headers = Some(
                record
                    .headers
                    .iter()
                    .fold(headers, |headers, (key, value)| {
                        headers.insert(Header {
                            key,
                            value: Some(value),
                        })
                    }),
            );
        }
        match producer.send::<[u8], [u8]>(request) {
            Ok(()) => Ok(()),
            Err((error, refused))
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) =>
            {
                Err(*refused.delivery_opaque)
            }
            Err((error, refused)) => {
                refused
                    .delivery_opaque
                    .settle(Err(fault(&error, record.topic)));
                Ok(())
            }
        }
    }

    fn is_usable(&self) -> bool {
        self.producer
            .as_ref()
            .is_some_and(|producer| producer.client().fatal_error().is_none())
    }
}

impl Drop for KafkaSink {
    fn drop(&mut self) {
        let producer = self.producer.take();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(producer))),
            Err(_) => drop(producer),
        }
    }
}

/// Hands what became of each record to its receipt.
#[derive(Debug, Default)]
struct Deliveries {
    watch: Watch,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.watch.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.watch.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Receipt>;

    fn delivery(&self, result: &DeliveryResult<'_>, receipt: Box<Receipt>) {
        receipt.settle(match result {
            Ok(_) => Ok(()),
            Err((error, message)) => Err(fault(error, rdkafka::Message::topic(message))),
        });
    }
}

fn fault(error: &KafkaError, topic: &str) -> SinkError {
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownPartition,
        ) => SinkError::TopicMissing(topic.to_owned()),
        Some(RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::MessageTimedOut) => {
            SinkError::Unreachable(error.to_string())
        }
        _ => SinkError::Other(error.to_string()),
    }
}
