//! A compacted topic beside the load: a counter for each key, counted up as long as the broker lets it. After each death every
//! key has at least the count that was acknowledged last, and counts rise with the offsets, however much compaction took away.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, ClientContext, Message, Offset, TopicPartitionList};

use tests::direct::Direct;
use tests::wait;

use crate::ledger::CALL;

const TOPIC: &str = "counters";
const KEYS: usize = 40;
const PAUSE: Duration = Duration::from_millis(4);
/// Rolled and compacted all the time.
const SETTINGS: [(&str, &str); 4] = [
    ("cleanup.policy", "compact"),
    ("min.cleanable.dirty.ratio", "0.01"),
    ("max.compaction.lag.ms", "500"),
    ("segment.ms", "500"),
];
/// So much is acknowledged before compaction must have shown.
const PLENTY: usize = KEYS * 50;
const PATIENCE: Duration = Duration::from_mins(3);

/// Of each key the count sent last, and the one acknowledged last.
#[derive(Clone, Debug, Default)]
struct Counts {
    sent: Vec<u64>,
    acked: Vec<u64>,
}

#[derive(Clone, Debug)]
struct Shared(Arc<Mutex<Counts>>);

impl Shared {
    fn look(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Shared {
    /// A broker that is away is what this is about.
    fn error(&self, _: KafkaError, _: &str) {}

    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {}
}

impl ProducerContext for Shared {
    type DeliveryOpaque = Box<(usize, u64)>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Box<(usize, u64)>) {
        if result.is_ok() {
            let acked = &mut self.look().acked[sent.0];
            *acked = sent.1.max(*acked);
        }
    }
}

/// The counting client.
pub(crate) struct Keys {
    bootstrap: String,
    counts: Shared,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What a look found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    /// Records acknowledged in all.
    pub(crate) acked: u64,
    /// Records there are.
    pub(crate) read: u64,
}

impl Keys {
    /// Makes the topic and begins to count.
    pub(crate) fn start(bootstrap: &str) -> Self {
        let direct = Direct::open(bootstrap, CALL).unwrap();
        let made = direct.create_with(TOPIC, 1, &SETTINGS).unwrap();
        assert_eq!(made, 0, "make {TOPIC}");
        let counts = Shared(Arc::new(Mutex::new(Counts {
            sent: vec![0; KEYS],
            acked: vec![0; KEYS],
        })));
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", bootstrap)
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", "120000")
            .set("reconnect.backoff.ms", "20")
            .set("reconnect.backoff.max.ms", "200");
        let client: ThreadedProducer<Shared> = config.create_with_context(counts.clone()).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (counting, stopped) = (counts.clone(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for number in 0.. {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                count(&client, &counting, number % KEYS);
                wait::pass(PAUSE);
            }
            let _ = client.flush(Duration::from_mins(1));
        });
        Self {
            bootstrap: bootstrap.to_owned(),
            counts,
            stop,
            thread: Some(thread),
        }
    }

    /// Reads the topic and compares.
    pub(crate) fn check(&self) -> Kept {
        let before = self.counts.look().clone();
        let mut last: BTreeMap<usize, u64> = BTreeMap::new();
        let mut read = 0;
        each_record(&self.bootstrap, |key, count| {
            let newer = last.insert(key, count).is_none_or(|older| older < count);
            assert!(newer, "counter {key}: {count} comes after a later one");
            read += 1;
        });
        let after = self.counts.look().clone();
        for (key, acked) in before.acked.iter().enumerate() {
            let found = last.get(&key).copied().unwrap_or_default();
            assert!(
                found >= *acked,
                "counter {key}: {acked} was acknowledged, the topic has {found}"
            );
            assert!(
                found <= after.sent[key],
                "counter {key}: {found} was never sent"
            );
        }
        Kept {
            acked: before.acked.iter().sum(),
            read,
        }
    }

    /// Lets what is under way come to its end, and looks once more.
    pub(crate) fn stop(mut self) -> Kept {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
        let kept = self.check();
        let plenty = u64::try_from(PLENTY).unwrap();
        assert!(
            kept.acked < plenty || kept.read < kept.acked,
            "nothing of {} records was compacted away",
            kept.acked
        );
        kept
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn count(client: &ThreadedProducer<Shared>, counts: &Shared, key: usize) {
    let count = {
        let sent = &mut counts.look().sent[key];
        *sent += 1;
        *sent
    };
    let (key_text, value) = (key.to_string(), format!("{count:0>200}"));
    let record = BaseRecord::with_opaque_to(TOPIC, Box::new((key, count)))
        .key(key_text.as_str())
        .payload(value.as_str());
    // A queue that is full keeps the count for later: it is sent and not acknowledged.
    let _ = client.send(record);
}

/// Every record from the start of the topic to the end it has now, and perhaps some that come meanwhile.
fn each_record(bootstrap: &str, mut each: impl FnMut(usize, u64)) {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "never-joins")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("check.crcs", "true");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(TOPIC, 0, Offset::Beginning)
        .unwrap();
    let (_, end) = consumer.fetch_watermarks(TOPIC, 0, PATIENCE).unwrap();
    consumer.assign(&list).unwrap();
    let begun = Instant::now();
    loop {
        assert!(
            begun.elapsed() < PATIENCE,
            "{TOPIC} is not read after {PATIENCE:?}"
        );
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                let text =
                    |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
                let key = text(message.key()).parse().unwrap();
                each(key, text(message.payload()).parse().unwrap());
                if message.offset() + 1 >= end {
                    return;
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return,
            Some(Err(_)) | None => {}
        }
    }
}
