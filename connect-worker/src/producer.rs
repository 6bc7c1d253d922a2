//! Sending records: the port the runtime sends through, the account of what is in flight, and
//! their implementation by librdkafka.
//!
//! Must not know: connectors, tasks, offsets, HTTP.

pub(crate) mod inflight;
pub(crate) mod kafka;

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc};

use self::inflight::Receipt;

/// A future behind a port.
pub(crate) type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One record, encoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    /// The topic it goes to.
    pub topic: &'a str,
    /// Decides the partition, as the Java client's partitioner does; `None` takes a random one.
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Milliseconds since 1970; `None` is the time of sending.
    pub timestamp: Option<i64>,
    /// In order.
    pub headers: &'a [(String, Vec<u8>)],
}

/// Where records go. What is sent is queued; its fate is told through the receipt, later and from
/// any thread.
pub(crate) trait RecordSink: fmt::Debug + Send + Sync + 'static {
    /// Whether the topic exists. It is never created by asking.
    fn topic_exists<'a>(&'a self, topic: &'a str) -> Later<'a, Result<bool, SinkError>>;

    /// Queues a record, without waiting. The receipt is settled with what became of it; it is
    /// handed back when the queue is full, and settled as failed when the record is refused.
    ///
    /// # Errors
    /// The receipt, when the queue is full: nothing was queued.
    fn send(&self, record: Outgoing<'_>, receipt: Receipt) -> Result<(), Receipt>;

    /// Whether records can still be sent; after a fatal fault only a new sink helps.
    fn is_usable(&self) -> bool;
}

/// The Kafka cluster, as the runtime sees it.
pub(crate) trait Cluster: fmt::Debug + Send + Sync + 'static {
    /// A sink of its own for one connector: a fault in one never reaches another.
    ///
    /// # Errors
    /// Settings the client refuses.
    fn sink(
        &self,
        name: &str,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Arc<dyn RecordSink>, SinkError>;

    /// The cluster's id; `None` when no broker answers in time.
    fn id(&self) -> Later<'_, Option<String>>;
}

/// Why a record was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SinkError {
    /// The topic is missing.
    #[error("topic {0} does not exist")]
    TopicMissing(String),
    /// The broker does not answer.
    #[error("reach the broker: {0}")]
    Unreachable(String),
    /// Anything else.
    #[error("send records: {0}")]
    Other(String),
}
