//! Nothing speculative leaves: while the disk holds its sync nothing is answered and nothing is visible.

use std::{
    num::NonZero,
    sync::{Arc, Mutex},
    time::Instant,
};

use super::{
    super::{disk::simulated::Simulated, writer::Writer},
    *,
};

fn open(disk: &Simulated) -> Log {
    disk.kill();
    Log::open_on(Arc::new(disk.clone()), small_options()).unwrap()
}

#[test]
fn nothing_is_seen_before_its_sync_returns() {
    let disk = Simulated::default();
    let log = open(&disk);
    log.create(key(1, 0), Policy::default()).unwrap();
    put(&log, key(1, 0), &values("first", 1), 0);
    disk.hold_syncs(true);
    let watch = log.watch(key(1, 0)).unwrap();
    let mut ticket = log
        .append(vec![append(key(1, 0), batch(&values("second", 2), 0))])
        .unwrap();
    disk.wait_for_held_sync();
    assert_eq!(ticket.appended()[0].base_offset, 1);
    assert!(ticket.done.try_recv().is_err());
    assert_eq!(*watch.borrow(), 1);
    let offsets = log.offsets(key(1, 0)).unwrap();
    assert_eq!((offsets.high_watermark, offsets.end), (1, 3));
    assert!(log.read(key(1, 0), 1, everything()).unwrap().is_empty());
    assert!(matches!(
        log.read(key(1, 0), 2, everything()),
        Err(ReadError::OutOfRange {
            high_watermark: 1,
            ..
        })
    ));
    disk.hold_syncs(false);
    ticket.durable_blocking().unwrap();
    assert_eq!(*watch.borrow(), 3);
    assert_eq!(read_all(&log, key(1, 0)).len(), 3);
}

#[test]
fn weaker_modes_are_answered_after_the_write() {
    let disk = Simulated::default();
    let log = open(&disk);
    log.create(key(1, 0), Policy::default()).unwrap();
    put(&log, key(1, 0), &values("first", 1), 0);
    disk.hold_syncs(true);
    for flush in [Flush::PageCache, Flush::Interval(Duration::from_hours(1))] {
        let weak = Append {
            flush,
            ..append(key(1, 0), batch(&values("weak", 1), 0))
        };
        log.append(vec![weak]).unwrap().durable_blocking().unwrap();
    }
    assert_eq!(log.offsets(key(1, 0)).unwrap().high_watermark, 3);
    disk.hold_syncs(false);
}

#[test]
fn so_many_records_of_a_weaker_mode_are_synced_at_the_latest() {
    let disk = Simulated::default();
    let log = open(&disk);
    log.create(key(1, 0), Policy::default()).unwrap();
    put(&log, key(1, 0), &values("first", 1), 0);
    disk.hold_syncs(true);
    let weak = |records| {
        let weak = Append {
            flush: Flush::PageCache,
            sync_every: NonZero::new(5),
            ..append(key(1, 0), batch(&values("weak", records), 0))
        };
        log.append(vec![weak]).unwrap()
    };
    weak(2).durable_blocking().unwrap();
    weak(2).durable_blocking().unwrap();
    let fifth = weak(1);
    disk.wait_for_held_sync();
    assert_eq!(log.offsets(key(1, 0)).unwrap().high_watermark, 5);
    disk.hold_syncs(false);
    fifth.durable_blocking().unwrap();
    assert_eq!(log.offsets(key(1, 0)).unwrap().high_watermark, 6);
}

#[test]
fn an_interval_is_synced_in_time() {
    let disk = Simulated::default();
    let log = open(&disk);
    log.create(key(1, 0), Policy::default()).unwrap();
    put(&log, key(1, 0), &values("first", 1), 0);
    disk.hold_syncs(true);
    let flush = Flush::Interval(Duration::from_millis(1));
    let weak = Append {
        flush,
        ..append(key(1, 0), batch(&values("weak", 1), 0))
    };
    log.append(vec![weak]).unwrap().durable_blocking().unwrap();
    // Returns only when the writer has come to sync by itself.
    disk.wait_for_held_sync();
    disk.hold_syncs(false);
}

#[test]
fn an_interval_is_kept_to_however_much_there_is_to_write() {
    let disk = Simulated::default();
    let (log, mut writer) = Log::open_idle(Arc::new(disk.clone()), small_options()).unwrap();
    log.create(key(1, 0), Policy::default()).unwrap();
    let begun = Instant::now();
    writer.step(begun).unwrap();
    let synced = log.stats().syncs;
    for (after_ms, expected) in [(0, 0), (9, 0), (10, 1), (11, 1), (25, 2)] {
        let weak = Append {
            flush: Flush::Interval(Duration::from_millis(10)),
            ..append(key(1, 0), batch(&values("weak", 1), 0))
        };
        log.append(vec![weak]).unwrap();
        writer
            .step(begun + Duration::from_millis(after_ms))
            .unwrap();
        assert_eq!(log.stats().syncs - synced, expected, "{after_ms} ms");
    }
}

/// What a weaker mode has made visible is cut off while its round is not yet handed on: a crash then takes nothing else.
#[test]
fn a_start_inside_a_batch_that_was_just_seen_hides_nothing_after_it() {
    let disk = Simulated::default();
    let (log, mut writer) = Log::open_idle(Arc::new(disk.clone()), small_options()).unwrap();
    for topic in [1, 2] {
        log.create(key(topic, 0), Policy::default()).unwrap();
    }
    writer.step(Instant::now()).unwrap();
    let weak = Append {
        flush: Flush::PageCache,
        ..append(key(1, 0), batch(&values("weak", 3), 0))
    };
    log.append(vec![weak]).unwrap();
    log.append(vec![append(key(2, 0), batch(&values("sync", 1), 0))])
        .unwrap();
    disk.hold_syncs(true);
    std::thread::scope(|threads| {
        threads.spawn(|| writer.step(Instant::now()).unwrap());
        disk.wait_for_held_sync();
        assert_eq!(log.offsets(key(1, 0)).unwrap().high_watermark, 3);
        threads.spawn(|| log.trim(key(1, 0), 1).unwrap());
        disk.wait_for_held_syncs(2);
        disk.hold_syncs(false);
    });
    put_with(&log, &mut writer, "later");
    drop((log, writer));
    let log = open(&disk);
    assert_eq!(log.recovery().damage, []);
    let left: Vec<_> = read_all(&log, key(1, 0)).into_values().collect();
    assert_eq!(left, ["weak-1", "weak-2", "later-0"]);
}

fn put_with(log: &Log, writer: &mut Writer, name: &str) {
    log.append(vec![append(key(1, 0), batch(&values(name, 1), 0))])
        .unwrap();
    writer.step(Instant::now()).unwrap();
}

#[test]
fn a_failed_sync_ends_the_log_and_promises_nothing() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let disk = Simulated::default();
    let options = Options {
        on_fatal: FatalHandler(Arc::new({
            let told = Arc::clone(&told);
            move |fatal: &Fatal| told.lock().unwrap().push(fatal.to_string())
        })),
        // No sync but the one that is looked at.
        follower_delay: Duration::from_hours(1),
        ..small_options()
    };
    let log = Log::open_on(Arc::new(disk.clone()), options).unwrap();
    log.create(key(1, 0), Policy::default()).unwrap();
    put(&log, key(1, 0), &values("kept", 2), 0);
    let watch = log.watch(key(1, 0)).unwrap();
    disk.fail_sync_after(0);
    let ticket = log
        .append(vec![append(key(1, 0), batch(&values("lost", 1), 0))])
        .unwrap();
    assert_eq!(ticket.durable_blocking(), Err(Stopped));
    assert_eq!(*watch.borrow(), 2);
    let told = told.lock().unwrap().clone();
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("sync wal/"), "{told:?}");
    let refused = log.append(vec![append(key(1, 0), batch(&values("later", 1), 0))]);
    assert!(matches!(refused, Err(AppendError::Stopped)));
    assert_eq!(log.close(), Err(Stopped));
    drop(log);
    let log = open(&disk);
    let records = read_all(&log, key(1, 0));
    assert_eq!(records[&0], "kept-0");
    assert_eq!(records[&1], "kept-1");
}
