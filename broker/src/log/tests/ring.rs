//! Files of the shared log that are written again: what they hold from before is never taken for what was written now.

use std::{sync::Arc, time::Instant};

use super::{
    super::{disk::simulated::Simulated, writer::Writer},
    *,
};

const FILE_BYTES: u64 = 64 * 1024;

fn open(disk: &Simulated) -> (Log, Writer) {
    disk.kill();
    let options = Options {
        start_file_bytes: 8 * 1024,
        checkpoint_bytes: 96 * 1024,
        write_behind_bytes: 1 << 20,
        ..small_options()
    };
    Log::open_idle(Arc::new(disk.clone()), options).unwrap()
}

/// Appends so many records of about 1 KiB, each in a round of its own.
fn write(log: &Log, writer: &mut Writer, count: usize) {
    for _ in 0..count {
        let end = log.offsets(key(1, 0)).unwrap().end;
        let value = format!("{end}-{}", "x".repeat(900));
        log.append(vec![append(key(1, 0), batch(&[value], 0))])
            .unwrap();
        while log.stats().queued_bytes > 0 {
            writer.step(Instant::now()).unwrap();
        }
    }
}

fn checkpoint(log: &Log) {
    log.shared
        .threads
        .with_behind(|behind| {
            behind.write_all()?;
            behind.checkpoint(Vec::new(), false)
        })
        .unwrap();
}

/// Name and size of every file of the shared log.
fn files(disk: &Simulated) -> Vec<(String, u64)> {
    let files = disk.files("wal").into_iter();
    files
        .map(|(name, content)| (name, content.len() as u64))
        .collect()
}

fn is_whole(log: &Log, count: usize) {
    let records = read_all(log, key(1, 0));
    assert_eq!(records.len(), count);
    for (offset, value) in records {
        assert!(
            value.starts_with(&format!("{offset}-")),
            "{offset}: {value:.20}"
        );
    }
}

#[test]
fn small_files_come_first_and_twice_as_large_each_time() {
    let disk = Simulated::default();
    let (log, mut writer) = open(&disk);
    log.create(key(1, 0), Policy::default()).unwrap();
    write(&log, &mut writer, 40);
    let sizes: Vec<_> = files(&disk).into_iter().map(|(_, size)| size).collect();
    assert_eq!(sizes[..3], [8 * 1024, 16 * 1024, 32 * 1024], "{sizes:?}");
    assert!(sizes.iter().all(|size| *size <= FILE_BYTES), "{sizes:?}");
    checkpoint(&log);
    assert!(files(&disk).len() <= 3, "{:?}", files(&disk));
    is_whole(&log, 40);
}

#[test]
fn files_are_recycled_and_what_they_held_is_over() {
    let disk = Simulated::default();
    let (log, mut writer) = open(&disk);
    log.create(key(1, 0), Policy::default()).unwrap();
    let ring = |log: &Log| Arc::clone(&log.shared.engine);
    ring(&log).ring.fill(&disk).unwrap();
    for _ in 0..12 {
        write(&log, &mut writer, 16);
        checkpoint(&log);
    }
    let left = files(&disk);
    let full = left.iter().filter(|(_, size)| *size == FILE_BYTES).count();
    assert!(full >= 2 && left.len() <= 8, "{left:?}");
    // Rounds beyond the last checkpoint, in a file that still holds those of its earlier use.
    write(&log, &mut writer, 5);
    drop((log, writer));
    let (log, mut writer) = open(&disk);
    assert_eq!(log.recovery().damage, []);
    assert_eq!(log.recovery().replayed_batches, 5);
    is_whole(&log, 12 * 16 + 5);
    write(&log, &mut writer, 30);
    drop((log, writer));
    let (log, _) = open(&disk);
    assert_eq!(log.recovery().damage, []);
    is_whole(&log, 12 * 16 + 35);
}

#[test]
fn free_files_of_another_size_go_and_fitting_ones_are_used() {
    let disk = Simulated::default();
    let (log, writer) = open(&disk);
    log.shared.engine.ring.fill(&disk).unwrap();
    drop((log, writer));
    let larger = Options {
        wal_file_bytes: Some(2 * FILE_BYTES),
        ..small_options()
    };
    disk.kill();
    let opened = Log::open_idle(Arc::new(disk.clone()), larger).unwrap();
    let free = |files: &[(String, u64)]| {
        files
            .iter()
            .filter(|(name, _)| is_kind(name, "free"))
            .count()
    };
    assert_eq!(free(&files(&disk)), 0);
    opened.0.shared.engine.ring.fill(&disk).unwrap();
    assert_eq!(free(&files(&disk)), 1);
}

#[test]
fn a_file_that_has_grown_almost_to_the_size_comes_back_as_a_free_one() {
    let disk = Simulated::default();
    let (log, mut writer) = open(&disk);
    log.create(key(1, 0), Policy::default()).unwrap();
    let mut count = 0;
    // Rounds of three blocks: five of them leave a sixteenth of a file empty.
    let value = "x".repeat(9_000);
    for _ in 0..40 {
        let value = format!("{count}-{value}");
        log.append(vec![append(key(1, 0), batch(&[value], 0))])
            .unwrap();
        while log.stats().queued_bytes > 0 {
            writer.step(Instant::now()).unwrap();
        }
        count += 1;
        checkpoint(&log);
    }
    let left = files(&disk);
    assert!(
        left.iter().any(|(_, size)| *size == FILE_BYTES),
        "none was kept: {left:?}"
    );
    assert!(left.iter().all(|(_, size)| *size <= FILE_BYTES), "{left:?}");
    drop((log, writer));
    let (log, _) = open(&disk);
    assert_eq!(log.recovery().damage, []);
    is_whole(&log, count);
}
