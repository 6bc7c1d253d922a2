//! kill -9 while data flows: nothing acknowledged is lost, offsets stay, ids go on without a gap.

use std::collections::BTreeSet;
use std::time::Duration;

use tests::manifest::Manifest;
use tests::program::Program;
use tests::{kafka, wait};

const PATIENCE: Duration = Duration::from_secs(30);
const RATE: i64 = 500;

#[test]
fn what_was_visible_before_a_kill_is_there_after_it() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut manifest = Manifest::topic("orders").orders(&RATE.to_string());
    manifest.partitions = 2;
    let file = manifest.write(files.path());
    let mut known = Vec::new();
    for round in 0..3 {
        let (up, ready) = Program::up(&file, data.path(), &[]);
        let now = kafka::read_all(&ready.kafka, "orders");
        assert!(
            now.len() >= known.len(),
            "round {round}: {} of {} records",
            now.len(),
            known.len()
        );
        assert_kept(&known, &now);
        let more = i64::try_from(now.len()).unwrap() + RATE;
        wait::until("more records", PATIENCE, || {
            (kafka::count(&ready.kafka, "orders") >= more).then_some(())
        });
        known = kafka::read_all(&ready.kafka, "orders");
        up.kill();
    }
    // The life after the last kill ends in order, and the one that is read sends nothing: a reader asks one partition
    // after the other, so that of records still on their way it may find a later one only.
    // It goes on until it is past all that the killed ones sent: of their last records one may have come through and the one
    // before it not.
    let (up, ready) = Program::up(&file, data.path(), &[]);
    let sent = highest(&kafka::read_all(&ready.kafka, "orders"));
    wait::until("records that nobody sent before", PATIENCE, || {
        (highest(&kafka::read_all(&ready.kafka, "orders")) > sent).then_some(())
    });
    assert_eq!(up.interrupt(PATIENCE), Some(0));
    let (_up, ready) = Program::up(&manifest.stopped().write(files.path()), data.path(), &[]);
    let all = kafka::read_all(&ready.kafka, "orders");
    assert_kept(&known, &all);
    let ids: Vec<_> = all.iter().map(|record| record.number("orderid")).collect();
    let distinct: BTreeSet<_> = ids.iter().copied().collect();
    let highest = highest(&all);
    let missing: Vec<_> = (0..=highest).filter(|id| !distinct.contains(id)).collect();
    assert!(
        missing.is_empty(),
        "orderids go on without a gap, but {missing:?} are missing up to {highest}; around them {:#?}",
        around(&all, &missing)
    );
    let repeats = ids.len() - distinct.len();
    println!("{} records, {repeats} repeated over 3 kills", ids.len());
    // At most what the last unflushed second of each life held, with some room for a slow machine.
    assert!(repeats as i64 <= 3 * 2 * RATE, "{repeats} repeats");
}

/// The highest id; -1 when there is none.
fn highest(records: &[kafka::Read]) -> i64 {
    let ids = records.iter().map(|record| record.number("orderid"));
    ids.max().unwrap_or(-1)
}

/// The records whose ids are near to one of `missing`.
fn around<'a>(all: &'a [kafka::Read], missing: &[i64]) -> Vec<&'a kafka::Read> {
    let near = |id: i64| missing.iter().any(|one| (one - id).abs() <= 3);
    let records = all.iter();
    records
        .filter(|record| near(record.number("orderid")))
        .collect()
}

/// Every record that any reader has seen is at its offset, byte for byte (I1, I2).
#[track_caller]
fn assert_kept(known: &[kafka::Read], now: &[kafka::Read]) {
    for (partition, before) in partitions(known) {
        let after: Vec<_> = now
            .iter()
            .filter(|record| record.partition == partition)
            .collect();
        assert!(
            after.len() >= before.len(),
            "partition {partition} lost records"
        );
        assert!(
            before
                .iter()
                .zip(&after)
                .all(|(before, after)| before == after),
            "partition {partition} holds other records"
        );
    }
}

fn partitions(records: &[kafka::Read]) -> Vec<(i32, Vec<&kafka::Read>)> {
    let ids: BTreeSet<_> = records.iter().map(|record| record.partition).collect();
    ids.into_iter()
        .map(|id| {
            (
                id,
                records
                    .iter()
                    .filter(|record| record.partition == id)
                    .collect(),
            )
        })
        .collect()
}
