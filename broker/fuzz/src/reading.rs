//! Reads an open log as a consumer does, and compares with what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use broker::log::{Detail, Log, PartitionKey, ReadBounds, ReadError};
use wire::record_batch::{Batch, Record, batches};

/// Where the attributes begin; before them lie the fields that no checksum covers, but for the magic and the checksum.
const COVERED_AT: usize = 21;
/// More reads than any folder of a target takes.
const MAX_READS: usize = 2_000;

/// What a partition gives a consumer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Served {
    /// Batches by their base offset, as they are on the disk.
    pub batches: BTreeMap<i64, Vec<u8>>,
    /// Offsets that were answered with an error or with bytes that no client takes, each with the offset after it.
    pub refused: Vec<(i64, i64)>,
    /// Offsets below the high watermark that were asked for and passed over without a word.
    pub skipped: Vec<(i64, i64)>,
    /// Offsets that lie between two batches of one answer.
    pub gaps: Vec<(i64, i64)>,
    /// Log start offset.
    pub start: i64,
    /// High watermark.
    pub end: i64,
}

/// Key and value of a record.
type Content = (Option<Vec<u8>>, Option<Vec<u8>>);

/// Everything from the log start to the high watermark. An offset that is answered with an error is left out.
pub fn read_all(log: &Log, partition: PartitionKey) -> Served {
    let mut served = Served::default();
    let Some(offsets) = log.offsets(partition) else {
        return served;
    };
    (served.start, served.end) = (offsets.start, offsets.high_watermark);
    let mut offset = offsets.start;
    for _ in 0..MAX_READS {
        if offset >= offsets.high_watermark {
            return served;
        }
        let next = step(log, partition, offset, &mut served);
        assert!(
            next > offset,
            "a read at {offset} of {partition} leads to {next}"
        );
        offset = next;
    }
    served
}

/// Reads at `offset`; gives where to go on, as a client does.
fn step(log: &Log, partition: PartitionKey, offset: i64, served: &mut Served) -> i64 {
    let bounds = ReadBounds {
        max_bytes: 2000,
        memory_bytes: usize::MAX,
        at_least_one: true,
        below: None,
    };
    let whole = match log.read(partition, offset, bounds) {
        Ok(slices) => slices
            .concat()
            .map_err(|error| ReadError::Io { partition, error }),
        Err(error) => Err(error),
    };
    match whole {
        Ok(bytes) => take(&bytes, offset, served),
        Err(ReadError::Corrupt(damage)) => {
            if damage.first_offset > offset {
                served.skipped.push((offset, damage.first_offset));
            }
            served
                .refused
                .push((offset.max(damage.first_offset), damage.next_offset));
            damage.next_offset
        }
        Err(ReadError::Unverified { .. }) => {
            log.verify(partition, offset)
                .expect("files that are read can be verified");
            step(log, partition, offset, served)
        }
        Err(ReadError::Io { .. }) => {
            served.refused.push((offset, offset + 1));
            offset + 1
        }
        Err(error) => unreachable!("{error}"),
    }
}

/// Takes the batches of an answer; gives the offset after them.
fn take(bytes: &[u8], offset: i64, served: &mut Served) -> i64 {
    let mut next = offset;
    for batch in batches(bytes) {
        let Ok(batch) = batch else {
            served.refused.push((next, next + 1));
            return next + 1;
        };
        let header = batch.header();
        if header.base_offset > next {
            let passed = (next, header.base_offset);
            if next == offset {
                served.skipped.push(passed);
            } else {
                served.gaps.push(passed);
            }
        }
        next = next.max(header.next_offset());
        served
            .batches
            .insert(header.base_offset, batch.bytes().to_vec());
    }
    if next == offset {
        served.skipped.push((offset, offset + 1));
        next += 1;
    }
    next
}

/// What a replay gives, empty where headers were asked for; none when it ended with an error.
pub fn replay_all(log: &Log, partition: PartitionKey, detail: Detail) -> Option<Vec<Vec<u8>>> {
    let mut replayed = Vec::new();
    let done = log.replay(partition, 0, detail, &mut |batch| {
        assert!(
            replayed.len() < MAX_READS,
            "a replay of {partition} without an end"
        );
        replayed.push(batch.bytes.to_vec());
    });
    done.is_ok().then_some(replayed)
}

impl Served {
    /// Whether every batch that is whole by its checksum is one of `original`. Gives the base offset of one that is not.
    pub fn stranger(&self, original: &Self) -> Option<i64> {
        let is_known =
            |bytes: &Vec<u8>| original.batches.values().any(|known| is_same(known, bytes));
        let strange = |(_, bytes): &(&i64, &Vec<u8>)| is_sound(bytes) && !is_known(bytes);
        self.batches
            .iter()
            .find(strange)
            .map(|(base_offset, _)| *base_offset)
    }

    /// The offset of a record in a sound batch that is none of `original`, whatever batch it was in and, since no checksum
    /// covers offsets, at whatever offset.
    pub fn strange_record(&self, original: &Self) -> Option<i64> {
        let known: BTreeSet<_> = records(original).map(|(_, content)| content).collect();
        let strange = |(_, content): &(i64, Content)| !known.contains(content);
        records(self).find(strange).map(|(offset, _)| offset)
    }
}

/// The records of batches that a client takes, by their offsets: keys and values.
fn records(served: &Served) -> impl Iterator<Item = (i64, Content)> {
    let sound = served.batches.values().filter(|bytes| is_sound(bytes));
    sound.flat_map(|bytes| {
        let batch = Batch::split(bytes).map(|(batch, _)| batch.records());
        let records = batch.into_iter().flatten().map_while(Result::ok);
        let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        let content =
            |record: Record<'_>| (record.offset, (owned(record.key), owned(record.value)));
        records.map(content).collect::<Vec<_>>()
    })
}

/// Whether a client takes it.
pub fn is_sound(bytes: &[u8]) -> bool {
    Batch::split(bytes).is_ok_and(|(batch, rest)| rest.is_empty() && batch.verify().is_ok())
}

/// The same records: the leader epoch and what else no checksum covers does not count.
pub fn is_same(left: &[u8], right: &[u8]) -> bool {
    left.get(COVERED_AT..) == right.get(COVERED_AT..)
}
