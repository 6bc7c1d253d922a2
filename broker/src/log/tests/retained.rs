//! Retention with a moved clock: never more than 1.25 times what the policy asks, and nothing inside it is deleted.

use std::sync::Arc;

use super::{super::disk::simulated::Simulated, *};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

#[test]
fn a_day_of_retention_never_holds_more_than_a_day_and_a_quarter() {
    let disk = Simulated::default();
    let (log, mut writer) = Log::open_idle(Arc::new(disk), small_options()).unwrap();
    let policy = Policy {
        retention_ms: Some(DAY_MS),
        ..Policy::default()
    };
    log.create(key(1, 0), policy).unwrap();
    let mut written = Vec::new();
    let mut now_ms = 0;
    while now_ms < 5 * DAY_MS {
        let ticket = log
            .append(vec![append(key(1, 0), batch(&values("a", 1), now_ms))])
            .unwrap();
        while log.stats().queued_bytes > 0 {
            writer.step(std::time::Instant::now()).unwrap();
        }
        written.push((ticket.appended()[0].base_offset, now_ms));
        now_ms += 10 * MINUTE_MS;
        log.clean(now_ms).unwrap();
        let start = log.offsets(key(1, 0)).unwrap().start;
        let (_, oldest_ms) = *written.iter().find(|(offset, _)| *offset >= start).unwrap();
        assert!(
            now_ms - oldest_ms <= DAY_MS + DAY_MS / 4,
            "held {} ms",
            now_ms - oldest_ms
        );
        let inside = written
            .iter()
            .find(|(_, at)| *at >= now_ms - DAY_MS)
            .unwrap();
        assert!(start <= inside.0, "deleted inside the retention");
    }
    // Long after the last record everything is expired, the file that was written last too.
    log.clean(now_ms + 2 * DAY_MS).unwrap();
    let offsets = log.offsets(key(1, 0)).unwrap();
    assert_eq!(offsets.start, offsets.high_watermark);
    assert_eq!(log.size_bytes(key(1, 0)), Some(0));
    assert!(
        read(&log, key(1, 0), offsets.start, everything())
            .unwrap()
            .is_empty()
    );
    assert!(matches!(
        read(&log, key(1, 0), 0, everything()),
        Err(ReadError::OutOfRange { .. })
    ));
}

#[test]
fn a_size_never_holds_more_than_a_quarter_above_it() {
    const LIMIT: u64 = 100_000;
    let disk = Simulated::default();
    let (log, mut writer) = Log::open_idle(Arc::new(disk.clone()), small_options()).unwrap();
    let policy = Policy {
        retention_bytes: Some(LIMIT),
        ..Policy::default()
    };
    log.create(key(1, 0), policy).unwrap();
    for _ in 0..400 {
        log.append(vec![append(key(1, 0), batch(&["x".repeat(900)], 0))])
            .unwrap();
        while log.stats().queued_bytes > 0 {
            writer.step(std::time::Instant::now()).unwrap();
        }
        log.clean(0).unwrap();
        let size_bytes = log.size_bytes(key(1, 0)).unwrap();
        assert!(size_bytes <= LIMIT + LIMIT / 4, "held {size_bytes}");
    }
    let size_bytes = log.size_bytes(key(1, 0)).unwrap();
    assert!(
        size_bytes >= LIMIT,
        "deleted inside the limit: {size_bytes}"
    );
    let dir = super::super::segment::dir_name(key(1, 0));
    let on_disk: usize = disk
        .files(&dir)
        .iter()
        .filter(|(name, _)| is_kind(name, "log"))
        .map(|(_, content)| content.len())
        .sum();
    assert_eq!(on_disk as u64, size_bytes);
}
