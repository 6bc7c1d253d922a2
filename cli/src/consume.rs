//! `eddyline consume`: reads a topic and prints its records.

use std::io::Write;

use jiff::Timestamp;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Message, Offset, TopicPartitionList};

use crate::address::Kafka;
use crate::consume::format::{Form, Record};
use crate::consume::start::Start;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::interrupt::{Interrupts, interrupted};
use crate::kafka;

pub mod format;
pub mod start;
pub mod trouble;

/// Printed bytes that are kept back while more records are at hand.
const WRITE_BYTES: usize = 64 << 10;

/// Reads a topic and prints its records, as JSON lines unless told otherwise.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The topic.
    topic: String,
    /// Print each record in this form: %t topic, %p partition, %o offset, %k key, %v value, %d time in milliseconds.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Stop after this many records.
    #[arg(short = 'n', long, value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Where to begin: beginning, end, an offset (42), the last records (-10), a time
    /// (2026-01-31T12:00:00Z) or how long ago (10m). A group that has been here before goes on where it was.
    #[arg(long, default_value = "beginning", allow_hyphen_values = true)]
    from: Start,
    /// Read as a member of this group, and commit what was printed.
    #[arg(short, long)]
    group: Option<String>,
    /// Read this partition only.
    #[arg(short, long, conflicts_with = "group")]
    partition: Option<i32>,
    #[command(flatten)]
    kafka: Kafka,
}

/// Prints records until the count is reached or the user interrupts.
///
/// # Errors
/// No cluster, no such topic, a wrong format, or an interrupt (code 130).
pub async fn run(args: Args, environment: &Environment) -> Result<(), Failure> {
    let form = match &args.format {
        Some(format) => Form::parse(format)?,
        None => Form::JsonLines,
    };
    let servers = args.kafka.servers(environment)?;
    let partitions = kafka::partitions(&servers, &args.topic).await?;
    let consumer = consumer(&args, &servers, &partitions)?;
    let mut interrupts = Interrupts::catch()?;
    let reader = Reader {
        consumer: &consumer,
        servers: &servers,
        args: &args,
    };
    let printed = print(&reader, &form, &mut interrupts).await;
    // Committing and leaving the group wait for the broker.
    interrupts.end_at_next();
    if args.group.is_some() {
        // Nothing stored yet is no failure, and a group that is gone starts over by itself.
        let _ = consumer.commit_consumer_state(CommitMode::Sync);
    }
    printed
}

fn consumer(args: &Args, servers: &str, partitions: &[i32]) -> Result<StreamConsumer, Failure> {
    let mut config = kafka::client(servers);
    config
        .set("enable.auto.offset.store", "false")
        .set("allow.auto.create.topics", "false");
    config.set(
        "auto.offset.reset",
        if args.from == Start::End {
            "latest"
        } else {
            "earliest"
        },
    );
    // What a person watches need not be far ahead; it keeps the memory small.
    config.set("queued.max.messages.kbytes", "8192");
    // librdkafka wants a group's name also where partitions are assigned by hand; such a reader joins no group and commits nothing.
    config.set(
        "group.id",
        args.group.as_deref().unwrap_or("eddyline-consume"),
    );
    let wrong = |error| Failure::new(format!("cannot read {}: {error}", args.topic), "");
    let consumer: StreamConsumer = config.create().map_err(wrong)?;
    if args.group.is_some() {
        if !matches!(args.from, Start::Beginning | Start::End) {
            let help = "write --from beginning or --from end, or leave --group out";
            return Err(Failure::usage(
                "a group begins at the beginning or at the end",
                help,
            ));
        }
        consumer.subscribe(&[&args.topic]).map_err(wrong)?;
    } else {
        let list = assignment(&consumer, args, partitions)?;
        consumer.assign(&list).map_err(wrong)?;
    }
    Ok(consumer)
}

fn assignment(
    consumer: &StreamConsumer,
    args: &Args,
    partitions: &[i32],
) -> Result<TopicPartitionList, Failure> {
    let wanted: Vec<i32> = match args.partition {
        Some(partition) if partitions.contains(&partition) => vec![partition],
        Some(partition) => {
            let what = format!("{} has no partition {partition}", args.topic);
            return Err(Failure::new(
                what,
                format!(
                    "it has partitions 0 to {}",
                    partitions.len().saturating_sub(1)
                ),
            ));
        }
        None => partitions.to_vec(),
    };
    let time = args.from.time_ms(Timestamp::now());
    let offset = match (args.from, time) {
        (_, Some(time)) => Offset::Offset(time),
        (Start::Beginning, _) => Offset::Beginning,
        (Start::Offset(offset), _) => Offset::Offset(offset),
        (Start::Last(count), _) => Offset::OffsetTail(count),
        _ => Offset::End,
    };
    let wrong = |error| Failure::new(format!("cannot read {}: {error}", args.topic), "");
    let mut list = TopicPartitionList::new();
    for partition in wanted {
        list.add_partition_offset(&args.topic, partition, offset)
            .map_err(wrong)?;
    }
    if time.is_some() {
        list = consumer
            .offsets_for_times(list, kafka::ANSWER)
            .map_err(wrong)?;
    }
    if let Start::Offset(offset) = args.from {
        hold_to_ends(consumer, args, offset, &mut list)?;
    }
    Ok(list)
}

/// Where a partition ends before `offset`, its reading begins at its end; where all do, nothing of what was asked for is there.
fn hold_to_ends(
    consumer: &StreamConsumer,
    args: &Args,
    offset: i64,
    list: &mut TopicPartitionList,
) -> Result<(), Failure> {
    let topic = &args.topic;
    let wrong = |error| Failure::new(format!("cannot read {topic}: {error}"), "");
    let partitions: Vec<i32> = list
        .elements()
        .iter()
        .map(TopicPartitionListElem::partition)
        .collect();
    let mut ends = Vec::with_capacity(partitions.len());
    for partition in partitions {
        let (_, end) = consumer
            .fetch_watermarks(topic, partition, kafka::ANSWER)
            .map_err(wrong)?;
        if end < offset {
            list.set_partition_offset(topic, partition, Offset::Offset(end))
                .map_err(wrong)?;
        }
        ends.push((partition, end));
    }
    if ends.iter().any(|(_, end)| *end >= offset) {
        return Ok(());
    }
    let ends = ends
        .iter()
        .map(|(partition, end)| format!("partition {partition} ends at {end}"));
    Err(Failure::new(
        format!("offset {offset} is beyond the end of {topic}"),
        ends.collect::<Vec<_>>().join(", "),
    ))
}

/// What is read, and from where.
struct Reader<'a> {
    consumer: &'a StreamConsumer,
    servers: &'a str,
    args: &'a Args,
}

impl Reader<'_> {
    /// Waits for a broker that went away; any other error is the end.
    async fn outlast(
        &self,
        error: &KafkaError,
        interrupts: &mut Interrupts,
    ) -> Result<(), Failure> {
        let topic = &self.args.topic;
        if !trouble::is_away(error) {
            return Err(trouble::failure(error, topic, self.consumer));
        }
        tokio::select! {
            answers = trouble::outlast(self.servers, topic) => answers,
            () = interrupts.next() => Err(interrupted()),
        }
    }
}

async fn print(
    reader: &Reader<'_>,
    form: &Form,
    interrupts: &mut Interrupts,
) -> Result<(), Failure> {
    let mut out = Vec::new();
    let mut left = reader.args.count.unwrap_or(u64::MAX);
    while left > 0 {
        tokio::select! {
            biased;
            received = reader.consumer.recv() => {
                let message = match received {
                    Ok(message) => message,
                    Err(error) => {
                        write(&mut out)?;
                        reader.outlast(&error, interrupts).await?;
                        continue;
                    }
                };
                form.print(&record(&message), &mut out);
                if out.len() >= WRITE_BYTES {
                    write(&mut out)?;
                }
                if reader.args.group.is_some() {
                    // A partition that was just taken away is another member's now.
                    let _ = reader.consumer.store_offset_from_message(&message);
                }
                left -= 1;
            }
            // Nothing at hand: show what there is.
            () = std::future::ready(()), if !out.is_empty() => write(&mut out)?,
            () = interrupts.next() => {
                write(&mut out)?;
                return Err(interrupted());
            }
        }
    }
    write(&mut out)
}

fn write(out: &mut Vec<u8>) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(out)?;
    stdout.flush()?;
    out.clear();
    Ok(())
}

fn record<'a>(message: &'a BorrowedMessage<'_>) -> Record<'a> {
    Record {
        topic: message.topic(),
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis(),
        key: message.key(),
        value: message.payload(),
    }
}
