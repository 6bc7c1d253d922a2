//! Bits that turn in closed files: found before anything of the file is given, named, and nothing else is lost for them.

use std::ops::Range;

use super::{
    super::{
        check::check_disk,
        disk::simulated::{Crash, Simulated},
    },
    *,
};

const BATCHES: usize = 60;
const RECORDS: usize = 3;
const STEP: i64 = 3;

fn open(disk: &Simulated) -> Log {
    disk.kill();
    Log::open_on(Arc::new(disk.clone()), small_options()).unwrap()
}

/// A log whose one partition has segments of so many bytes.
fn filled(disk: &Simulated, segment_bytes: u64) -> Log {
    let log = open(disk);
    let policy = Policy {
        segment_bytes,
        ..Policy::default()
    };
    log.create(key(1, 0), policy).unwrap();
    for (number, time) in (0..BATCHES).zip(0..) {
        let name = format!("{number}-{}", "x".repeat(80));
        put(&log, key(1, 0), &values(&name, RECORDS), time);
    }
    log
}

fn segments(disk: &Simulated) -> Vec<(String, Vec<u8>)> {
    let dir = super::super::segment::dir_name(key(1, 0));
    let mut segments = disk.files(&dir);
    segments.retain(|(name, _)| is_kind(name, "log"));
    segments
}

/// A closed log whose one partition has some segments, and the segments.
fn closed() -> (Simulated, Vec<(String, Vec<u8>)>) {
    let disk = Simulated::default();
    let log = filled(&disk, 4096);
    log.close().unwrap();
    drop(log);
    let segments = segments(&disk);
    assert!(segments.len() > 3);
    (disk, segments)
}

fn copy(disk: &Simulated) -> Simulated {
    disk.crash(disk.operation_count(), Crash::Kept, &mut || 0)
}

/// Offsets that cannot be read, after what can was looked at.
fn lost(log: &Log) -> Vec<i64> {
    let offsets = log.offsets(key(1, 0)).unwrap();
    let records = read_all(log, key(1, 0));
    for (offset, value) in &records {
        let number = usize::try_from(*offset).unwrap();
        let (batch, record) = (number / RECORDS, number % RECORDS);
        assert!(
            value.starts_with(&format!("{batch}-x")) && value.ends_with(&format!("-{record}")),
            "{value} at {offset}"
        );
    }
    (offsets.start..offsets.high_watermark)
        .filter(|offset| !records.contains_key(offset))
        .collect()
}

/// The offsets of the batch that a byte of a segment belongs to.
fn of_byte(content: &[u8], at: usize) -> Vec<i64> {
    let mut begin = 0;
    for batch in batches(content) {
        let batch = batch.unwrap();
        begin += batch.bytes().len();
        if begin > at {
            let header = batch.header();
            return (header.base_offset..header.next_offset()).collect();
        }
    }
    panic!("byte {at} is in no batch");
}

#[test]
fn a_turned_bit_costs_the_batch_it_is_in_and_no_other() {
    let (disk, segments) = closed();
    let mut random = Random(7);
    for round in 0..150 {
        let (name, content) =
            &segments[usize::try_from(random.below(segments.len() as u64)).unwrap()];
        // Headers more often than their share.
        let at = match round % 2 {
            0 => usize::try_from(random.below(content.len() as u64)).unwrap(),
            _ => usize::try_from(random.below(61)).unwrap(),
        };
        let disk = copy(&disk);
        disk.damage(name, at);
        let log = open(&disk);
        let lost = lost(&log);
        let damaged = of_byte(content, at);
        assert!(
            lost.is_empty() || lost == damaged,
            "{name} byte {at}: {lost:?}, not {damaged:?}"
        );
        // The leader epoch is in no checksum, and nobody misses it.
        let harmless = lost.is_empty();
        let in_batch = at - content_start(content, at);
        assert_eq!(harmless, (12..16).contains(&in_batch), "{name} byte {at}");
        if !harmless {
            let told = log.damage();
            assert_eq!(
                (told[0].first_offset, told[0].next_offset - 1),
                (damaged[0], damaged[RECORDS - 1])
            );
        }
    }
}

fn content_start(content: &[u8], at: usize) -> usize {
    let mut begin = 0;
    for batch in batches(content) {
        let size = batch.unwrap().bytes().len();
        if begin + size > at {
            break;
        }
        begin += size;
    }
    begin
}

#[test]
fn a_missing_file_costs_its_own_records() {
    let (disk, segments) = closed();
    let (name, content) = &segments[1];
    let disk = copy(&disk);
    super::super::disk::Disk::remove(&disk, name).unwrap();
    let log = open(&disk);
    let expected: Vec<_> = batches(content)
        .flat_map(|batch| {
            let header = *batch.unwrap().header();
            header.base_offset..header.next_offset()
        })
        .collect();
    assert_eq!(lost(&log), expected);
    let inside = log.find_by_time(key(1, 0), expected[0] / STEP);
    assert!(matches!(inside, Err(ReadError::Corrupt(_))), "{inside:?}");
    assert!(log.find_by_time(key(1, 0), 0).unwrap().is_some());
    // Writing goes on.
    put(&log, key(1, 0), &values("later", 1), 0);
}

#[test]
fn times_are_found_around_damage_and_never_across_it() {
    let (disk, segments) = closed();
    let (name, content) = &segments[2];
    let (first, second) = {
        let mut found = batches(content).map(|batch| *batch.unwrap().header());
        (found.next().unwrap(), found.next().unwrap())
    };
    let disk = copy(&disk);
    disk.damage(name, first.size_bytes() + 100);
    let log = open(&disk);
    let found = log.find_by_time(key(1, 0), first.base_timestamp).unwrap();
    assert_eq!(found.unwrap().offset, first.base_offset);
    let inside = log.find_by_time(key(1, 0), second.base_timestamp);
    assert!(
        matches!(inside, Err(ReadError::Corrupt(damage)) if damage.first_offset == second.base_offset),
        "{inside:?}"
    );
    let behind = log
        .find_by_time(key(1, 0), second.base_timestamp + 2)
        .unwrap();
    assert_eq!(behind.unwrap().offset, second.base_offset + 2 * STEP);
}

/// What a sector costs that the device has lost: the batches that have bytes in it.
fn around(content: &[u8], lost: &Range<usize>) -> Vec<i64> {
    let mut all: Vec<i64> = lost.clone().flat_map(|at| of_byte(content, at)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The page that a byte lies in.
fn page(at: usize, content: &[u8]) -> Range<usize> {
    let first = at / 4096 * 4096;
    first..(first + 4096).min(content.len())
}

#[test]
fn a_sector_that_cannot_be_read_costs_the_batches_of_its_page_and_no_other() {
    let disk = Simulated::default();
    filled(&disk, 1 << 20).close().unwrap();
    let (name, content) = segments(&disk).pop().unwrap();
    assert!(content.len() > 4 * 4096);
    for at in (0..content.len()).step_by(512) {
        let disk = copy(&disk);
        disk.lose(&name, at);
        let page = page(at, &content);
        let expected = around(&content, &page);
        let checked = check_disk(&disk, &mut |_, _| {}).unwrap();
        let told = checked.findings.iter().filter_map(|found| found.records);
        let told = told.flat_map(|damage| damage.first_offset..damage.next_offset);
        assert_eq!(told.collect::<Vec<_>>(), expected, "sector at {at}");
        let log = open(&disk);
        assert_eq!(lost(&log), expected, "sector at {at}");
        if page.end == content.len() {
            continue;
        }
        // Writing goes on, and the damage stays known.
        put(&log, key(1, 0), &values("60-x", RECORDS), 0);
        drop(log);
        assert_eq!(lost(&open(&disk)), expected, "sector at {at}");
    }
}

#[test]
fn a_sector_that_is_lost_while_the_broker_runs_is_named_to_the_next_reader() {
    let disk = Simulated::default();
    let log = filled(&disk, 1 << 20);
    log.shared
        .threads
        .with_behind(super::super::behind::Behind::write_all)
        .unwrap();
    assert!(lost(&log).is_empty());
    let (name, content) = segments(&disk).pop().unwrap();
    let at = 2 * 4096 + 512;
    disk.lose(&name, at);
    let expected = around(&content, &page(at, &content));
    // Found where its batches begin, all is well; what is sent of it fails.
    let slices = read(&log, key(1, 0), 0, everything()).unwrap();
    slices.concat().unwrap_err();
    assert_eq!(lost(&log), expected);
    let told = log.damage();
    assert_eq!(told[0].first_offset, expected[0]);
    // What was appended meanwhile, and is appended from now on, is found by time as well as by offset.
    put(&log, key(1, 0), &values("60-x", RECORDS), 1_000);
    assert_eq!(lost(&log), expected);
    let found = log.find_by_time(key(1, 0), 1_000).unwrap().unwrap();
    assert_eq!(found.offset, i64::try_from(BATCHES * RECORDS).unwrap());
}

#[test]
fn a_magic_byte_that_turned_behind_good_batches_costs_its_batch() {
    let (disk, segments) = closed();
    let (name, content) = &segments[1];
    let before = batches(content).take(2);
    let third: usize = before.map(|batch| batch.unwrap().bytes().len()).sum();
    let disk = copy(&disk);
    disk.damage(name, third + 16);
    assert_eq!(lost(&open(&disk)), of_byte(content, third));
}
