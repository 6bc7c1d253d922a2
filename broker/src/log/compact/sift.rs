//! What becomes of one batch: whole, fewer records, or gone. Pure.

use std::{collections::BTreeSet, io};

use bytes::Bytes;
use wire::record_batch::{Batch, Record, Rewrite};

use super::keys::LastOffsets;

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
    /// A batch whose records unfold to more stays as it is.
    pub(super) unfolded_bytes: usize,
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
    let Ok(inflated) = batch.inflate(rules.unfolded_bytes) else {
        return Ok(Sifted::Whole);
    };
    let found = look(batch, &inflated, rules)?;
    let horizon = (found.has_tombstone && !header.has_delete_horizon())
        .then(|| rules.now_ms.saturating_add(rules.delete_retention_ms));
    if found.goes == 0 && horizon.is_none() {
        return Ok(Sifted::Whole);
    }
    if found.stays == 0 && !needed {
        return Ok(Sifted::Gone);
    }
    let rewrite = Rewrite {
        codec,
        level: None,
        delete_horizon: horizon,
    };
    // All of them could be read a moment ago.
    let records = batch.records_in(&inflated).map_while(Result::ok);
    let kept = records.filter(|record| stays(batch, record, rules));
    let rewritten = batch.rewrite(kept, rewrite)?;
    Ok(Sifted::Rewritten(rewritten.freeze()))
}

/// What is in a batch. Its records are gone through one by one, and once more to write them: together they may take many times
/// the memory of their bytes.
#[derive(Debug, Default)]
struct Found {
    stays: usize,
    goes: usize,
    /// One that stays is a tombstone, and time for it begins now unless it has begun (KIP-534).
    has_tombstone: bool,
}

fn look(batch: &Batch<'_>, inflated: &[u8], rules: &Rules<'_>) -> io::Result<Found> {
    let mut found = Found::default();
    for record in batch.records_in(inflated) {
        let record = record.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if !stays(batch, &record, rules) {
            found.goes += 1;
            continue;
        }
        found.stays += 1;
        found.has_tombstone |= record.value.is_none() && record.offset < rules.mapped_to;
    }
    Ok(found)
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
