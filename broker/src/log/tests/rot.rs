//! Bits that turn in closed files: found before anything of the file is given, named, and nothing else is lost for them.

use super::{
    super::disk::simulated::{Crash, Simulated},
    *,
};

const BATCHES: usize = 60;
const RECORDS: usize = 3;
const STEP: i64 = 3;

fn open(disk: &Simulated) -> Log {
    disk.kill();
    Log::open_on(Arc::new(disk.clone()), small_options()).unwrap()
}

/// A closed log whose one partition has some segments, and the segments.
fn closed() -> (Simulated, Vec<(String, Vec<u8>)>) {
    let disk = Simulated::default();
    let log = open(&disk);
    let policy = Policy {
        segment_bytes: 4096,
        ..Policy::default()
    };
    log.create(key(1, 0), policy).unwrap();
    for (number, time) in (0..BATCHES).zip(0..) {
        let name = format!("{number}-{}", "x".repeat(80));
        put(&log, key(1, 0), &values(&name, RECORDS), time);
    }
    log.close().unwrap();
    drop(log);
    let dir = super::super::segment::dir_name(key(1, 0));
    let mut segments = disk.files(&dir);
    segments.retain(|(name, _)| is_kind(name, "log"));
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
