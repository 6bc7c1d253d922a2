//! A closed loop: one producer that always has the next record ready, or keeps to a rate. It finds how much a system
//! takes, not how fast it answers.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

use ::tests::wait;

use super::noise;
use super::reports::Reports;
use crate::client::{self, THROUGHPUT};
use crate::statistics::figure;

const BREATH: Duration = Duration::from_millis(1);
/// What is still under way at the end must be acknowledged within this.
const DRAIN_LIMIT: Duration = Duration::from_mins(2);
/// How many records are sent between two looks at the clock.
const STRIDE: u64 = 64;

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Partitions of the topic; each record goes to the next one.
    pub(crate) partitions: i32,
    /// Bytes of a record's value; it has no key.
    pub(crate) record_bytes: usize,
}

/// When it ends, whichever comes first, and how fast it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// No record is sent later.
    pub(crate) time: Duration,
    /// No record is sent beyond.
    pub(crate) bytes: u64,
    /// Records a second; `None` for as many as possible.
    pub(crate) rate: Option<f64>,
}

impl Limit {
    /// Until so many megabytes are sent, for at most an hour.
    pub(crate) fn megabytes(megabytes: u64) -> Self {
        Self {
            time: Duration::from_hours(1),
            bytes: megabytes * 1_000_000,
            rate: None,
        }
    }
}

/// What was acknowledged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    /// How many records.
    pub(crate) records: u64,
    /// Bytes of their values.
    pub(crate) bytes: u64,
    /// From the first record until the last was acknowledged.
    pub(crate) took: Duration,
}

impl Flow {
    /// Megabytes of values a second.
    pub(crate) fn mb_per_s(&self) -> f64 {
        figure(self.bytes) / 1e6 / self.took.as_secs_f64()
    }

    /// Records a second.
    pub(crate) fn records_per_s(&self) -> f64 {
        figure(self.records) / self.took.as_secs_f64()
    }

    /// Gigabytes of values.
    pub(crate) fn gb(&self) -> f64 {
        figure(self.bytes) / 1e9
    }
}

/// Sends until `limit`, and waits until everything is acknowledged.
pub(crate) fn produce(bootstrap: &str, topic: &str, shape: Shape, limit: Limit) -> Result<Flow> {
    let producer = producer(bootstrap, topic, shape)?;
    let record_bytes = u64::try_from(shape.record_bytes)?;
    let most = (limit.bytes / record_bytes).max(1);
    let begun = Instant::now();
    let mut sent = 0;
    while sent < most && begun.elapsed() < limit.time {
        let ready = match limit.rate {
            None => sent + STRIDE,
            Some(rate) => paced(rate, begun.elapsed()),
        };
        if ready <= sent {
            wait::pass(BREATH);
        }
        for index in sent..ready.min(most) {
            send(&producer, topic, shape, index)?;
        }
        sent = sent.max(ready.min(most));
    }
    drain(&producer)?;
    let took = begun.elapsed();
    let failed = producer.context().failed();
    ensure!(failed == 0, "{failed} records of {sent} were refused");
    Ok(Flow {
        records: sent,
        bytes: sent * record_bytes,
        took,
    })
}

/// A producer that has met its broker, has its id and knows every partition.
fn producer(bootstrap: &str, topic: &str, shape: Shape) -> Result<ThreadedProducer<Reports>> {
    let reports = Reports::new(Duration::MAX);
    let producer: ThreadedProducer<Reports> =
        client::config(bootstrap, THROUGHPUT).create_with_context(reports)?;
    for partition in 0..shape.partitions.unsigned_abs() {
        send(&producer, topic, shape, u64::from(partition))?;
    }
    drain(&producer)?;
    Ok(producer)
}

fn send(producer: &ThreadedProducer<Reports>, topic: &str, shape: Shape, index: u64) -> Result<()> {
    let partition = i32::try_from(index % u64::from(shape.partitions.unsigned_abs()))?;
    let value = noise(index, shape.record_bytes);
    let mut record: BaseRecord<'_, (), [u8], usize> = BaseRecord::with_opaque_to(topic, 0)
        .partition(partition)
        .payload(value);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                wait::pass(BREATH);
            }
            Err((error, _)) => bail!("send: {error}"),
        }
    }
}

/// Waits for what is under way. (`flush` looks ten times a second only, which would count as the system's time.)
fn drain(producer: &ThreadedProducer<Reports>) -> Result<()> {
    let begun = Instant::now();
    while producer.in_flight_count() > 0 {
        ensure!(
            begun.elapsed() < DRAIN_LIMIT,
            "{} records are not acknowledged after {DRAIN_LIMIT:?}",
            producer.in_flight_count()
        );
        wait::pass(BREATH);
    }
    Ok(())
}

/// How many records are due at `rate`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "neither the rate nor the time is negative, and a run ends long before 2^63 records"
)]
fn paced(rate: f64, elapsed: Duration) -> u64 {
    (rate * elapsed.as_secs_f64()) as u64
}
