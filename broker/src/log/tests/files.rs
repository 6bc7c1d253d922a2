//! On real files, with the threads running.

use super::*;

#[test]
fn records_come_back_after_an_orderly_stop() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), small_options()).unwrap();
    assert!(log.recovery().clean);
    log.create(key(1, 0), Policy::default()).unwrap();
    for number in 0..20 {
        assert_eq!(put(&log, key(1, 0), &values("a", 3), number), number * 3);
    }
    let before = read_all(&log, key(1, 0));
    assert_eq!(before.len(), 60);
    log.close().unwrap();
    drop(log);
    let log = Log::open(dir.path(), small_options()).unwrap();
    assert!(log.recovery().clean && log.recovery().replayed_batches == 0);
    assert_eq!(log.leader_epoch(key(1, 0)), Some(0));
    assert_eq!(read_all(&log, key(1, 0)), before);
    assert_eq!(put(&log, key(1, 0), &values("b", 1), 0), 60);
}

#[test]
fn records_come_back_after_a_crash_and_the_epoch_rises() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), small_options()).unwrap();
    log.create(key(1, 0), Policy::default()).unwrap();
    log.create(key(1, 1), Policy::default()).unwrap();
    for number in 0..50 {
        put(&log, key(1, (number % 2) as i32), &values("a", 2), number);
    }
    let before = read_all(&log, key(1, 1));
    drop(log);
    let log = Log::open(dir.path(), small_options()).unwrap();
    assert!(!log.recovery().clean);
    assert_eq!(read_all(&log, key(1, 1)), before);
    assert_eq!(log.leader_epoch(key(1, 1)), Some(1));
    assert_eq!(
        log.epoch_end(key(1, 1), 0),
        Some(EpochEnd {
            leader_epoch: 0,
            end_offset: 50
        })
    );
    assert_eq!(put(&log, key(1, 1), &values("b", 1), 0), 50);
    assert_eq!(
        log.epoch_end(key(1, 1), 1),
        Some(EpochEnd {
            leader_epoch: 1,
            end_offset: 51
        })
    );
    assert_eq!(log.epoch_end(key(1, 1), 2), None);
}

#[test]
fn a_folder_in_use_is_refused_and_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), small_options()).unwrap();
    log.create(key(1, 0), Policy::default()).unwrap();
    put(&log, key(1, 0), &values("a", 1), 0);
    let refused = Log::open(dir.path(), small_options()).unwrap_err();
    assert!(matches!(&refused, OpenError::InUse { path } if path == dir.path()));
    assert!(
        refused.to_string().contains("in use by another broker"),
        "{refused}"
    );
    put(&log, key(1, 0), &values("b", 1), 0);
    drop(log);
    assert_eq!(
        read_all(&Log::open(dir.path(), small_options()).unwrap(), key(1, 0)).len(),
        2
    );
}

#[test]
fn a_folder_of_another_format_is_refused_and_untouched() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("format"), "eddyline data, format 7\n").unwrap();
    let refused = Log::open(dir.path(), small_options()).unwrap_err();
    assert!(matches!(&refused, OpenError::Format { found, wanted: 2, .. } if found == "7"));
    assert!(
        refused
            .to_string()
            .contains("start the version that wrote it"),
        "{refused}"
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_check_finds_a_segment_that_does_not_end_where_it_should() {
    for (last_offset_delta, found) in [(1, (5, 6)), (3, (6, 7))] {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(dir.path(), small_options()).unwrap();
        log.create(key(1, 0), Policy::default()).unwrap();
        for name in ["a", "b"] {
            put(&log, key(1, 0), &values(name, 3), 0);
        }
        log.close().unwrap();
        drop(log);
        assert_eq!(check(dir.path(), &mut |_, _| {}).unwrap().findings, []);
        let segments = dir.path().join(super::super::segment::dir_name(key(1, 0)));
        let segment = segments.join(format!("{:020}.log", 0));
        let mut content = std::fs::read(&segment).unwrap();
        let second = batches(&content).next().unwrap().unwrap().bytes().len();
        // Its checksum fits: only where it ends is wrong.
        content[second + 26] = last_offset_delta;
        let crc = crc32c::crc32c(&content[second + 21..]);
        content[second + 17..second + 21].copy_from_slice(&crc.to_be_bytes());
        std::fs::write(&segment, content).unwrap();
        let findings = check(dir.path(), &mut |_, _| {}).unwrap().findings;
        let records = findings[0].records.unwrap();
        assert_eq!((records.first_offset, records.next_offset), found);
    }
}

#[test]
fn a_check_finds_a_damaged_offset_in_the_shared_log_as_a_start_does() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        write_behind_bytes: 1 << 20,
        write_behind_delay: Duration::from_hours(1),
        ..small_options()
    };
    let log = Log::open(dir.path(), options.clone()).unwrap();
    log.create(key(1, 0), Policy::default()).unwrap();
    for name in ["a", "b", "c"] {
        put(&log, key(1, 0), &values(name, 2), 0);
    }
    drop(log);
    let wal = std::fs::read_dir(dir.path().join("wal")).unwrap();
    for file in wal.map(|entry| entry.unwrap().path()) {
        let mut content = std::fs::read(&file).unwrap();
        let value = content.windows(3).position(|value| value == b"b-0");
        // Before the value: a batch header and six bytes of the record.
        if let Some(value) = value {
            content[value - 67 + 7] ^= 0x10;
            std::fs::write(&file, content).unwrap();
        }
    }
    let findings = check(dir.path(), &mut |_, _| {}).unwrap().findings;
    let named: Vec<_> = findings.iter().filter_map(|found| found.records).collect();
    let log = Log::open(dir.path(), options).unwrap();
    assert_eq!(log.recovery().damage.len(), 1);
    assert_eq!(named, log.recovery().damage);
}

#[test]
fn snapshots_come_back_and_damaged_ones_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), small_options()).unwrap();
    assert_eq!(log.load_snapshot("topics"), None);
    for at in 0..3 {
        let snapshot = Snapshot {
            at,
            bytes: vec![7; 100],
        };
        log.save_snapshot("topics", &snapshot).unwrap();
        assert_eq!(log.load_snapshot("topics"), Some(snapshot));
    }
    assert!(
        log.save_snapshot(
            "../topics",
            &Snapshot {
                at: 0,
                bytes: Vec::new()
            }
        )
        .is_err()
    );
    let file = dir.path().join("snapshots/topics");
    let mut content = std::fs::read(&file).unwrap();
    content[20] ^= 1;
    std::fs::write(&file, content).unwrap();
    assert_eq!(log.load_snapshot("topics"), None);
}

#[test]
fn many_threads_append_and_every_answer_is_true() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(dir.path(), small_options()).unwrap();
    for partition in 0..4 {
        log.create(key(1, partition), Policy::default()).unwrap();
    }
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let log = log.clone();
            std::thread::spawn(move || {
                let partition = key(1, thread % 4);
                (0..40)
                    .map(|number| {
                        let value = format!("{thread}-{number}");
                        (
                            put(&log, partition, std::slice::from_ref(&value), 0),
                            partition,
                            value,
                        )
                    })
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    let answers: Vec<_> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    for partition in 0..4 {
        let records = read_all(&log, key(1, partition));
        assert_eq!(records.len(), 80);
        for (offset, _, value) in answers
            .iter()
            .filter(|answer| answer.1 == key(1, partition))
        {
            assert_eq!(&records[offset], value);
        }
    }
    let rounds = log.stats().rounds;
    assert!(rounds <= 330, "{rounds} rounds for 320 appends");
}
