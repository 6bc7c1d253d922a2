//! Reads and look-ups compared with brute force over everything that was written.

use std::sync::Arc;

use proptest::prelude::*;

use super::{super::disk::simulated::Simulated, *};

/// Records as (offset, timestamp), and the batches they are in as (base, next).
#[derive(Debug, Default)]
struct Written {
    records: Vec<(i64, i64)>,
    batches: Vec<(i64, i64)>,
}

/// A partition with these batches of timestamps; some in memory only, the rest in files of a few batches each.
fn write(batches: &[Vec<i64>], in_files: usize, reopen: bool) -> (Log, Written) {
    let disk = Simulated::default();
    let options = Options {
        tail_bytes: 0,
        write_behind_bytes: 1 << 20,
        ..small_options()
    };
    let (mut log, mut writer) = Log::open_idle(Arc::new(disk.clone()), options.clone()).unwrap();
    let policy = Policy {
        segment_bytes: 4096,
        ..Policy::default()
    };
    log.create(key(1, 0), policy).unwrap();
    let mut written = Written::default();
    for (place, timestamps) in batches.iter().enumerate() {
        let base = log.offsets(key(1, 0)).unwrap().end;
        let mut builder = BatchBuilder::default();
        for (offset, timestamp) in (base..).zip(timestamps) {
            builder.push(None, Some(&[b'v'; 400]), *timestamp);
            written.records.push((offset, *timestamp));
        }
        written
            .batches
            .push((base, base + i64::from(builder.count())));
        log.append(vec![append(key(1, 0), builder.build())])
            .unwrap();
        while log.stats().queued_bytes > 0 {
            writer.step(std::time::Instant::now()).unwrap();
        }
        if place + 1 == in_files {
            log.shared
                .threads
                .with_behind(super::super::behind::Behind::write_all)
                .unwrap();
        }
    }
    if reopen {
        disk.kill();
        (log, _) = Log::open_idle(Arc::new(disk), options).unwrap();
    }
    (log, written)
}

fn days() -> impl Strategy<Value = (Vec<Vec<i64>>, usize, bool)> {
    let batch = proptest::collection::vec(0_i64..500, 1..6);
    (
        proptest::collection::vec(batch, 1..40),
        0_usize..40,
        any::<bool>(),
    )
}

#[test]
fn what_a_trim_took_is_not_found_by_time() {
    let (log, _) = write(&[vec![9, 9], vec![3, 4], vec![1, 4]], 3, false);
    log.trim(key(1, 0), 3).unwrap();
    let found = |found: Option<TimedOffset>| found.map(|found| (found.offset, found.timestamp));
    assert_eq!(found(log.max_timestamp(key(1, 0)).unwrap()), Some((3, 4)));
    assert_eq!(found(log.find_by_time(key(1, 0), 0).unwrap()), Some((3, 4)));
    assert_eq!(found(log.find_by_time(key(1, 0), 5).unwrap()), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn look_ups_by_time_agree_with_brute_force((batches, in_files, reopen) in days(), at in 0_i64..510) {
        let (log, written) = write(&batches, in_files, reopen);
        let expected = written.records.iter().find(|(_, timestamp)| *timestamp >= at);
        let found = log.find_by_time(key(1, 0), at).unwrap();
        prop_assert_eq!(found.map(|found| (found.offset, found.timestamp)), expected.copied());
        let largest = written.records.iter().map(|(_, timestamp)| *timestamp).max().unwrap();
        let expected = written.records.iter().find(|(_, timestamp)| *timestamp == largest);
        let found = log.max_timestamp(key(1, 0)).unwrap();
        prop_assert_eq!(found.map(|found| (found.offset, found.timestamp)), expected.copied());
    }

    #[test]
    fn a_read_gives_whole_batches_from_the_one_that_contains_the_offset(
        (batches, in_files, reopen) in days(),
        pick in any::<proptest::sample::Index>(),
        max_bytes in 0_usize..12_000,
        at_least_one in any::<bool>(),
        cut in any::<Option<proptest::sample::Index>>(),
    ) {
        let (log, written) = write(&batches, in_files, reopen);
        let (offset, _) = *pick.get(&written.records);
        let below = cut.map(|cut| cut.get(&written.batches).1);
        let bounds = ReadBounds { max_bytes, memory_bytes: usize::MAX, at_least_one, below };
        let slices = read(&log, key(1, 0), offset, bounds).unwrap();
        let bytes = slices.concat().unwrap();
        prop_assert_eq!(bytes.len(), slices.size_bytes());
        let found: Vec<(i64, i64)> = wire::record_batch::batches(&bytes)
            .map(|batch| { let header = *batch.unwrap().header(); (header.base_offset, header.next_offset()) })
            .collect();
        let below = below.unwrap_or(i64::MAX);
        let mut expected = written.batches.iter().filter(|(_, next)| *next > offset);
        for batch in &found {
            prop_assert_eq!(Some(batch), expected.next());
            prop_assert!(batch.1 <= below);
        }
        prop_assert!(bytes.len() <= max_bytes || (at_least_one && found.len() == 1));
        let first = written.batches.iter().find(|(_, next)| *next > offset).unwrap();
        prop_assert!(!found.is_empty() || !at_least_one || first.1 > below);
    }
}

/// The index of a closed segment is kept beside it, and what is kept is the same as what is made anew.
#[test]
fn indexes_are_kept_and_a_damaged_one_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let policy = Policy {
        segment_bytes: 200_000,
        ..Policy::default()
    };
    let log = Log::open(dir.path(), small_options()).unwrap();
    log.create(key(1, 0), policy).unwrap();
    for number in 0..600 {
        put(&log, key(1, 0), &["x".repeat(1000)], number);
    }
    let before = read_all(&log, key(1, 0));
    log.close().unwrap();
    drop(log);
    let partition = dir.path().join(super::super::segment::dir_name(key(1, 0)));
    let indexes = || {
        let files = std::fs::read_dir(&partition).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        paths
            .filter(|path| path.extension().is_some_and(|end| end == "index"))
            .collect::<Vec<_>>()
    };
    assert!(indexes().len() >= 2, "{:?}", indexes());
    for damage in [false, true] {
        if damage {
            std::fs::write(&indexes()[0], b"EDDYIDX1 and nothing of it").unwrap();
        }
        let log = Log::open(dir.path(), small_options()).unwrap();
        for offset in [599, 3, 250, 120] {
            let bytes = read(&log, key(1, 0), offset, everything()).unwrap();
            let bytes = bytes.concat().unwrap();
            let first = batches(&bytes).next().unwrap().unwrap();
            assert_eq!(first.header().base_offset, offset);
        }
        assert_eq!(read_all(&log, key(1, 0)), before);
        log.close().unwrap();
    }
}
