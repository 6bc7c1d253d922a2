//! The cluster's id once more, in a file of its own: clients and tools take a broker with another id for another cluster, so
//! damage to one record must not make it one.

use crate::log::{Log, Snapshot};

const NAME: &str = "cluster-id";

/// The id that was last kept.
pub(super) fn kept(log: &Log) -> Option<String> {
    let id = String::from_utf8(log.load_snapshot(NAME)?.bytes).ok()?;
    (!id.is_empty()).then_some(id)
}

/// Keeps the id, unless it is kept already.
pub(super) fn keep(log: &Log, id: &str) {
    if kept(log).as_deref() == Some(id) {
        return;
    }
    let snapshot = Snapshot {
        at: 0,
        bytes: id.as_bytes().to_vec(),
    };
    if let Err(error) = log.save_snapshot(NAME, &snapshot) {
        // The record is what counts; the next start tries again.
        tracing::warn!(%error, "keep the cluster's id a second time");
    }
}
