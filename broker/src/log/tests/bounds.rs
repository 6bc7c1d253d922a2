//! What is refused, and that a refusal changes nothing.

use std::sync::{Arc, atomic::Ordering};

use super::super::segment::dir_name;
use super::{
    super::{disk::simulated::Simulated, writer::Writer},
    *,
};

/// A log with one partition that lets so many bytes wait, and its writer, which does nothing by itself.
fn open_with_queue(queue_bytes: usize) -> (Log, Writer) {
    let options = Options {
        queue_bytes,
        ..small_options()
    };
    let (log, writer) = Log::open_idle(Arc::new(Simulated::default()), options).unwrap();
    log.create(key(1, 0), Policy::default()).unwrap();
    (log, writer)
}

fn large() -> Append {
    append(key(1, 0), batch(&["x".repeat(1_500)], 0))
}

#[test]
fn a_full_queue_refuses_before_an_offset_is_assigned() {
    let (log, mut writer) = open_with_queue(2_000);
    log.append(vec![large()]).unwrap();
    let refused = log.append(vec![large()]);
    assert!(matches!(
        refused,
        Err(AppendError::Full(Full::Queue {
            queued_bytes: 1_500..
        }))
    ));
    assert_eq!(log.offsets(key(1, 0)).unwrap().end, 1);
    while log.stats().queued_bytes > 0 {
        writer.step(std::time::Instant::now()).unwrap();
    }
    assert_eq!(
        log.append(vec![large()]).unwrap().appended()[0].base_offset,
        1
    );
}

/// The writer sleeps on while little is gathered, and takes all of it in one round when it is called.
#[test]
fn what_is_gathered_shares_a_round() {
    let options = Options {
        follower_delay: Duration::from_hours(1),
        ..small_options()
    };
    let log = Log::open_on(Arc::new(Simulated::default()), options).unwrap();
    log.create(key(1, 0), Policy::default()).unwrap();
    put(&log, key(1, 0), &values("first", 1), 0);
    let before = log.stats().rounds;
    // So many that a writer that was woken for one would be there before the last, and still little.
    let tickets: Vec<_> = (0..300)
        .map(|_| {
            let little = append(key(1, 0), batch(&values("one", 1), 0));
            log.gather(vec![little]).unwrap()
        })
        .collect();
    assert_eq!(log.stats().rounds, before);
    log.write_gathered();
    for ticket in tickets {
        ticket.durable_blocking().unwrap();
    }
    assert_eq!(log.stats().rounds, before + 1);
}

/// Little waits to be announced, much is announced at once.
#[test]
fn the_writer_is_told_of_much_and_not_of_little() {
    let (log, _writer) = open_with_queue(1 << 20);
    let waits = || log.shared.engine.is_gathering.load(Ordering::Acquire);
    log.gather(vec![large()]).unwrap();
    assert!(waits());
    log.write_gathered();
    assert!(!waits());
    let much = "x".repeat(64 << 10);
    log.gather(vec![append(key(1, 0), batch(&[much], 0))])
        .unwrap();
    assert!(!waits());
    log.append(vec![large()]).unwrap();
    assert!(!waits());
}

/// Who waits for room is called when the writer has made some; the broker's own records do not wait.
#[tokio::test]
async fn room_comes_with_the_next_round() {
    let (log, mut writer) = open_with_queue(4_000);
    log.room(1_500).await;
    log.append(vec![large()]).unwrap();
    let own = Append {
        origin: Origin::Broker,
        ..large()
    };
    log.append(vec![own]).unwrap();
    let waiting = tokio::spawn({
        let log = log.clone();
        async move { log.room(1_500).await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    while log.stats().queued_bytes > 0 {
        writer.step(std::time::Instant::now()).unwrap();
    }
    let called = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    called.unwrap().unwrap();
    log.append(vec![large()]).unwrap();
}

#[test]
fn a_disk_below_its_reserve_refuses_clients_and_serves_the_broker() {
    let disk = Simulated::default();
    disk.set_free_bytes(1_000);
    let options = Options {
        reserve_bytes: 5_000,
        ..small_options()
    };
    let log = Log::open_on(Arc::new(disk.clone()), options).unwrap();
    log.create(key(1, 0), Policy::default()).unwrap();
    let refused = log.append(vec![append(key(1, 0), batch(&values("client", 1), 0))]);
    assert!(matches!(
        refused,
        Err(AppendError::Full(Full::Disk { free_bytes: 1_000, reserve_bytes, .. })) if reserve_bytes > 5_000
    ));
    let own = Append {
        sync_every: None,
        origin: Origin::Broker,
        ..append(key(1, 0), batch(&values("own", 1), 0))
    };
    assert_eq!(
        log.append(vec![own]).unwrap().durable_blocking().unwrap()[0].base_offset,
        0
    );
}

#[test]
fn a_lack_of_space_says_what_to_do() {
    let full = |free_bytes, total_bytes| {
        let reserve_bytes = 64 << 20;
        let full = Full::Disk {
            free_bytes,
            total_bytes,
            reserve_bytes,
        };
        full.to_string()
    };
    assert_eq!(
        full(12 << 20, 1 << 40),
        "the data folder's volume has 12.0 MiB free, and 64.0 MiB are kept for the broker's own records: make room on it"
    );
    assert_eq!(
        full(31 << 20, 32 << 20),
        "the data folder's volume has 32.0 MiB in all, and 64.0 MiB must stay free for the broker's own records: use a larger volume"
    );
}

#[test]
fn an_append_to_an_unknown_partition_appends_nothing() {
    let log = Log::open_on(Arc::new(Simulated::default()), small_options()).unwrap();
    log.create(key(1, 0), Policy::default()).unwrap();
    let group = vec![
        append(key(1, 0), batch(&values("a", 1), 0)),
        append(key(2, 0), batch(&values("a", 1), 0)),
    ];
    assert!(
        matches!(log.append(group), Err(AppendError::UnknownPartition(unknown)) if unknown == key(2, 0))
    );
    let mut two = batch(&values("a", 1), 0);
    two.extend_from_slice(&batch(&values("b", 1), 0));
    assert!(matches!(
        log.append(vec![append(key(1, 0), two)]),
        Err(AppendError::Batch { .. })
    ));
    assert_eq!(log.offsets(key(1, 0)).unwrap().end, 0);
}

#[test]
fn a_dropped_partition_is_gone_and_its_watchers_end() {
    let disk = Simulated::default();
    let log = Log::open_on(Arc::new(disk.clone()), small_options()).unwrap();
    log.create(key(1, 0), Policy::default()).unwrap();
    put(&log, key(1, 0), &values("a", 1), 0);
    let watch = log.watch(key(1, 0)).unwrap();
    log.drop(key(1, 0));
    assert!(watch.has_changed().is_err());
    assert!(!log.exists(key(1, 0)));
    assert!(matches!(
        read(&log, key(1, 0), 0, everything()),
        Err(ReadError::UnknownPartition(_))
    ));
    log.close().unwrap();
    drop(log);
    disk.kill();
    let log = Log::open_on(Arc::new(disk.clone()), small_options()).unwrap();
    assert!(log.partitions().is_empty());
}

#[test]
fn a_full_disk_delays_the_write_behind_and_loses_nothing() {
    let disk = Simulated::default();
    let options = Options {
        tail_bytes: 0,
        ..small_options()
    };
    let (log, mut writer) = Log::open_idle(Arc::new(disk.clone()), options).unwrap();
    log.create(
        key(1, 0),
        Policy {
            retention_ms: Some(1_000),
            ..Policy::default()
        },
    )
    .unwrap();
    log.create(key(2, 0), Policy::default()).unwrap();
    let mut put = |topic, name: &str, timestamp| {
        let batch = batch(&values(name, 2), timestamp);
        log.append(vec![append(key(topic, 0), batch)]).unwrap();
        while log.stats().queued_bytes > 0 {
            writer.step(std::time::Instant::now()).unwrap();
        }
    };
    let write_behind = || {
        let written = log
            .shared
            .threads
            .with_behind(super::super::behind::Behind::write_all);
        written.map_err(|error| error.kind())
    };
    put(1, "old", 0);
    put(2, "other", 0);
    write_behind().unwrap();
    disk.set_full(true);
    put(1, "new", 5_000);
    assert_eq!(write_behind(), Err(std::io::ErrorKind::StorageFull));
    assert_eq!(read_all(&log, key(1, 0)).len(), 4);
    let cleaned = log.clean(5_500).unwrap();
    assert_eq!(cleaned.len(), 1, "retention makes room on a full disk");
    let step = || {
        let stepped = log
            .shared
            .threads
            .with_behind(|behind| behind.step(std::time::Instant::now()));
        stepped.map_err(|error| error.kind()).map(drop)
    };
    let others = || disk.files(&dir_name(key(2, 0))).len();
    assert_eq!(others(), 1);
    log.drop(key(2, 0));
    assert_eq!(step(), Err(std::io::ErrorKind::StorageFull));
    assert_eq!(others(), 0, "so does deleting a topic");
    disk.set_full(false);
    write_behind().unwrap();
    drop(log);
    disk.kill();
    let log = Log::open_on(Arc::new(disk), small_options()).unwrap();
    assert_eq!(
        read_all(&log, key(1, 0)).into_values().collect::<Vec<_>>(),
        ["new-0", "new-1"]
    );
}
