//! Ports by hand, for tests: a plugin that counts, a cluster in memory that can be missing, slow,
//! full or broken.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    plugin::{
        Config, Definition, InvalidConfig, Pacing, Plugin, Record, Source, SourceSettings,
        Validation, Value,
    },
    producer::{Cluster, Later, Outgoing, RecordSink, SinkError, inflight::Receipt},
};

/// A plugin whose record g is the text of g; its key is the seed.
#[derive(Debug)]
pub(crate) struct Counter;

#[derive(Debug)]
struct Count(u64);

impl Plugin for Counter {
    fn class(&self) -> &'static str {
        "Counter"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn definitions(&self) -> Vec<Definition> {
        Vec::new()
    }

    fn validate(&self, _config: &Config) -> Validation {
        Validation::new("Counter", &[], |_| None, &Config::new())
    }

    fn settings(&self, config: &Config) -> Result<SourceSettings, InvalidConfig> {
        let number = |key: &str| config.get(key).map(|text| text.parse::<f64>().unwrap());
        Ok(SourceSettings {
            topic: config["kafka.topic"].clone(),
            identity: "Counter".to_owned(),
            pacing: number("rate").map_or(Pacing::Unthrottled, Pacing::Rate),
            iterations: config.get("iterations").map(|text| text.parse().unwrap()),
            seed: config.get("random.seed").map(|text| text.parse().unwrap()),
        })
    }

    fn open(&self, _config: &Config, seed: u64) -> Result<Arc<dyn Source>, InvalidConfig> {
        Ok(Arc::new(Count(seed)))
    }
}

impl Source for Count {
    fn record(&self, g: u64, _now: Timestamp) -> Record {
        Record {
            key: Some(Value::from(self.0.to_string())),
            value: Value::from(g.to_string()),
            timestamp: None,
            headers: Vec::new(),
        }
    }
}

/// A cluster in memory. Clones are the same cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryCluster(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    log: Mutex<Vec<(String, u64)>>,
    held: Mutex<Vec<Receipt>>,
    delay: Mutex<Duration>,
    is_missing: AtomicBool,
    holds: AtomicBool,
    /// Records that are still to fail.
    failures: AtomicU32,
    /// Sinks that were opened.
    sinks: AtomicU32,
}

impl MemoryCluster {
    /// Keys and numbers written so far, in order.
    pub(crate) fn log(&self) -> Vec<(String, u64)> {
        self.0.log.lock().unwrap().clone()
    }

    /// The numbers written so far, in order.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.log().into_iter().map(|(_, number)| number).collect()
    }

    pub(crate) fn set_missing(&self, is_missing: bool) {
        self.0.is_missing.store(is_missing, Ordering::Relaxed);
    }

    /// Records take this long to be written; those on their way are lost by a kill.
    pub(crate) fn set_delay(&self, delay: Duration) {
        *self.0.delay.lock().unwrap() = delay;
    }

    /// Records are taken and never answered, until [`MemoryCluster::release`].
    pub(crate) fn hold(&self) {
        self.0.holds.store(true, Ordering::Relaxed);
    }

    pub(crate) fn release(&self) {
        self.0.holds.store(false, Ordering::Relaxed);
        let held = std::mem::take(&mut *self.0.held.lock().unwrap());
        for receipt in held {
            receipt.settle(Ok(()));
        }
    }

    pub(crate) fn fail(&self, records: u32) {
        self.0.failures.store(records, Ordering::Relaxed);
    }

    pub(crate) fn sinks(&self) -> u32 {
        self.0.sinks.load(Ordering::Relaxed)
    }
}

impl Cluster for MemoryCluster {
    fn sink(
        &self,
        _name: &str,
        _overrides: &BTreeMap<String, String>,
    ) -> Result<Arc<dyn RecordSink>, SinkError> {
        self.0.sinks.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(MemorySink(Arc::clone(&self.0))))
    }

    fn id(&self) -> Later<'_, Option<String>> {
        Box::pin(async { Some("memory".to_owned()) })
    }
}

#[derive(Debug)]
struct MemorySink(Arc<Inner>);

impl RecordSink for MemorySink {
    fn topic_exists<'a>(&'a self, _topic: &'a str) -> Later<'a, Result<bool, SinkError>> {
        Box::pin(async { Ok(!self.0.is_missing.load(Ordering::Relaxed)) })
    }

    fn send(&self, record: Outgoing<'_>, receipt: Receipt) -> Result<(), Receipt> {
        let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
        // The JSON of a text: without its quotation marks it is the number.
        let number: u64 = text(record.value).trim_matches('"').parse().unwrap();
        let line = (text(record.key), number);
        let inner = &self.0;
        if inner.is_missing.load(Ordering::Relaxed) {
            receipt.settle(Err(SinkError::TopicMissing(record.topic.to_owned())));
            return Ok(());
        }
        let one_less = |left: u32| left.checked_sub(1);
        let failing = inner
            .failures
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        if failing.is_ok() {
            receipt.settle(Err(SinkError::Other("boom".to_owned())));
            return Ok(());
        }
        if inner.holds.load(Ordering::Relaxed) {
            inner.log.lock().unwrap().push(line);
            inner.held.lock().unwrap().push(receipt);
            return Ok(());
        }
        let delay = *inner.delay.lock().unwrap();
        if delay.is_zero() {
            inner.log.lock().unwrap().push(line);
            receipt.settle(Ok(()));
            return Ok(());
        }
        let inner = Arc::clone(inner);
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            inner.log.lock().unwrap().push(line);
            receipt.settle(Ok(()));
        });
        Ok(())
    }

    fn is_usable(&self) -> bool {
        true
    }
}
