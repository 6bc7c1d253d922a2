//! A data folder in which the files that a start relies on are damaged: the shared log, the manifest, snapshots, indexes, the
//! format.
//!
//! What must hold: no panic. The folder is refused, or: every batch that is read is one that was acknowledged, byte for byte;
//! an offset below the high watermark is served or answered with damage that the start named; no offset is given out twice;
//! the next start finds the same. `check` finds damage where a start does, and refuses what a start refuses.
//!
//! Where a checksum is made to fit what was damaged, which no disk does, only this holds: no panic, and reads come to an end.
#![no_main]

use std::{collections::BTreeMap, sync::LazyLock};

use arbitrary::Arbitrary;
use broker::log::{Log, PartitionKey, check};
use fuzzed::{
    checksum::{seal_file, seal_rounds},
    damage::Patch,
    folder::{Base, SNAPSHOT, append, damaged, is_kind, key, lay_out, options},
    reading::{Served, is_same, read_all},
};
use libfuzzer_sys::fuzz_target;

/// As a broker leaves a folder: killed, with the end in the shared log alone or in segments too, and after a stop.
static BASES: LazyLock<[Base; 3]> =
    LazyLock::new(|| [Base::crashed(false), Base::crashed(true), Base::closed()]);

/// The target's input.
#[derive(Debug, Arbitrary)]
struct Input {
    base: u8,
    /// Checksums at the end of files fit again.
    sealed: bool,
    patches: Vec<Patch>,
}

fuzz_target!(|input: Input| {
    let base = &BASES[usize::from(input.base) % BASES.len()];
    let dir = lay_out(&damaged(
        &base.files,
        &input.patches,
        is_prey,
        |name, content| {
            if input.sealed {
                seal(name, content);
            }
        },
    ));
    let checked = check(dir.path(), &mut |_, batch| {
        batch.verify().expect("a good batch");
    });
    let opened = Log::open(dir.path(), options());
    assert_eq!(checked.is_ok(), opened.is_ok(), "{checked:?} {opened:?}");
    let (Ok(checked), Ok(log)) = (checked, opened) else {
        return;
    };
    let first = read(&log);
    append(&log, key(0), 1000);
    if input.sealed {
        return;
    }
    assert!(
        log.recovery().damage.is_empty() || !checked.findings.is_empty(),
        "{:?}",
        log.recovery()
    );
    for (partition, served) in &first {
        judge(&log, *partition, served, &base.served[partition]);
    }
    if let Some(snapshot) = log.load_snapshot(SNAPSHOT) {
        assert_eq!((snapshot.at, snapshot.bytes), (5, vec![1; 40]));
    }
    go_on(log, dir.path(), &first);
});

fn is_prey(name: &str) -> bool {
    !is_kind(name, "log")
}

fn seal(name: &str, content: &mut [u8]) {
    if is_kind(name, "wal") {
        seal_rounds(content);
    } else {
        seal_file(content);
    }
}

fn read(log: &Log) -> BTreeMap<PartitionKey, Served> {
    log.partitions()
        .into_iter()
        .map(|partition| (partition, read_all(log, partition)))
        .collect()
}

/// What is served of a partition, against what was acknowledged.
fn judge(log: &Log, partition: PartitionKey, served: &Served, original: &Served) {
    assert_eq!(served.start, original.start, "{partition}");
    assert!(
        served.end <= original.end,
        "{partition}: {} of {}",
        served.end,
        original.end
    );
    assert_eq!(
        (&served.skipped, &served.gaps),
        (&Vec::new(), &Vec::new()),
        "{partition}"
    );
    for (base_offset, bytes) in &served.batches {
        let known = original
            .batches
            .get(base_offset)
            .expect("a batch that was acknowledged");
        assert!(
            is_same(known, bytes),
            "{partition}: another batch at {base_offset}"
        );
    }
    for &(first, next) in &served.refused {
        let is_named = log.recovery().damage.iter().any(|damage| {
            damage.partition == partition
                && damage.first_offset <= first
                && next <= damage.next_offset
        });
        assert!(
            is_named,
            "{partition}: {first} to {next} are refused without being named"
        );
    }
}

/// What was appended comes after everything else, and the next start finds it all.
fn go_on(log: Log, dir: &std::path::Path, first: &BTreeMap<PartitionKey, Served>) {
    let appended = first.contains_key(&key(0)).then(|| {
        let base_offset = append(&log, key(0), 1001).expect("the log goes on");
        assert!(base_offset >= first[&key(0)].end);
        base_offset
    });
    let before = read(&log);
    drop(log);
    let log = Log::open(dir, options()).expect("what was opened opens again");
    let after = read(&log);
    for (partition, served) in before {
        assert_eq!(
            after.get(&partition),
            Some(&served),
            "{partition} after another start"
        );
    }
    if let Some(base_offset) = appended {
        assert!(after[&key(0)].batches.contains_key(&base_offset));
    }
}
