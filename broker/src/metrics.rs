//! What `/metrics` shows: the registry and the server's own counters.
//!
//! The floors below keep theirs themselves; they are read when the page is asked for.

mod floors;

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::log::Log;
use crate::topics::Topics;
use floors::Floors;

/// The label of what is counted per Kafka API.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ApiLabel {
    pub api: &'static str,
}

/// The server's counters.
#[derive(Debug, Default)]
pub struct Metrics {
    registry: Registry,
    floors: Floors,
    pub requests: Family<ApiLabel, Counter>,
    pub connections: Gauge,
    pub refused_connections: Counter,
    pub bad_requests: Counter,
    pub received_bytes: Counter<u64, AtomicU64>,
    pub sent_bytes: Counter<u64, AtomicU64>,
}

impl Metrics {
    /// Registers all there is to count.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("eddyline_broker"),
            ..Self::default()
        };
        let registry = &mut metrics.registry;
        registry.register(
            "requests",
            "Requests answered, by API",
            metrics.requests.clone(),
        );
        registry.register(
            "connections",
            "Open client connections",
            metrics.connections.clone(),
        );
        registry.register(
            "refused_connections",
            "Connections closed at once, above max.connections",
            metrics.refused_connections.clone(),
        );
        registry.register(
            "bad_requests",
            "Frames that could not be read or answered; their connection was closed",
            metrics.bad_requests.clone(),
        );
        registry.register(
            "received_bytes",
            "Bytes of requests",
            metrics.received_bytes.clone(),
        );
        registry.register(
            "sent_bytes",
            "Bytes of responses",
            metrics.sent_bytes.clone(),
        );
        registry.register_collector(Box::new(metrics.floors.clone()));
        metrics
    }

    /// From now on the page tells of the log and the topics too.
    pub fn show(&self, log: &Log, topics: &Topics) {
        // Set once per broker; a second time would change nothing.
        let _ = self.floors.0.set((log.clone(), topics.clone()));
    }

    /// Counts one request.
    pub fn count_request(&self, api: &'static str) {
        self.requests.get_or_create(&ApiLabel { api }).inc();
    }

    /// All metrics in the `OpenMetrics` text format.
    ///
    /// # Errors
    /// When a metric cannot be written as text.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}
