//! The contract, on real files and on the simulated disk.

use std::{collections::BTreeMap, time::Duration};

use bytes::BytesMut;
use wire::{
    Uuid,
    record_batch::{BatchBuilder, batches},
};

use super::*;

mod bounds;
mod compacted;
mod crash;
mod damage;
mod day;
mod files;
mod held;
mod lookup;
mod retained;
mod ring;
mod rot;

pub(super) fn key(topic: u8, partition: i32) -> PartitionKey {
    PartitionKey {
        topic: Uuid([topic; 16]),
        partition,
    }
}

/// A batch whose records say who they are, so that a reader can tell them apart.
pub(super) fn batch(values: &[String], timestamp: i64) -> BytesMut {
    let mut builder = BatchBuilder::default();
    for value in values {
        builder.push(None, Some(value.as_bytes()), timestamp);
    }
    builder.build()
}

pub(super) fn values(prefix: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("{prefix}-{number}"))
        .collect()
}

pub(super) fn append(partition: PartitionKey, batch: BytesMut) -> Append {
    Append {
        partition,
        batch,
        flush: Flush::Sync,
        sync_every: None,
        origin: Origin::Client,
    }
}

pub(super) fn put(log: &Log, partition: PartitionKey, values: &[String], timestamp: i64) -> i64 {
    let ticket = log
        .append(vec![append(partition, batch(values, timestamp))])
        .unwrap();
    ticket.durable_blocking().unwrap()[0].base_offset
}

/// Whether a file's name ends so.
pub(super) fn is_kind(name: &str, end: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, found)| found == end)
}

pub(super) fn everything() -> ReadBounds {
    ReadBounds {
        max_bytes: 1 << 20,
        memory_bytes: usize::MAX,
        at_least_one: true,
        below: None,
    }
}

/// Reads as a consumer does: what is not verified yet is verified first.
pub(super) fn read(
    log: &Log,
    partition: PartitionKey,
    offset: i64,
    bounds: ReadBounds,
) -> Result<Slices, ReadError> {
    loop {
        match log.read(partition, offset, bounds) {
            Err(ReadError::Unverified { partition, offset }) => log.verify(partition, offset)?,
            answer => return answer,
        }
    }
}

/// Every record from the log start to the high watermark, read as a consumer does.
pub(super) fn read_all(log: &Log, partition: PartitionKey) -> BTreeMap<i64, String> {
    let offsets = log.offsets(partition).unwrap();
    let mut records = BTreeMap::new();
    let mut offset = offsets.start;
    while offset < offsets.high_watermark {
        let slices = match read(log, partition, offset, everything()) {
            Ok(slices) => slices,
            Err(ReadError::Corrupt(damage)) => {
                offset = damage.next_offset;
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        assert!(!slices.is_empty(), "nothing at {offset} of {offsets:?}");
        for batch in batches(&slices.concat().unwrap()) {
            let batch = batch.unwrap();
            batch.verify().unwrap();
            assert!(batch.header().next_offset() > offset);
            offset = batch.header().next_offset();
            for record in batch.records() {
                let record = record.unwrap();
                let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
                assert!(records.insert(record.offset, value).is_none());
            }
        }
    }
    records.retain(|&offset, _| offset >= offsets.start);
    records
}

/// Small bounds, so that files, rounds and checkpoints change often.
pub(super) fn small_options() -> Options {
    Options {
        tail_bytes: 4096,
        wal_file_bytes: Some(64 * 1024),
        start_file_bytes: 64 * 1024,
        write_behind_bytes: 2048,
        write_behind_delay: Duration::from_millis(5),
        checkpoint_bytes: 128 * 1024,
        follower_delay: Duration::from_millis(5),
        reserve_bytes: 0,
        ..Options::default()
    }
}

/// The same numbers for the same seed (`SplitMix64`).
#[derive(Debug, Clone)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
