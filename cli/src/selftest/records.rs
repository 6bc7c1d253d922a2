//! The records of the self-test: sends numbered ones, reads them back, and looks whether each came exactly once.

use std::time::Duration;

use rdkafka::Message;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::failure::Failure;
use crate::kafka;

/// How many records are under way at most.
const WINDOW: usize = 1000;
/// How long a record may wait for room in the queue, and the last ones for their answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends records with the values `0` to `count - 1` and waits until each is acknowledged.
///
/// # Errors
/// A record was not acknowledged.
pub(super) async fn send(servers: &str, topic: &str, count: u32) -> Result<(), Failure> {
    let lost =
        |why: String| Failure::new(format!("cannot send to {topic} at {servers}: {why}"), "");
    let mut config = kafka::client(servers);
    config.set("enable.idempotence", "true");
    config
        .set("message.timeout.ms", "30000")
        .set("linger.ms", "5");
    let producer: FutureProducer = config.create().map_err(|error| lost(error.to_string()))?;
    let mut under_way = Vec::with_capacity(WINDOW);
    for number in 0..count {
        let value = number.to_string();
        let record = FutureRecord::to(topic).key(&value).payload(&value);
        let sent = producer
            .send_result(record)
            .map_err(|(error, _)| lost(error.to_string()))?;
        under_way.push(sent);
        if under_way.len() == WINDOW || number + 1 == count {
            for answer in under_way.drain(..) {
                let answer = answer
                    .await
                    .map_err(|_| lost("the client ended".to_owned()))?;
                answer.map_err(|(error, _)| lost(error.to_string()))?;
            }
        }
    }
    producer
        .flush(PATIENCE)
        .map_err(|error| lost(error.to_string()))
}

/// Reads the topic from its beginning until every number has come.
///
/// # Errors
/// Something else came, or a number came twice.
pub(super) async fn read(servers: &str, topic: &str, count: u32) -> Result<(), Failure> {
    let wrong = |why: String| Failure::new(format!("cannot read {topic} at {servers}: {why}"), "");
    let mut config = kafka::client(servers);
    config
        .set("group.id", "eddyline-selftest")
        .set("enable.auto.commit", "false");
    let consumer: StreamConsumer = config.create().map_err(|error| wrong(error.to_string()))?;
    let mut list = TopicPartitionList::new();
    for partition in kafka::partitions(servers, topic).await? {
        list.add_partition_offset(topic, partition, Offset::Beginning)
            .map_err(|error| wrong(error.to_string()))?;
    }
    consumer
        .assign(&list)
        .map_err(|error| wrong(error.to_string()))?;
    let mut seen = Seen::of(count);
    while !seen.all() {
        let message = consumer
            .recv()
            .await
            .map_err(|error| wrong(error.to_string()))?;
        seen.mark(message.payload().unwrap_or_default())
            .map_err(wrong)?;
    }
    Ok(())
}

/// Which numbers have come.
#[derive(Debug)]
struct Seen {
    numbers: Vec<bool>,
    missing: usize,
}

impl Seen {
    fn of(count: u32) -> Self {
        let numbers = vec![false; count as usize];
        Self {
            missing: numbers.len(),
            numbers,
        }
    }

    fn all(&self) -> bool {
        self.missing == 0
    }

    fn mark(&mut self, value: &[u8]) -> Result<(), String> {
        let text = String::from_utf8_lossy(value);
        let number = text
            .parse()
            .ok()
            .and_then(|number: usize| self.numbers.get_mut(number));
        match number {
            None => Err(format!("a record came that was not sent: {text:.40}")),
            Some(true) => Err(format!("record {text} came twice")),
            Some(seen) => {
                *seen = true;
                self.missing -= 1;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_comes_once() {
        let mut seen = Seen::of(2);
        assert_eq!(seen.mark(b"1"), Ok(()));
        assert!(!seen.all());
        assert_eq!(seen.mark(b"1"), Err("record 1 came twice".to_owned()));
        for other in [&b"2"[..], b"x", b"", b"\xff", b"-1"] {
            assert!(seen.mark(other).is_err());
        }
        assert_eq!(seen.mark(b"0"), Ok(()));
        assert!(seen.all());
    }
}
