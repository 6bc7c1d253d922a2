//! `eddyline produce`: sends the lines of standard input to a topic.

use std::io::{BufRead, Read};
use std::process;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;
use serde_json::json;

use crate::address::Kafka;
use crate::environment::Environment;
use crate::failure::{Code, Failure};
use crate::interrupt::Interrupts;
use crate::kafka;
use crate::output::{self, Format};
use crate::produce::line::{Form, Record};

pub mod line;

/// A longer line is no record: brokers take 1 MiB unless told otherwise, this is their largest sensible setting.
const MAX_LINE: u64 = 16 << 20;
/// How long the last records may take to be acknowledged.
const LAST_ANSWERS: Duration = Duration::from_secs(35);

/// Sends each line of standard input as a record.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The topic.
    topic: String,
    /// Lines are JSON objects with "value" and, if wanted, "key" and "partition".
    #[arg(long, conflicts_with_all = ["separator", "key"])]
    json: bool,
    /// What stands between key and value in a line; without it the line is the value.
    #[arg(short = 'K', long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    separator: Option<String>,
    /// The key of all records.
    #[arg(short, long, conflicts_with = "separator")]
    key: Option<String>,
    /// Send to this partition; without it the key decides, as in Java.
    #[arg(short, long)]
    partition: Option<i32>,
    #[command(flatten)]
    kafka: Kafka,
}

/// Sends all lines and waits until each is acknowledged.
///
/// # Errors
/// No cluster, no such topic, a line that is no record, or a record that was not acknowledged.
pub async fn run(args: &Args, format: Format, environment: &Environment) -> Result<(), Failure> {
    let servers = args.kafka.servers(environment)?;
    kafka::partitions(&servers, &args.topic).await?;
    let mut config = kafka::client(&servers);
    config
        .set("partitioner", "murmur2_random")
        .set("enable.idempotence", "true");
    config
        .set("message.timeout.ms", "30000")
        .set("linger.ms", "5");
    config.set("queue.buffering.max.kbytes", "32768");
    let producer: BaseProducer<Deliveries> = config
        .create_with_context(Deliveries::default())
        .map_err(|error| Failure::new(format!("cannot send to {}: {error}", args.topic), ""))?;
    let producer = Arc::new(producer);
    finish_at_interrupt(Arc::clone(&producer), args.topic.clone(), format)?;
    let sent = send_all(&producer, args, std::io::stdin().lock());
    let flushed = finish(&producer, &args.topic, format)?;
    sent?;
    let deliveries = producer.context();
    let failure = deliveries
        .failure
        .lock()
        .ok()
        .and_then(|failure| failure.clone());
    match failure.or(flushed.err()) {
        Some(why) => Err(Failure::new(
            format!("some records were not acknowledged: {why}"),
            what_helps(&why, &args.topic),
        )),
        None => Ok(()),
    }
}

/// What to do about a record that was refused.
fn what_helps(why: &KafkaError, topic: &str) -> String {
    match why {
        KafkaError::MessageProduction(RDKafkaErrorCode::InvalidRecord) => {
            "a compacted topic takes no record without a key: give one with --key K, or in each line with -K SEPARATOR".to_owned()
        }
        KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge) => format!(
            "the largest batch that {topic} takes is its max.message.bytes: eddyline topic describe {topic}"
        ),
        _ => String::new(),
    }
}

/// Waits for the last answers, and says how many came. Whether all have is what it gives.
fn finish(
    producer: &BaseProducer<Deliveries>,
    topic: &str,
    format: Format,
) -> Result<Result<(), KafkaError>, Failure> {
    let flushed = producer.flush(LAST_ANSWERS);
    let acknowledged = &producer.context().acknowledged;
    let count = acknowledged.load(Ordering::Relaxed);
    let records = if count == 1 { "record" } else { "records" };
    match format {
        Format::Table => output::talk(&format!("{count} {records} sent to {topic}")),
        Format::Json => {
            let sent = json!({"topic": topic, "records": count});
            output::line(&output::json(&sent))?;
        }
    }
    Ok(flushed)
}

/// At Ctrl-C the lines read so far are still sent; a second one ends the process at once. Reading standard input cannot be
/// cut short, so the process ends here.
fn finish_at_interrupt(
    producer: Arc<BaseProducer<Deliveries>>,
    topic: String,
    format: Format,
) -> Result<(), Failure> {
    let mut interrupts = Interrupts::catch()?;
    tokio::spawn(async move {
        interrupts.next().await;
        interrupts.end_at_next();
        let finished = tokio::task::spawn_blocking(move || finish(&producer, &topic, format));
        // Nobody is left to act on what was not acknowledged: the count says it.
        let _ = finished.await;
        process::exit(Code::Interrupted as i32);
    });
    Ok(())
}

/// What became of the records. A callback of librdkafka writes it, on the thread that polls.
#[derive(Debug, Default)]
struct Deliveries {
    acknowledged: AtomicU64,
    /// The first failure. A standard mutex: held for an assignment only.
    failure: Mutex<Option<KafkaError>>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => {
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err((error, _)) => {
                if let Ok(mut failure) = self.failure.lock() {
                    failure.get_or_insert_with(|| error.clone());
                }
            }
        }
    }
}

fn send_all(
    producer: &BaseProducer<Deliveries>,
    args: &Args,
    mut input: impl BufRead,
) -> Result<(), Failure> {
    let form = if args.json {
        Form::Json
    } else {
        Form::Text {
            separator: args.separator.clone(),
        }
    };
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let read = input
            .by_ref()
            .take(MAX_LINE + 1)
            .read_until(b'\n', &mut line);
        read.map_err(|error| Failure::new(format!("cannot read standard input: {error}"), ""))?;
        if line.is_empty() {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if line.len() as u64 > MAX_LINE {
            return Err(Failure::new(
                format!("line {number} is longer than {} MiB", MAX_LINE >> 20),
                "",
            ));
        }
        let wrong = |why: String| {
            Failure::new(
                format!("line {number} is no record: {why}"),
                "the lines before it are sent",
            )
        };
        let mut record = form.record(&line).map_err(wrong)?;
        record.key = record
            .key
            .or_else(|| args.key.clone().map(String::into_bytes));
        record.partition = record.partition.or(args.partition);
        send(producer, &args.topic, &record).map_err(|error| {
            Failure::new(
                format!("line {number} was not sent: {error}"),
                what_helps(&error, &args.topic),
            )
        })?;
    }
    Ok(())
}

/// Queues a record; a full queue waits for answers.
fn send(
    producer: &BaseProducer<Deliveries>,
    topic: &str,
    record: &Record,
) -> Result<(), KafkaError> {
    let mut message: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic);
    message.key = record.key.as_deref();
    message.payload = record.value.as_deref();
    message.partition = record.partition;
    loop {
        match producer.send(message) {
            Ok(()) => {
                producer.poll(Duration::ZERO);
                return Ok(());
            }
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent)) => {
                message = unsent;
                producer.poll(Duration::from_millis(100));
            }
            Err((error, _)) => return Err(error),
        }
    }
}
