//! Goal: compaction keeps the last record of each key, its offset, order and time, tombstones for as long as asked and the
//! sequence of each producer (I9), and whoever reads comes to the end. Method: random logs in every codec beside a model,
//! with restarts in between.

use std::collections::BTreeSet;

use wire::record_batch::Codec;

use super::{
    super::disk::simulated::{Crash, Simulated},
    *,
};

const DELETE_RETENTION_MS: i64 = 1000;

/// One record as it was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    offset: i64,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
    timestamp: i64,
}

fn policy(min_dirty_ppm: u32) -> Policy {
    Policy {
        segment_bytes: 4096,
        compaction: Some(Compaction {
            min_dirty_ppm,
            delete_retention_ms: DELETE_RETENTION_MS,
            ..Compaction::default()
        }),
        ..Policy::default()
    }
}

/// Appends a batch of these records in a codec; what was appended.
fn add(log: &Log, codec: Codec, records: &[(u64, Option<usize>)], now: i64) -> Vec<Known> {
    let base = log.offsets(key(1, 0)).unwrap().end;
    let mut builder = BatchBuilder::default().producer(7, 0, i32::try_from(base).unwrap());
    let mut known = Vec::new();
    for (offset, (number, size)) in (base..).zip(records) {
        let (name, value) = (format!("key-{number}"), size.map(|size| vec![b'v'; size]));
        builder.push(Some(name.as_bytes()), value.as_deref(), now);
        known.push(Known {
            offset,
            key: name.into_bytes(),
            value,
            timestamp: now,
        });
    }
    let packed = builder.build_in(codec).unwrap();
    let ticket = log.append(vec![append(key(1, 0), packed)]).unwrap();
    assert_eq!(ticket.durable_blocking().unwrap()[0].base_offset, base);
    known
}

/// What a consumer reads from `from` on, a few KiB at a time; it must come to the end.
fn read(log: &Log, from: i64) -> Vec<Known> {
    let end = log.offsets(key(1, 0)).unwrap().high_watermark;
    let bounds = ReadBounds {
        max_bytes: 3000,
        ..everything()
    };
    let (mut records, mut offset) = (Vec::new(), from);
    while offset < end {
        let bytes = super::read(log, key(1, 0), offset, bounds)
            .unwrap()
            .concat()
            .unwrap();
        assert!(!bytes.is_empty(), "nothing at {offset} of {end}");
        for batch in batches(&bytes) {
            let batch = batch.unwrap();
            batch.verify().unwrap();
            assert!(batch.header().next_offset() > offset);
            let inflated = batch.inflate(1 << 20).unwrap();
            for record in batch.records_in(&inflated).map(Result::unwrap) {
                records.push(Known {
                    offset: record.offset,
                    key: record.key.unwrap().to_vec(),
                    value: record.value.map(<[u8]>::to_vec),
                    timestamp: record.timestamp,
                });
            }
            offset = batch.header().next_offset();
        }
    }
    records.retain(|record| record.offset >= from);
    records
}

/// Everything that is visible lies in segments afterwards: the writer hands over what it has completed a moment after it
/// has told so.
fn write_behind(log: &Log) {
    let partition = log.find(key(1, 0)).unwrap();
    let end = partition.end();
    while partition.hold().written < end {
        let threads = &log.shared.threads;
        threads
            .with_behind(super::super::behind::Behind::write_all)
            .unwrap();
    }
}

/// Compacts until nothing is due; up to where the log is compacted then.
fn compact(log: &Log, now: i64) -> i64 {
    write_behind(log);
    for _ in 0..100 {
        let before = log.size_bytes(key(1, 0));
        let cleaned = log.compact(key(1, 0), &Retained::default(), now).unwrap();
        if cleaned.is_none() {
            return log.find(key(1, 0)).unwrap().hold().cleaned_to;
        }
        assert!(log.size_bytes(key(1, 0)) <= before.map(|bytes| bytes + 4096));
    }
    panic!("it is never done");
}

/// What the model says must be there, and may be there.
fn check(model: &[Known], found: &[Known], cleaned_to: i64, seed: u64) {
    let offsets: Vec<_> = found.iter().map(|record| record.offset).collect();
    assert!(
        offsets.is_sorted_by(|a, b| a < b),
        "seed {seed}: {offsets:?}"
    );
    for record in found {
        let place = usize::try_from(record.offset).unwrap();
        assert_eq!(*record, model[place], "seed {seed}");
    }
    let there: BTreeSet<_> = offsets.into_iter().collect();
    let mut last: BTreeMap<&[u8], &Known> = BTreeMap::new();
    for record in model {
        let before = last.insert(&record.key, record);
        if let Some(before) = before
            && record.offset < cleaned_to
        {
            let offset = before.offset;
            assert!(
                !there.contains(&offset),
                "seed {seed}: {offset} is shadowed and stayed"
            );
        }
    }
    let values = last.values().filter(|record| record.value.is_some());
    let new = model.iter().filter(|record| record.offset >= cleaned_to);
    for record in values.copied().chain(new) {
        assert!(
            there.contains(&record.offset),
            "seed {seed}: {record:?} is gone"
        );
    }
}

#[test]
fn the_last_record_of_each_key_stays_and_readers_come_to_the_end() {
    for seed in 0..12 {
        let mut random = Random(seed);
        let disk = Simulated::default();
        let mut log = Log::open_simulated(&disk, small_options());
        log.create(key(1, 0), policy(0)).unwrap();
        let (mut model, mut now) = (Vec::new(), 10_000);
        for _ in 0..6 {
            for _ in 0..20 + random.below(40) {
                now += 10;
                let codecs = [
                    Codec::None,
                    Codec::Gzip,
                    Codec::Snappy,
                    Codec::Lz4,
                    Codec::Zstd,
                ];
                let codec = codecs[usize::try_from(random.below(5)).unwrap()];
                let records: Vec<_> = (0..=random.below(5))
                    .map(|_| {
                        let size = usize::try_from(random.below(300)).unwrap();
                        (random.below(40), (random.below(8) > 0).then_some(size))
                    })
                    .collect();
                model.extend(add(&log, codec, &records, now));
            }
            let cleaned_to = compact(&log, now);
            assert!(cleaned_to > 0, "seed {seed}");
            check(&model, &read(&log, 0), cleaned_to, seed);
            let from = i64::try_from(random.below(model.len() as u64)).unwrap();
            let mut later = read(&log, 0);
            later.retain(|record| record.offset >= from);
            assert_eq!(read(&log, from), later, "seed {seed}: from {from}");
            if random.below(2) == 0 {
                drop(log);
                disk.kill();
                log = Log::open_simulated(&disk, small_options());
                assert_eq!(log.recovery().damage, []);
                log.create(key(1, 0), policy(0)).unwrap();
                check(&model, &read(&log, 0), cleaned_to, seed);
            }
        }
    }
}

/// A log whose first segments hold these records and are closed by others that follow.
fn closed(disk: &Simulated, records: &[(u64, Option<usize>)]) -> (Log, Vec<Known>) {
    let log = Log::open_simulated(disk, small_options());
    log.create(key(1, 0), policy(0)).unwrap();
    let mut model = Vec::new();
    for record in records {
        model.extend(add(&log, Codec::None, &[*record], 0));
    }
    for number in 0..40 {
        model.extend(add(&log, Codec::None, &[(1000 + number, Some(300))], 0));
    }
    (log, model)
}

#[test]
fn a_tombstone_stays_as_long_as_it_was_promised() {
    let disk = Simulated::default();
    let (log, _) = closed(&disk, &[(1, Some(10)), (2, Some(10)), (1, None)]);
    let there = |log: &Log| {
        let tombstones = read(log, 0)
            .into_iter()
            .filter(|record| record.value.is_none());
        tombstones.map(|record| record.offset).collect::<Vec<_>>()
    };
    compact(&log, 50_000);
    assert_eq!(there(&log), [2]);
    assert!(read(&log, 0).iter().all(|record| record.offset != 0));
    // More that is dirty, before and after the time that was promised with the first compaction.
    for (now, expected) in [
        (50_000 + DELETE_RETENTION_MS - 1, vec![2]),
        (50_000 + DELETE_RETENTION_MS, vec![]),
    ] {
        for number in 0..40 {
            add(&log, Codec::None, &[(2000 + number, Some(300))], now);
        }
        compact(&log, now);
        assert_eq!(there(&log), expected, "{now}");
    }
}

#[test]
fn what_is_damaged_is_left_as_it_is_and_gets_no_new_checksum() {
    let first_segment = |disk: &Simulated| {
        let files = disk.files(&super::super::segment::dir_name(key(1, 0)));
        let mut segments = files.into_iter().filter(|(name, _)| is_kind(name, "log"));
        segments.next().unwrap()
    };
    // Of the base offset, which no checksum covers, and of a record.
    for at in [6, 80] {
        let disk = Simulated::default();
        let (log, _) = closed(&disk, &[(1, Some(10)), (2, Some(10)), (1, Some(10))]);
        write_behind(&log);
        let (name, _) = first_segment(&disk);
        disk.damage(&name, at);
        let before = first_segment(&disk);
        let refused = log.compact(key(1, 0), &Retained::default(), 50_000);
        assert!(matches!(refused, Err(ReadError::Io { .. })), "byte {at}");
        assert_eq!(first_segment(&disk), before, "byte {at}");
    }
}

#[test]
fn the_newest_batch_of_a_producer_stays_though_its_records_go() {
    let disk = Simulated::default();
    let (log, _) = closed(&disk, &[(1, Some(10)), (1, Some(10)), (1, Some(10))]);
    write_behind(&log);
    let retained = Retained {
        unstable_from: None,
        producers: BTreeSet::from([1]),
    };
    log.compact(key(1, 0), &retained, 0).unwrap().unwrap();
    let mut headers = Vec::new();
    log.replay(key(1, 0), 0, Detail::Headers, &mut |batch| {
        headers.push(batch.header);
    })
    .unwrap();
    let empty: Vec<_> = headers
        .iter()
        .filter(|header| header.record_count == 0)
        .collect();
    assert_eq!(empty.len(), 1);
    assert_eq!((empty[0].base_offset, empty[0].base_sequence), (1, 1));
    assert_eq!(read(&log, 0)[0].offset, 2);
}

#[test]
fn nothing_is_compacted_in_an_open_transaction_or_before_its_time() {
    let disk = Simulated::default();
    let (log, model) = closed(&disk, &[(1, Some(10)), (1, Some(10))]);
    write_behind(&log);
    let open = Retained {
        unstable_from: Some(0),
        ..Retained::default()
    };
    assert_eq!(log.compact(key(1, 0), &open, 0).unwrap(), None);
    let late = Policy {
        compaction: Some(Compaction {
            min_lag_ms: 1000,
            ..Compaction::default()
        }),
        ..policy(0)
    };
    log.create(key(1, 0), late).unwrap();
    assert_eq!(
        log.compact(key(1, 0), &Retained::default(), 999).unwrap(),
        None
    );
    assert_eq!(read(&log, 0), model);
    assert!(
        log.compact(key(1, 0), &Retained::default(), 1000)
            .unwrap()
            .is_some()
    );
}

#[test]
fn the_newest_segment_is_closed_when_its_records_waited_too_long() {
    let disk = Simulated::default();
    let log = Log::open_simulated(&disk, small_options());
    let policy = Policy {
        compaction: Some(Compaction {
            max_lag_ms: 1000,
            ..Compaction::default()
        }),
        ..Policy::default()
    };
    log.create(key(1, 0), policy).unwrap();
    for _ in 0..5 {
        add(&log, Codec::None, &[(1, Some(10))], 0);
    }
    write_behind(&log);
    assert_eq!(
        log.compact(key(1, 0), &Retained::default(), 1000).unwrap(),
        None
    );
    assert!(
        log.compact(key(1, 0), &Retained::default(), 1001)
            .unwrap()
            .is_some()
    );
    assert_eq!(read(&log, 0).len(), 1);
    // What follows goes to a file of its own, and the end is where it was.
    add(&log, Codec::None, &[(2, Some(10))], 0);
    write_behind(&log);
    assert_eq!(
        read(&log, 3)
            .iter()
            .map(|record| record.offset)
            .collect::<Vec<_>>(),
        [4, 5]
    );
    assert_eq!(log.find(key(1, 0)).unwrap().hold().segments.len(), 2);
}

#[test]
fn segments_that_became_small_are_put_together_and_the_old_files_go() {
    let disk = Simulated::default();
    let log = Log::open_simulated(&disk, small_options());
    log.create(key(1, 0), policy(0)).unwrap();
    for _ in 0..200 {
        add(&log, Codec::None, &[(1, Some(300))], 0);
    }
    write_behind(&log);
    let before = log.find(key(1, 0)).unwrap().hold().segments.len();
    assert!(before > 10, "{before}");
    compact(&log, 0);
    let spans: Vec<_> = {
        let partition = log.find(key(1, 0)).unwrap();
        let held = partition.hold();
        held.segments.iter().map(|segment| segment.span).collect()
    };
    assert!(spans.len() <= 3, "{spans:?}");
    assert!(
        spans
            .windows(2)
            .all(|pair| pair[0].next_offset == pair[1].base_offset)
    );
    let name =
        |span: &super::super::retention::Span| super::super::segment::file_name(key(1, 0), span);
    let names: Vec<_> = spans.iter().map(name).collect();
    let is_named = |names: &[String]| super::super::checkpoint::is_any_named(&disk, names);
    assert!(
        names
            .iter()
            .all(|name| is_named(std::slice::from_ref(name)))
    );
    assert!(!is_named(&[names[0].replace(".log", ".9.log")]));
    let dir = super::super::segment::dir_name(key(1, 0));
    let files = disk.files(&dir);
    let segments = files.iter().filter(|(name, _)| is_kind(name, "log"));
    assert_eq!(segments.count(), spans.len());
    assert!(read(&log, 0).len() < 20);
}

/// Compactions with appends before, between and after them, cut off after every operation of the disk: what is left opens
/// without damage, holds the last acknowledged record of each key, and nothing that was never there.
#[test]
fn a_crash_at_every_operation_of_a_compaction_loses_nothing() {
    let disk = Simulated::default();
    let log = Log::open_simulated(&disk, small_options());
    log.create(key(1, 0), policy(0)).unwrap();
    let (mut model, mut acknowledged) = (Vec::new(), Vec::new());
    for round in 0..3 {
        for number in 0..60 {
            model.extend(add(
                &log,
                Codec::Lz4,
                &[(number % 7, Some(200)), (round, Some(9))],
                0,
            ));
            acknowledged.push((disk.operation_count(), model.len()));
        }
        compact(&log, 0);
    }
    drop(log);
    let mut random = Random(3);
    for cut in 0..=disk.operation_count() {
        for crash in [
            Crash::Lost,
            Crash::Kept,
            Crash::Reordered,
            Crash::TornSectors,
        ] {
            let left = disk.crash(cut, crash, &mut || random.next());
            let log = Log::open_simulated(&left, small_options());
            assert_eq!(log.recovery().damage, [], "{crash:?} after {cut}");
            let promised = acknowledged.iter().rev().find(|(at, _)| *at <= cut);
            let promised = promised.map_or(0, |(_, count)| *count);
            let Some(offsets) = log.offsets(key(1, 0)) else {
                assert_eq!(promised, 0, "{crash:?} after {cut}");
                continue;
            };
            let end = usize::try_from(offsets.high_watermark).unwrap();
            assert!(
                end >= promised,
                "{crash:?} after {cut}: {end} of {promised}"
            );
            let found = read(&log, 0);
            check_subset(&model[..end], &found, &format!("{crash:?} after {cut}"));
        }
    }
}

/// Every record found was appended, and the last one of each key is found.
fn check_subset(model: &[Known], found: &[Known], place: &str) {
    for record in found {
        assert_eq!(
            *record,
            model[usize::try_from(record.offset).unwrap()],
            "{place}"
        );
    }
    let there: BTreeSet<_> = found.iter().map(|record| record.offset).collect();
    let last: BTreeMap<&[u8], i64> = model
        .iter()
        .map(|record| (record.key.as_slice(), record.offset))
        .collect();
    for (name, offset) in last {
        assert!(there.contains(&offset), "{place}: {name:?} at {offset}");
    }
}
