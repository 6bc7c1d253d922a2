//! Readers: one that follows the tail while the broker lives and dies, and one that reads everything in one go.
#![expect(
    clippy::panic,
    reason = "test support: a failure here is the test's failure"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::{ClientConfig, ClientContext, Message, Offset, TopicPartitionList};

use super::{Shared, Target, name};
use crate::direct::Direct;
use crate::history::{Event, Found, Print, Scan};

/// For one answer, and for a whole scan.
const CALL: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_mins(2);

/// A broker that is away is not worth a line on the screen.
struct Silent;

impl ClientContext for Silent {
    fn error(&self, _: KafkaError, _: &str) {}

    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {}
}

impl ConsumerContext for Silent {}

/// A consumer outside any group, from the beginning of the named partitions.
fn consumer(target: &Target, partitions: impl Iterator<Item = i32>) -> BaseConsumer<Silent> {
    let consumer: BaseConsumer<Silent> = ClientConfig::new()
        .set("bootstrap.servers", &target.bootstrap)
        .set("group.id", "torture-never-joins")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .set("fetch.wait.max.ms", "50")
        .set("reconnect.backoff.ms", "20")
        .set("reconnect.backoff.max.ms", "200")
        .set("queued.max.messages.kbytes", "16384")
        .set("check.crcs", "true")
        .create_with_context(Silent)
        .unwrap_or_else(|error| panic!("create a consumer: {error}"));
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(&target.topic, partition, Offset::Beginning)
            .unwrap_or_else(|error| panic!("assign {partition}: {error}"));
    }
    consumer
        .assign(&list)
        .unwrap_or_else(|error| panic!("assign {}: {error}", target.topic));
    consumer
}

fn found(message: &BorrowedMessage<'_>) -> Found {
    let bytes = message.payload().unwrap_or_default();
    Found {
        offset: message.offset(),
        name: name(bytes),
        print: Print::of(bytes),
    }
}

/// Follows all partitions in the background and tells each record as it comes.
#[derive(Debug)]
pub struct Tail {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Tail {
    /// Begins to follow `target`.
    pub fn start(target: &Target, history: &Shared) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (target, history, stopped) = (target.clone(), history.clone(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let consumer = consumer(&target, 0..target.partitions);
            while !stopped.load(Ordering::Relaxed) {
                // Errors of a dead broker pass; what this reader misses, a scan finds.
                if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
                    history.tell(Event::Read(message.partition(), found(&message)));
                }
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads every partition from its start to the end it has now, and tells it. Fails when that does not come to an end.
#[track_caller]
pub fn scan(target: &Target, history: &Shared) {
    let since = history.look().now();
    let marks = Direct::open(&target.bootstrap, CALL)
        .and_then(|direct| direct.marks(&target.topic, target.partitions))
        .unwrap_or_else(|error| panic!("ask for the ends of {}: {error}", target.topic));
    assert_eq!(marks.len(), usize::try_from(target.partitions).unwrap_or(0));
    let mut scans = BTreeMap::new();
    for (partition, marks) in marks {
        history.tell(Event::Marked(partition, marks));
        let scan = Scan {
            partition,
            since,
            start: marks.start,
            end: marks.high,
            records: Vec::new(),
        };
        scans.insert(partition, scan);
    }
    read(target, &mut scans);
    for scan in scans.into_values() {
        history.tell(Event::Scanned(scan));
    }
}

fn read(target: &Target, scans: &mut BTreeMap<i32, Scan>) {
    let mut open: Vec<i32> = scans
        .values()
        .filter(|scan| scan.start < scan.end)
        .map(|scan| scan.partition)
        .collect();
    let consumer = consumer(target, open.iter().copied());
    let begun = Instant::now();
    while !open.is_empty() {
        assert!(
            begun.elapsed() < PATIENCE,
            "{}: partitions {open:?} are not read after {PATIENCE:?}",
            target.topic
        );
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                let Some(scan) = scans.get_mut(&message.partition()) else {
                    continue;
                };
                if message.offset() < scan.end {
                    scan.records.push(found(&message));
                }
                if message.offset() + 1 >= scan.end {
                    open.retain(|id| *id != message.partition());
                }
            }
            // A connection that was in the making while the broker died.
            Some(Err(error)) if begun.elapsed() < CALL => drop(error),
            Some(Err(error)) => panic!("read {}: {error}", target.topic),
            None => {}
        }
    }
}
