//! Producer state on disk between two runs, and when it is still true: its last epoch and offset must be in the log.

use serde::{Deserialize, Serialize};
use wire::Uuid;

use super::PartitionProducers;
use crate::log::{Log, PartitionKey, Snapshot};

/// Name of the snapshot in the log.
const NAME: &str = "producers";

/// What was saved of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saved {
    /// Offset after the last record it takes in.
    at: i64,
    /// Leader epoch of that moment: after a crash that took records back, the epoch ends below `at`.
    leader_epoch: i32,
    producers: PartitionProducers,
}

#[derive(Serialize, Deserialize)]
struct Row {
    topic: String,
    partition: i32,
    // Not flattened: keys of a map that are numbers do not come back out of what is.
    saved: Saved,
}

impl Saved {
    /// What is known of a partition now; none where that is nothing.
    pub(super) fn of(log: &Log, key: PartitionKey, producers: PartitionProducers) -> Option<Self> {
        Some(Self {
            at: producers.next_offset()?,
            leader_epoch: log.leader_epoch(key)?,
            producers,
        })
    }

    /// The producers and the offset to go on from, when the log still holds what they were read from.
    pub(super) fn still_true(
        &self,
        log: &Log,
        key: PartitionKey,
    ) -> Option<(PartitionProducers, i64)> {
        let end = log.epoch_end(key, self.leader_epoch)?;
        let held = end.leader_epoch == self.leader_epoch && end.end_offset >= self.at;
        held.then(|| (self.producers.clone(), self.at))
    }
}

pub(super) fn load(log: &Log) -> Vec<(PartitionKey, Saved)> {
    let Some(snapshot) = log.load_snapshot(NAME) else {
        return Vec::new();
    };
    let rows: Vec<Row> = serde_json::from_slice(&snapshot.bytes).unwrap_or_else(|error| {
        tracing::warn!(%error, "read the saved producers; the log is read instead");
        Vec::new()
    });
    let key = |row: &Row| {
        let topic: Uuid = row.topic.parse().ok()?;
        Some(PartitionKey {
            topic,
            partition: row.partition,
        })
    };
    rows.into_iter()
        .filter_map(|row| Some((key(&row)?, row.saved)))
        .collect()
}

pub(super) fn save(log: &Log, known: Vec<(PartitionKey, Saved)>) -> std::io::Result<()> {
    let row = |(key, saved): (PartitionKey, Saved)| Row {
        topic: key.topic.to_string(),
        partition: key.partition,
        saved,
    };
    let rows: Vec<_> = known.into_iter().map(row).collect();
    let bytes = serde_json::to_vec(&rows).map_err(std::io::Error::other)?;
    log.save_snapshot(NAME, &Snapshot { at: 0, bytes })
}
