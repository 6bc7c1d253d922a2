//! librdkafka as a client under torture: an idempotent producer in this process.
#![expect(
    clippy::panic,
    reason = "test support: a failure here is the test's failure"
)]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, ClientContext, Message};

use super::{MOST_OPEN, Shared, Target, is_certain, value};
use crate::history::{Event, Name, Place};
use crate::wait;

/// Records sent between two looks at how many are open.
const BURST: u64 = 20;

/// The running client.
#[derive(Debug)]
pub struct Librdkafka {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    failures: Failures,
}

type Failures = Arc<Mutex<Vec<String>>>;

struct Ledger {
    producer: u32,
    history: Shared,
    open: Arc<AtomicU64>,
    failures: Failures,
}

impl ClientContext for Ledger {
    /// A broker that is away is what this is about.
    fn error(&self, _: KafkaError, _: &str) {}

    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {}
}

impl ProducerContext for Ledger {
    type DeliveryOpaque = Box<u64>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<u64>) {
        let name = Name {
            producer: self.producer,
            number: *number,
        };
        match result {
            Ok(message) => {
                let place = Place {
                    partition: message.partition(),
                    offset: message.offset(),
                };
                self.history.tell(Event::Acked(name, place));
            }
            Err((error, _)) => {
                let error = format!("{error:?}");
                if is_certain(&error) {
                    self.history.tell(Event::Refused(name));
                }
                let failures = self.failures.lock();
                let mut failures = failures.unwrap_or_else(PoisonError::into_inner);
                failures.push(format!("{name}: {error}"));
            }
        }
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Librdkafka {
    /// Begins to send to `target`, at most `rate` records a second.
    #[track_caller]
    pub fn start(target: &Target, producer: u32, rate: u64, history: &Shared) -> Self {
        let (stop, failures) = (Arc::new(AtomicBool::new(false)), Failures::default());
        let open = Arc::new(AtomicU64::new(0));
        let ledger = Ledger {
            producer,
            history: history.clone(),
            open: Arc::clone(&open),
            failures: Arc::clone(&failures),
        };
        let client: ThreadedProducer<Ledger> = config(&target.bootstrap)
            .create_with_context(ledger)
            .unwrap_or_else(|error| panic!("create a producer: {error}"));
        let (target, history, stopped) = (target.clone(), history.clone(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let pause = Duration::from_micros(1_000_000 * BURST / rate.max(1));
            let mut number = 0;
            while !stopped.load(Ordering::Relaxed) {
                if open.load(Ordering::Relaxed) + BURST <= MOST_OPEN {
                    open.fetch_add(BURST, Ordering::Relaxed);
                    for number in number..number + BURST {
                        send(&client, &target, &history, Name { producer, number });
                    }
                    number += BURST;
                }
                wait::pass(pause);
            }
            let _ = client.flush(Duration::from_mins(1));
        });
        Self {
            stop,
            thread: Some(thread),
            failures,
        }
    }

    /// Lets what is under way come to its end; what failed.
    pub fn stop(mut self) -> Vec<String> {
        self.end();
        let failures = self.failures.lock();
        failures.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            let failures = self.failures.lock();
            let mut failures = failures.unwrap_or_else(PoisonError::into_inner);
            failures.push("the sending thread ended too early".to_owned());
        }
    }
}

impl Drop for Librdkafka {
    fn drop(&mut self) {
        // The thread ends by itself, at the latest when its records are too old; nobody needs to wait for that.
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn config(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("enable.idempotence", "true")
        .set("linger.ms", "2")
        // A record outlives every death of the broker, so that what becomes of it is known in the end.
        .set("message.timeout.ms", "120000")
        .set("reconnect.backoff.ms", "20")
        .set("reconnect.backoff.max.ms", "200")
        .set("retry.backoff.ms", "20")
        .set("socket.connection.setup.timeout.ms", "3000")
        .set("compression.type", "none");
    config
}

fn send(client: &ThreadedProducer<Ledger>, target: &Target, history: &Shared, name: Name) {
    history.tell_sent(name);
    let bytes = value(name);
    let record =
        BaseRecord::<(), [u8], Box<u64>>::with_opaque_to(&target.topic, Box::new(name.number))
            .payload(&bytes)
            .partition(target.partition(name.number));
    if let Err((error, _)) = client.send(record) {
        panic!("hand {name} to librdkafka: {error}");
    }
}
