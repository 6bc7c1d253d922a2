//! Many connections at one total rate: each record goes over the next connection, as a request of its own. The
//! requests are written here, since a thousand clients of a library would measure their threads.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow, ensure};
use hdrhistogram::Histogram;
use wire::messages::produce;
use wire::record_batch::BatchBuilder;
use wire::{ApiKey, Message, Reader, ResponseHeader};

use ::tests::wait;

use super::noise;
use super::schedule::Schedule;
use crate::probe;
use crate::statistics::histogram;

/// The last version that names topics, spoken by every broker here.
const VERSION: i16 = 9;
const MAX_ANSWER_BYTES: usize = 1 << 20;
const ACK_TIMEOUT_MS: i32 = 30_000;
/// As many requests are under way at most, from as many threads.
const THREADS: usize = 4;

/// Opens `count` connections.
pub(crate) fn open(port: u16, count: usize) -> Result<Vec<TcpStream>> {
    (0..count).map(|_| probe::connect(port)).collect()
}

/// Sends records to partition 0 of `topic` at `rate` in total, and notes how late each is acknowledged.
pub(crate) fn run(
    connections: &mut [TcpStream],
    topic: &str,
    rate: u32,
    time: Duration,
) -> Result<Histogram<u64>> {
    let threads = THREADS.min(connections.len());
    let share = connections.len().div_ceil(threads);
    let schedule = Schedule::new(rate);
    let total = schedule.count(time);
    let frame = frame(topic)?;
    let begun = Instant::now();
    let parts = std::thread::scope(|scope| {
        let senders: Vec<_> = connections
            .chunks_mut(share)
            .enumerate()
            .map(|(first, part)| {
                let indexes = (u64::try_from(first).unwrap_or(0)..total).step_by(threads);
                let frame = &frame;
                scope.spawn(move || send(part, indexes, frame, (schedule, begun)))
            })
            .collect();
        senders
            .into_iter()
            .map(|sender| sender.join().map_err(|_| anyhow!("a sender fell"))?)
            .collect::<Result<Vec<_>>>()
    })?;
    let mut all = histogram();
    for part in parts {
        all.add(part)?;
    }
    Ok(all)
}

fn send(
    connections: &mut [TcpStream],
    indexes: impl Iterator<Item = u64>,
    frame: &[u8],
    (schedule, begun): (Schedule, Instant),
) -> Result<Histogram<u64>> {
    let mut late = histogram();
    let mut answer = Vec::new();
    for (turn, index) in indexes.enumerate() {
        let connection = &mut connections[turn % connections.len()];
        wait::pass(schedule.until(index, begun.elapsed()));
        connection.write_all(frame)?;
        probe::read_frame(connection, &mut answer, MAX_ANSWER_BYTES)?;
        late.saturating_record(schedule.lateness_ns(index, begun.elapsed()));
        check(&answer)?;
    }
    Ok(late)
}

/// A request that appends one record of 1 KiB.
fn frame(topic: &str) -> Result<Vec<u8>> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let mut batch = BatchBuilder::default();
    batch.push(
        None,
        Some(noise(0, 1024)),
        i64::try_from(since_1970.as_millis())?,
    );
    let batch = batch.build();
    let request = produce::Request {
        acks: -1,
        timeout_ms: ACK_TIMEOUT_MS,
        topic_data: vec![produce::TopicProduceData {
            name: topic.into(),
            partition_data: vec![produce::PartitionProduceData {
                index: 0,
                records: Some(&batch),
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let frame = wire::frame::request(0, Some("bench"), &request, VERSION)?;
    Ok(frame.bytes.to_vec())
}

fn check(answer: &[u8]) -> Result<()> {
    let mut reader = Reader::new(answer);
    ResponseHeader::decode(&mut reader, ApiKey::Produce, VERSION)?;
    let answer = produce::Response::decode(&mut reader, VERSION)?;
    let topics = answer.responses.iter();
    let mut codes = topics
        .flat_map(|topic| &topic.partition_responses)
        .map(|partition| partition.error_code);
    ensure!(codes.all(|code| code == 0), "a record was refused");
    Ok(())
}
