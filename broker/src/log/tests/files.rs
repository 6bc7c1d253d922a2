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
