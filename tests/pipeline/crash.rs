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
    for round in 0..4 {
        let (up, ready) = Program::up(&file, data.path(), &[]);
        let now = kafka::read_all(&ready.kafka, "orders");
        assert!(
            now.len() >= known.len(),
            "round {round}: {} of {} records",
            now.len(),
            known.len()
        );
        // Every record that any reader has seen is at its offset, byte for byte (I1, I2).
        for (partition, before) in partitions(&known) {
            let after: Vec<_> = now
                .iter()
                .filter(|record| record.partition == partition)
                .collect();
            assert!(
                after.len() >= before.len(),
                "round {round}: partition {partition} lost records"
            );
            assert!(
                before
                    .iter()
                    .zip(&after)
                    .all(|(before, after)| before == after),
                "round {round}"
            );
        }
        let more = i64::try_from(now.len()).unwrap() + RATE;
        wait::until("more records", PATIENCE, || {
            (kafka::count(&ready.kafka, "orders") >= more).then_some(())
        });
        known = kafka::read_all(&ready.kafka, "orders");
        up.kill();
    }
    let ids: Vec<_> = known
        .iter()
        .map(|record| record.number("orderid"))
        .collect();
    let distinct: BTreeSet<_> = ids.iter().copied().collect();
    let highest = distinct.last().copied().unwrap_or(-1);
    assert_eq!(
        distinct.len() as i64,
        highest + 1,
        "orderids go on without a gap"
    );
    let repeats = ids.len() - distinct.len();
    println!("{} records, {repeats} repeated over 3 kills", ids.len());
    // At most what the last unflushed second of each life held, with some room for a slow machine.
    assert!(repeats as i64 <= 3 * 2 * RATE, "{repeats} repeats");
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
