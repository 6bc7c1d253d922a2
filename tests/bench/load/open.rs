//! An open loop: records leave at a constant rate whatever becomes of the earlier ones, and a consumer in this process
//! notes how late each arrives, counted from the moment it was due.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail, ensure};
use hdrhistogram::Histogram;
use rdkafka::Message;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

use ::tests::wait;

use super::noise;
use super::reports::Reports;
use super::schedule::{Schedule, ns};
use crate::client::{self, LATENCY};
use crate::statistics::{figure, grows, histogram};

/// How long records are sent before the measured ones.
const WARM: Duration = Duration::from_secs(1);
/// Within this a record must have gone through each partition before the first one is due.
const MEET_LIMIT: Duration = Duration::from_mins(1);
/// What is late may still arrive after the last record was due.
const GRACE: Duration = Duration::from_secs(5);
const SAMPLE: Duration = Duration::from_millis(100);
const POLL: Duration = Duration::from_millis(50);
const BREATH: Duration = Duration::from_millis(1);
/// What a healthy system may hold at any moment: this much time of the rate.
const HELD_S: f64 = 0.05;

/// What is sent, to where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream<'a> {
    /// Where the client connects.
    pub(crate) bootstrap: &'a str,
    /// The topic, fresh.
    pub(crate) topic: &'a str,
    /// Its partitions; each record goes to the next one.
    pub(crate) partitions: i32,
    /// Records a second.
    pub(crate) rate: u32,
    /// Bytes of a record's value.
    pub(crate) record_bytes: usize,
}

/// What was seen.
#[derive(Debug)]
pub(crate) struct Latency {
    /// How late each record was read.
    pub(crate) read: Histogram<u64>,
    /// How late each record was acknowledged.
    pub(crate) acknowledged: Histogram<u64>,
    /// Records that were due.
    pub(crate) due: u64,
    /// Records that did not arrive in time; they count as read at the end.
    pub(crate) missing: u64,
    /// Records that were refused.
    pub(crate) failed: u64,
    /// Records due and not yet read, ten times a second.
    pub(crate) backlog: Vec<f64>,
}

impl Latency {
    /// Whether the system kept up: nothing missing, and a backlog that does not grow.
    pub(crate) fn sustained(&self, rate: u32) -> bool {
        self.missing == 0 && self.failed == 0 && !grows(&self.backlog, f64::from(rate) * HELD_S)
    }
}

/// What sender, reader and watcher share.
#[derive(Debug)]
struct Course {
    schedule: Schedule,
    begun: Instant,
    /// Records before the measured ones.
    warm: u64,
    total: u64,
    read: AtomicU64,
    over: AtomicBool,
}

/// Sends for `time` and notes how late each record arrives.
pub(crate) fn run(stream: Stream<'_>, time: Duration) -> Result<Latency> {
    let schedule = Schedule::new(stream.rate);
    let consumer = client::consumer(stream.bootstrap, stream.topic, stream.partitions)?;
    let producer: ThreadedProducer<Reports> =
        client::config(stream.bootstrap, LATENCY).create_with_context(Reports::new(WARM))?;
    meet(&producer, &consumer, stream)?;
    let course = Course {
        schedule,
        begun: Instant::now(),
        warm: schedule.count(WARM),
        total: schedule.count(WARM + time),
        read: AtomicU64::new(0),
        over: AtomicBool::new(false),
    };
    producer.context().begin(course.begun);
    let (read, backlog) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| receive(&consumer, &course));
        let sender = scope.spawn(|| {
            let sent = send_all(&producer, stream, &course);
            if sent.is_err() {
                course.over.store(true, Ordering::Relaxed);
            }
            sent
        });
        let backlog = watch(&course);
        let sent = sender.join().map_err(|_| anyhow!("the sender fell"))?;
        let read = reader.join().map_err(|_| anyhow!("the reader fell"))?;
        sent.and(read).map(|read| (read, backlog))
    })?;
    Ok(Latency {
        read,
        acknowledged: producer.context().acknowledged(),
        due: course.total - course.warm,
        missing: course.total - course.read.load(Ordering::Relaxed),
        failed: producer.context().failed(),
        backlog,
    })
}

/// Sends a record through every partition and waits for it: the clients know the partitions, the producer has its id,
/// the consumer waits at the broker.
fn meet(
    producer: &ThreadedProducer<Reports>,
    consumer: &BaseConsumer,
    stream: Stream<'_>,
) -> Result<()> {
    for partition in 0..stream.partitions {
        let record: BaseRecord<'_, (), [u8], usize> = BaseRecord::with_opaque_to(stream.topic, 0)
            .partition(partition)
            .payload(noise(0, stream.record_bytes));
        let sent = producer.send(record);
        sent.map_err(|(error, _)| anyhow!("send: {error}"))?;
    }
    let begun = Instant::now();
    let mut missing = stream.partitions;
    while missing > 0 {
        ensure!(
            begun.elapsed() < MEET_LIMIT,
            "{missing} partitions gave no record within {MEET_LIMIT:?}"
        );
        if let Some(message) = consumer.poll(POLL) {
            message?;
            missing -= 1;
        }
    }
    Ok(())
}

fn send_all(
    producer: &ThreadedProducer<Reports>,
    stream: Stream<'_>,
    course: &Course,
) -> Result<()> {
    let mut value = vec![0; stream.record_bytes];
    for index in 0..course.total {
        loop {
            let early = course.schedule.until(index, course.begun.elapsed());
            if early.is_zero() {
                break;
            }
            wait::pass(early);
        }
        let due_ns = course.schedule.due_ns(index);
        value.copy_from_slice(noise(index, stream.record_bytes));
        value[..8].copy_from_slice(&due_ns.to_le_bytes());
        let partition = i32::try_from(index % u64::from(stream.partitions.unsigned_abs()))?;
        let mut record: BaseRecord<'_, (), [u8], usize> =
            BaseRecord::with_opaque_to(stream.topic, usize::try_from(due_ns)?)
                .partition(partition)
                .payload(&value);
        loop {
            // Records that can no longer be sent in time count as missing.
            if course.over.load(Ordering::Relaxed) {
                return Ok(());
            }
            match producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    wait::pass(BREATH);
                }
                Err((error, _)) => bail!("send: {error}"),
            }
        }
    }
    Ok(())
}

fn receive(consumer: &BaseConsumer, course: &Course) -> Result<Histogram<u64>> {
    let mut late = histogram();
    let warm_ns = course.schedule.due_ns(course.warm);
    while !course.over.load(Ordering::Relaxed) {
        let Some(message) = consumer.poll(POLL) else {
            continue;
        };
        let message = message?;
        let now_ns = ns(course.begun.elapsed());
        let due_ns = message.payload().and_then(<[u8]>::first_chunk);
        let due_ns = u64::from_le_bytes(*due_ns.ok_or_else(|| anyhow!("a foreign record"))?);
        if due_ns >= warm_ns {
            late.saturating_record(now_ns.saturating_sub(due_ns));
        }
        if course.read.fetch_add(1, Ordering::Relaxed) + 1 == course.total {
            course.over.store(true, Ordering::Relaxed);
        }
    }
    // What never came is at least as late as this moment, and it is the youngest that did not come.
    let now = course.begun.elapsed();
    for index in course.read.load(Ordering::Relaxed).max(course.warm)..course.total {
        late.saturating_record(course.schedule.lateness_ns(index, now));
    }
    Ok(late)
}

/// Looks at the backlog while records are due, and ends what does not end by itself.
fn watch(course: &Course) -> Vec<f64> {
    let mut backlog = Vec::new();
    let last = Duration::from_nanos(course.schedule.due_ns(course.total));
    while !course.over.load(Ordering::Relaxed) {
        wait::pass(SAMPLE);
        let elapsed = course.begun.elapsed();
        if elapsed > WARM && elapsed < last {
            let due = course.schedule.due_by(elapsed).min(course.total);
            let waiting = due.saturating_sub(course.read.load(Ordering::Relaxed));
            backlog.push(figure(waiting));
        }
        if elapsed > last + GRACE {
            course.over.store(true, Ordering::Relaxed);
        }
    }
    backlog
}
