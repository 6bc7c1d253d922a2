//! A data folder in which the segments of partitions, or the indexes beside them, are damaged.
//!
//! What must hold: no panic, and every walk over a partition comes to an end. A batch whose checksum fits is one that was
//! acknowledged, also after a compaction. An offset below the high watermark is served or answered with an error. Where
//! `check` finds nothing, everything is served, and a replay gives the same. `check` changes nothing.
//!
//! The checksum of a damaged batch may be made to fit, so that what its header and records say is believed; that of an index
//! too, after which only the first sentence holds.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use broker::log::{Checked, Compaction, Detail, Log, PartitionKey, Policy, Retained, check};
use fuzzed::{
    checksum::{seal_batches, seal_file},
    damage::Patch,
    folder::{Base, append, damaged, files_in, is_kind, key, lay_out, options},
    reading::{Served, is_same, is_sound, read_all, replay_all},
};
use libfuzzer_sys::fuzz_target;

/// As a broker leaves a folder: killed, with the end in segments too, and after a stop.
static BASES: LazyLock<[Base; 2]> = LazyLock::new(|| [Base::crashed(true), Base::closed()]);

/// The target's input.
#[derive(Debug, Arbitrary)]
struct Input {
    base: u8,
    seal: Seal,
    /// What is looked up.
    timestamp: i64,
    patches: Vec<Patch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
enum Seal {
    Nothing,
    Batches,
    BatchesAndIndexes,
}

impl Seal {
    fn apply(self, name: &str, content: &mut [u8]) {
        match (self, is_kind(name, "log")) {
            (Self::Nothing, _) | (Self::Batches, false) => {}
            (Self::Batches | Self::BatchesAndIndexes, true) => seal_batches(content),
            (Self::BatchesAndIndexes, false) => seal_file(content),
        }
    }
}

fuzz_target!(|input: Input| {
    let base = &BASES[usize::from(input.base) % BASES.len()];
    let files = damaged(&base.files, &input.patches, is_prey, |name, content| {
        input.seal.apply(name, content);
    });
    let dir = lay_out(&files);
    let checked = check(dir.path(), &mut |_, batch| {
        batch.verify().expect("a good batch");
    });
    let checked = checked.expect("the files that say what is there are whole");
    assert_eq!(files_in(dir.path()), files, "a check changed something");
    let log =
        Log::open(dir.path(), options()).expect("segments alone are no reason to refuse a folder");
    for (&partition, original) in &base.served {
        let served = read_all(&log, partition);
        look_up(&log, partition, input.timestamp);
        let replayed = replay_all(&log, partition, Detail::Batches);
        let headers = replay_all(&log, partition, Detail::Headers).map(|headers| headers.len());
        if input.seal == Seal::BatchesAndIndexes {
            continue;
        }
        assert_eq!(served.skipped, [], "{partition}");
        if input.seal == Seal::Nothing {
            assert_eq!(
                served.stranger(original),
                None,
                "{partition} serves what nobody wrote"
            );
        }
        if is_clean(&checked, partition) {
            judge(partition, &served, original, input.seal);
            assert_eq!(headers, Some(served.batches.len()));
            assert!(replayed.is_some_and(|replayed| replayed.iter().eq(served.batches.values())));
        }
    }
    compact(&log);
    if input.seal == Seal::Nothing {
        let served = read_all(&log, key(0));
        let strange = served.strange_record(&base.served[&key(0)]);
        assert_eq!(strange, None, "compaction made damage good");
    }
    work_on(&log);
});

fn is_prey(name: &str) -> bool {
    name.starts_with("partitions/")
}

fn is_clean(checked: &Checked, partition: PartitionKey) -> bool {
    let is_of = |records: broker::log::Damage| records.partition == partition;
    !checked
        .findings
        .iter()
        .any(|finding| finding.records.is_none_or(is_of))
}

/// What is served where nothing was found wrong.
fn judge(partition: PartitionKey, served: &Served, original: &Served, seal: Seal) {
    assert_eq!(
        (served.start, served.end),
        (original.start, original.end),
        "{partition}"
    );
    assert_eq!(
        (&served.refused, &served.gaps),
        (&Vec::new(), &Vec::new()),
        "{partition}"
    );
    for (base_offset, bytes) in &served.batches {
        assert!(
            is_sound(bytes),
            "{partition}: an unsound batch at {base_offset}"
        );
        let is_known = original
            .batches
            .get(base_offset)
            .is_some_and(|known| is_same(known, bytes));
        assert!(
            is_known || seal != Seal::Nothing,
            "{partition}: another batch at {base_offset}"
        );
    }
}

/// What a look-up finds may be nonsense; it is an answer.
fn look_up(log: &Log, partition: PartitionKey, timestamp: i64) {
    for timestamp in [i64::MIN, 0, 3000, 17_001, timestamp] {
        let _ = log.find_by_time(partition, timestamp);
    }
    let _ = log.max_timestamp(partition);
    for epoch in -1..3 {
        let _ = log.epoch_end(partition, epoch);
    }
}

/// Every key keeps its last record alone.
fn compact(log: &Log) {
    let policy = Policy {
        compaction: Some(Compaction {
            min_dirty_ppm: 0,
            ..Compaction::default()
        }),
        ..Policy::default()
    };
    log.create(key(0), policy).expect("the log runs");
    let _ = log.compact(key(0), &Retained::default(), 1 << 40);
}

/// What else a broker does with a partition while it runs.
fn work_on(log: &Log) {
    append(log, key(0), 1000);
    let _ = log.trim(key(0), 10);
    read_all(log, key(0));
}
