//! What becomes of one batch: whole, fewer records, or gone. Pure.

use std::{collections::BTreeSet, io};

use bytes::Bytes;
use wire::record_batch::{Batch, Record, Rewrite};

use super::keys::LastOffsets;

/// Records of one batch unfold to this at most; a batch that unfolds to more stays as it is.
pub(super) const INFLATED_MAX_BYTES: usize = 32 << 20;

/// What decides.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    /// The last offset of every key, as far as [`Rules::mapped_to`].
    pub(super) last: &'a LastOffsets,
    /// Records from here on stay.
    pub(super) mapped_to: i64,
    /// Milliseconds since 1970.
    pub(super) now_ms: i64,
    /// How long tombstones stay readable after they were compacted first.
    pub(super) delete_retention_ms: i64,
    /// Last offsets of batches that keep a producer's sequence.
    pub(super) producers: &'a BTreeSet<i64>,
    /// Where the last of the segments ends: its last batch stays, with or without records, so that whoever reads there finds
    /// an end.
    pub(super) log_end: i64,
}

/// What became of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sifted {
    /// It stays as it is.
    Whole,
    /// It stays like this.
    Rewritten(Bytes),
    /// Nothing of it stays.
    Gone,
}

/// Sifts one batch. An error is damage.
pub(super) fn sift(batch: &Batch<'_>, rules: &Rules<'_>) -> io::Result<Sifted> {
    let header = batch.header();
    let next_offset = header.next_offset();
    // Markers of transactions go when transactions are built; a batch of an unknown codec cannot be judged.
    let Ok(codec) = header.codec() else {
        return Ok(Sifted::Whole);
    };
    if header.is_control() {
        return Ok(Sifted::Whole);
    }
    let needed = next_offset == rules.log_end || rules.producers.contains(&(next_offset - 1));
    if header.record_count == 0 {
        return Ok(if needed { Sifted::Whole } else { Sifted::Gone });
    }
    let Ok(inflated) = batch.inflate(INFLATED_MAX_BYTES) else {
        return Ok(Sifted::Whole);
    };
    let records: Result<Vec<_>, _> = batch.records_in(&inflated).collect();
    let records = records.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let count = records.len();
    let kept: Vec<Record<'_>> = records
        .into_iter()
        .filter(|record| stays(batch, record, rules))
        .collect();
    let horizon = horizon(batch, &kept, rules);
    if kept.len() == count && horizon.is_none() {
        return Ok(Sifted::Whole);
    }
    if kept.is_empty() && !needed {
        return Ok(Sifted::Gone);
    }
    let rewrite = Rewrite {
        codec,
        level: None,
        delete_horizon: horizon,
    };
    let rewritten = batch.rewrite(&kept, rewrite)?;
    Ok(Sifted::Rewritten(rewritten.freeze()))
}

fn stays(batch: &Batch<'_>, record: &Record<'_>, rules: &Rules<'_>) -> bool {
    if record.offset >= rules.mapped_to {
        return true;
    }
    // A record without a key came in before the topic was compacted; nothing can ever replace it.
    let Some(key) = record.key else {
        return false;
    };
    let header = batch.header();
    let is_expired = record.value.is_none()
        && header.has_delete_horizon()
        && header.base_timestamp <= rules.now_ms;
    rules.last.is_last(key, record.offset) && !is_expired
}

/// The time after which the tombstones of a batch go, where it has none yet (KIP-534).
fn horizon(batch: &Batch<'_>, kept: &[Record<'_>], rules: &Rules<'_>) -> Option<i64> {
    let is_tombstone =
        |record: &Record<'_>| record.value.is_none() && record.offset < rules.mapped_to;
    (!batch.header().has_delete_horizon() && kept.iter().any(is_tombstone))
        .then(|| rules.now_ms.saturating_add(rules.delete_retention_ms))
}
