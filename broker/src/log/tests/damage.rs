//! Damage to acknowledged records: named, answered for that range alone, nothing deleted, no offset given out twice.

use std::sync::Arc;

use super::{
    super::{disk::simulated::Simulated, writer::Writer},
    *,
};

/// Rounds of about one block each; written behind only when asked.
fn options() -> Options {
    Options {
        write_behind_bytes: 1 << 20,
        write_behind_delay: Duration::from_hours(1),
        follower_delay: Duration::from_hours(1),
        ..small_options()
    }
}

fn open(disk: &Simulated) -> (Log, Writer) {
    disk.kill();
    Log::open_idle(Arc::new(disk.clone()), options()).unwrap()
}

fn put_round(log: &Log, writer: &mut Writer, partition: PartitionKey, name: &str) {
    let ticket = log
        .append(vec![append(partition, batch(&values(name, 2), 0))])
        .unwrap();
    writer.step(std::time::Instant::now()).unwrap();
    ticket.durable_blocking().unwrap();
}

/// A log whose first round holds the beginnings of so many partitions.
fn begun(partitions: i32) -> (Simulated, Log, Writer) {
    let disk = Simulated::default();
    let (log, mut writer) = open(&disk);
    for partition in 0..partitions {
        log.create(key(1, partition), Policy::default()).unwrap();
    }
    while log.stats().queued_bytes > 0 {
        writer.step(std::time::Instant::now()).unwrap();
    }
    (disk, log, writer)
}

/// Rounds 1 to 5: three of partition 0, with one of partition 1 after the second; then the file of the shared log.
fn five_rounds() -> (Simulated, Log, String) {
    let (disk, log, mut writer) = begun(2);
    for (partition, name) in [(0, "a"), (0, "b"), (1, "c"), (0, "d"), (1, "e")] {
        put_round(&log, &mut writer, key(1, partition), name);
    }
    let (name, _) = disk.files("wal").pop().unwrap();
    (disk, log, name)
}

const BLOCK: usize = 4096;
/// Round 0 holds the beginnings of the partitions.
const ROUND_OF_B: usize = 2;
const ROUND_OF_C: usize = 3;
const ROUND_OF_E: usize = 5;

fn text(log: &Log, partition: i32) -> String {
    read_all(log, key(1, partition))
        .into_values()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_damaged_batch_is_named_and_everything_else_is_served() {
    for (what, at) in [("batch", 200), ("header", 20)] {
        let (disk, log, file) = five_rounds();
        drop(log);
        disk.damage(&file, ROUND_OF_B * BLOCK + at);
        let (log, mut writer) = open(&disk);
        let lost = Damage {
            partition: key(1, 0),
            first_offset: 2,
            next_offset: 4,
        };
        assert_eq!(log.recovery().damage, [lost], "{what}");
        assert_eq!(text(&log, 0), "a-0 a-1 d-0 d-1");
        assert_eq!(text(&log, 1), "c-0 c-1 e-0 e-1");
        for offset in [2, 3] {
            let answer = read(&log, key(1, 0), offset, everything());
            assert!(matches!(answer, Err(ReadError::Corrupt(damage)) if damage == lost));
        }
        put_round(&log, &mut writer, key(1, 0), "later");
        assert_eq!(read_all(&log, key(1, 0))[&6], "later-0");
        let kept = disk.files("damaged");
        assert_eq!(kept.len(), 1, "the damaged file is kept");
        // And it stays known.
        let (log, _) = open(&disk);
        assert_eq!(log.recovery().damage, [lost]);
        assert_eq!(text(&log, 0), "a-0 a-1 d-0 d-1 later-0 later-1");
    }
}

#[test]
fn a_lost_batch_that_nothing_follows_in_its_partition_is_named_by_the_next_round() {
    let (disk, log, file) = five_rounds();
    drop(log);
    // The last of partition 1 that a later round names is c: without its copy in d's header nobody would know.
    disk.damage(&file, ROUND_OF_C * BLOCK + 20);
    disk.damage(&file, ROUND_OF_E * BLOCK + 20);
    let (log, mut writer) = open(&disk);
    let lost = Damage {
        partition: key(1, 1),
        first_offset: 0,
        next_offset: 2,
    };
    assert_eq!(log.recovery().damage, [lost]);
    assert_eq!(
        log.offsets(key(1, 1)).unwrap().end,
        2,
        "no offset is given out twice"
    );
    put_round(&log, &mut writer, key(1, 1), "later");
    assert_eq!(text(&log, 1), "later-0 later-1");
}

#[test]
fn neighbouring_rounds_that_are_lost_are_named_by_the_first_that_is_not() {
    let (disk, log, mut writer) = begun(9);
    let first = disk.files("wal").pop().unwrap().1.len() / BLOCK;
    for partition in [0, 0, 1, 2, 3, 4, 0, 5, 6, 7, 8] {
        put_round(&log, &mut writer, key(1, partition), "a");
    }
    let (name, content) = disk.files("wal").pop().unwrap();
    assert_eq!(content.len(), (first + 11) * BLOCK, "a block each");
    drop(log);
    // All but the first and the last two: nothing else holds a record of the partitions 1 to 6.
    for round in first + 1..first + 9 {
        disk.damage(&name, round * BLOCK + 20);
    }
    let lost = |partition, first_offset, next_offset| Damage {
        partition: key(1, partition),
        first_offset,
        next_offset,
    };
    let expected: Vec<_> = [lost(0, 2, 6)]
        .into_iter()
        .chain((1..7).map(|partition| lost(partition, 0, 2)))
        .collect();
    disk.kill();
    let checked = super::super::check::check_disk(&disk, &mut |_, _| {}).unwrap();
    let mut found: Vec<_> = checked.findings.iter().map(|one| one.records).collect();
    found.sort_by_key(|records| records.map(|damage| damage.partition));
    assert_eq!(
        found,
        expected.iter().copied().map(Some).collect::<Vec<_>>()
    );
    let (log, mut writer) = open(&disk);
    assert_eq!(log.recovery().damage, expected);
    put_round(&log, &mut writer, key(1, 3), "later");
    assert_eq!(read_all(&log, key(1, 3))[&2], "later-0");
    assert_eq!(text(&log, 0), "a-0 a-1");
    assert_eq!(text(&log, 8), "a-0 a-1");
}

#[test]
fn a_torn_last_round_was_never_promised_and_ends_the_log() {
    let (disk, log, file) = five_rounds();
    drop(log);
    disk.damage(&file, ROUND_OF_E * BLOCK + 200);
    let (log, _) = open(&disk);
    assert_eq!(log.recovery().damage, []);
    assert_eq!(text(&log, 1), "c-0 c-1");
    assert!(disk.files("damaged").is_empty());
}

#[test]
fn the_empty_round_makes_the_last_one_known_as_durable() {
    let disk = Simulated::default();
    let (log, mut writer) = open(&disk);
    log.create(key(1, 0), Policy::default()).unwrap();
    put_round(&log, &mut writer, key(1, 0), "a");
    while log.stats().queued_bytes > 0 {
        writer.step(std::time::Instant::now()).unwrap();
    }
    writer
        .step(std::time::Instant::now() + Duration::from_secs(3601))
        .unwrap();
    let (file, content) = disk.files("wal").pop().unwrap();
    assert_eq!(content.len(), 2 * BLOCK);
    drop(log);
    disk.damage(&file, 200);
    let (log, _) = open(&disk);
    let lost = Damage {
        partition: key(1, 0),
        first_offset: 0,
        next_offset: 2,
    };
    assert_eq!(log.recovery().damage, [lost]);
}

#[test]
fn what_is_already_in_a_segment_is_saved_from_there() {
    let (disk, log, file) = five_rounds();
    log.shared
        .threads
        .with_behind(super::super::behind::Behind::write_all)
        .unwrap();
    drop(log);
    disk.damage(&file, ROUND_OF_B * BLOCK + 200);
    disk.damage(&file, ROUND_OF_C * BLOCK + 20);
    let (log, _) = open(&disk);
    assert_eq!(log.recovery().damage, []);
    assert_eq!(text(&log, 0), "a-0 a-1 b-0 b-1 d-0 d-1");
    assert_eq!(text(&log, 1), "c-0 c-1 e-0 e-1");
}

#[test]
fn a_damaged_manifest_is_refused_and_nothing_is_touched() {
    let (disk, log, _) = five_rounds();
    drop(log);
    disk.damage("manifest", 10);
    disk.kill();
    let before = disk.files("");
    let refused = Log::open_idle(Arc::new(disk.clone()), options())
        .map(drop)
        .unwrap_err();
    let message = refused.at(Path::new("/data")).to_string();
    assert!(message.contains("/data: manifest is damaged"), "{message}");
    assert_eq!(disk.files(""), before);
}

/// A log of 85 records in one batch and two in another. In the file, a byte of the second is damaged. Of those of its offset the
/// last makes it 0 again, since what flips is 0x55, and the others put it far above the end.
fn damaged_offset(byte: usize) -> Log {
    let disk = Simulated::default();
    let (log, mut writer) = open(&disk);
    log.create(key(1, 0), Policy::default()).unwrap();
    for count in [0x55, 2] {
        let batch = batch(&values("a", count), 0);
        log.append(vec![append(key(1, 0), batch)]).unwrap();
        writer.step(std::time::Instant::now()).unwrap();
    }
    log.close().unwrap();
    drop(log);
    let dir = super::super::segment::dir_name(key(1, 0));
    let (name, content) = disk.files(&dir).pop().unwrap();
    let first = batches(&content).next().unwrap().unwrap();
    disk.damage(&name, first.bytes().len() + byte);
    open(&disk).0
}

/// What is lost with it.
const LOST: Damage = Damage {
    partition: PartitionKey {
        topic: Uuid([1; 16]),
        partition: 0,
    },
    first_offset: 85,
    next_offset: 87,
};

#[test]
fn a_replay_passes_a_batch_whose_offset_is_damaged() {
    for byte in [7, 6] {
        let log = damaged_offset(byte);
        let mut seen = Vec::new();
        log.replay(key(1, 0), 0, Detail::Headers, &mut |batch| {
            assert!(seen.len() < 5, "it goes on and on");
            seen.push(batch.header.base_offset);
        })
        .unwrap();
        assert_eq!(seen, [0], "byte {byte}");
        assert_eq!(log.damage(), [LOST], "byte {byte}");
    }
}

#[test]
fn an_offset_that_no_batch_has_any_more_is_answered_with_an_error() {
    // The last two are of the number of offsets that the batch takes.
    for byte in [7, 6, 25, 26] {
        let log = damaged_offset(byte);
        assert!(read(&log, key(1, 0), 84, everything()).is_ok());
        for offset in [85, 86] {
            let answer = read(&log, key(1, 0), offset, everything());
            assert!(
                matches!(answer, Err(ReadError::Corrupt(LOST))),
                "byte {byte}: {answer:?}"
            );
        }
    }
}
