//! Compacts topics that ask for it, one partition after the other, at a steady interval. It must not know requests, and keys
//! are the log's business.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::Broker;
use crate::log::{PartitionKey, ReadError, Retained};
use crate::topics::keys;

/// The shortest pause between two looks, whatever the setting says.
const SHORTEST: Duration = Duration::from_millis(50);

/// Runs until the broker goes. The interval is `log.cleaner.backoff.ms`.
pub(crate) async fn run(broker: Weak<Broker>, interval: Duration) {
    loop {
        tokio::time::sleep(interval.max(SHORTEST)).await;
        let Some(broker) = broker.upgrade() else {
            return;
        };
        for partition in partitions(&broker) {
            let broker = Arc::clone(&broker);
            let done = tokio::task::spawn_blocking(move || compact(&broker, partition)).await;
            if done.is_err() {
                return;
            }
        }
    }
}

/// The partitions of every compacted topic.
fn partitions(broker: &Broker) -> Vec<PartitionKey> {
    let view = broker.topics.view();
    let compacted = view
        .topics()
        .filter(|topic| topic.settings.compaction.is_some());
    compacted.flat_map(|topic| keys(topic)).collect()
}

fn compact(broker: &Broker, partition: PartitionKey) {
    let now_ms = broker.clock.now_ms();
    // The sequences that compaction must leave are those of producers that are remembered.
    let known = broker.producers.rebuild(&broker.log, partition, now_ms);
    let compacted = known.and_then(|()| {
        let retained = Retained {
            unstable_from: None,
            producers: broker.producers.last_offsets(partition),
        };
        broker.log.compact(partition, &retained, now_ms)
    });
    match compacted {
        Ok(Some(cleaned)) => {
            let freed_bytes = cleaned.freed_bytes;
            tracing::info!(%partition, freed_bytes, "compacted");
        }
        // Deleted meanwhile.
        Ok(None) | Err(ReadError::UnknownPartition(_)) => {}
        Err(error) => tracing::warn!(%error, %partition, "compact"),
    }
}
