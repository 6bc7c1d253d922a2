//! What an error means to somebody who is reading: a broker that went away and may come back, damaged records, or the end.

use std::time::Duration;

use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use tokio::time::{Instant, sleep};

use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::output::talk;

/// How long a broker that went away is waited for: a restart takes seconds, on Kubernetes some ten.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two tries to reach it.
const PAUSE: Duration = Duration::from_millis(500);

/// Whether the error says no more than that no broker can be reached just now.
pub fn is_away(error: &KafkaError) -> bool {
    let away = [
        RDKafkaErrorCode::AllBrokersDown,
        RDKafkaErrorCode::BrokerTransportFailure,
        RDKafkaErrorCode::OperationTimedOut,
    ];
    error
        .rdkafka_error_code()
        .is_some_and(|code| away.contains(&code))
}

/// Returns when a broker answers again; at once where one does.
///
/// # Errors
/// None did for a minute, or the topic is gone.
pub async fn outlast(servers: &str, topic: &str) -> Result<(), Failure> {
    let end = Instant::now() + PATIENCE;
    let mut waited = false;
    loop {
        match Cluster::reach(servers).await {
            Ok(cluster) => {
                if waited {
                    talk(&format!("{servers} answers again"));
                }
                return cluster.topic(topic).map(drop);
            }
            Err(failure) if Instant::now() >= end => return Err(failure),
            Err(_) if waited => {}
            Err(failure) => {
                talk(&format!("{}; waiting for it", failure.what));
                waited = true;
            }
        }
        sleep(PAUSE).await;
    }
}

/// The error in words, with what to do.
pub fn failure(error: &KafkaError, topic: &str, consumer: &StreamConsumer) -> Failure {
    if error.rdkafka_error_code() != Some(RDKafkaErrorCode::InvalidMessage) {
        return Failure::new(format!("cannot read {topic}: {error}"), "");
    }
    // Known to the client itself: nothing is asked for.
    let positions = consumer.position().unwrap_or_default();
    Failure::new(
        format!("records of {topic} are damaged on the broker's disk"),
        format!(
            "read so far: {}\nthe broker's log names the damaged offsets; go on behind them with --partition and --from",
            read_so_far(&positions)
        ),
    )
}

fn read_so_far(positions: &TopicPartitionList) -> String {
    let elements = positions.elements();
    let read = elements.iter().map(|element| {
        let partition = element.partition();
        match element.offset() {
            Offset::Offset(next) => format!("partition {partition} up to offset {}", next - 1),
            _ => format!("nothing of partition {partition}"),
        }
    });
    read.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_told_by_partition() {
        let mut positions = TopicPartitionList::new();
        positions
            .add_partition_offset("t", 0, Offset::Offset(8))
            .unwrap();
        positions
            .add_partition_offset("t", 1, Offset::Invalid)
            .unwrap();
        assert_eq!(
            read_so_far(&positions),
            "partition 0 up to offset 7, nothing of partition 1"
        );
    }

    #[test]
    fn a_broker_that_is_gone_is_waited_for_and_damage_is_not() {
        let error = KafkaError::MessageConsumption;
        assert!(is_away(&error(RDKafkaErrorCode::AllBrokersDown)));
        assert!(!is_away(&error(RDKafkaErrorCode::InvalidMessage)));
    }
}
