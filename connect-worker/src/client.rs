//! What every Kafka client of the worker has in common: its settings and where its log goes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use rdkafka::{
    ClientConfig, ClientContext,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::{KafkaError, RDKafkaErrorCode},
};

/// How to reach the cluster.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// `host:port`, separated by commas.
    pub bootstrap: String,
    /// Settings by librdkafka's names.
    pub overrides: BTreeMap<String, String>,
}

impl Connection {
    /// The settings of a client: quick to find a broker or a topic that has just appeared, and
    /// small. `client_id` shows in the broker's log.
    pub(crate) fn config(&self, client_id: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap)
            .set("client.id", client_id)
            .set("allow.auto.create.topics", "false")
            .set("reconnect.backoff.ms", "20")
            .set("reconnect.backoff.max.ms", "1000")
            .set("topic.metadata.refresh.fast.interval.ms", "50")
            .set("log.connection.close", "false")
            .set_log_level(RDKafkaLogLevel::Warning);
        for (name, value) in &self.overrides {
            config.set(name, value);
        }
        config
    }
}

impl Connection {
    /// Whether librdkafka takes the settings. Nothing is contacted.
    ///
    /// # Errors
    /// Its words.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.config("eddyline-connect")
            .create_native_config()
            .map(drop)
            .map_err(|error| error.to_string())
    }
}

/// Takes the client's log, and remembers whether the brokers are gone.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    // A std mutex: held for one assignment, and locked from the client's own threads.
    unreachable: Mutex<Option<String>>,
}

impl Watch {
    /// Why no broker answers, while none does.
    pub(crate) fn unreachable(&self) -> Option<String> {
        self.unreachable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A broker has answered.
    pub(crate) fn reached(&self) {
        self.set(None);
    }

    fn set(&self, fault: Option<String>) {
        *self
            .unreachable
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, "{reason}");
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.set(Some(reason.to_owned()));
        }
    }
}

impl ConsumerContext for Watch {}
