//! A seed and a standing clock fix every byte; the number of tasks does not change what is sent.

use std::path::Path;
use std::time::Duration;

use tests::manifest::{Manifest, Source};
use tests::program::Program;
use tests::{kafka, wait};

const PATIENCE: Duration = Duration::from_secs(30);
const RECORDS: i64 = 300;

/// The records of a fresh cluster, by offset.
fn records(quickstart: &'static str, tasks: u32, files: &Path) -> Vec<(String, String)> {
    let data = tempfile::tempdir().unwrap();
    let mut manifest = Manifest::topic("seeded");
    manifest.connector = Some(Source {
        quickstart,
        tasks,
        datagen: format!("    rate: 2000\n    iterations: {RECORDS}\n    seed: 42\n"),
        spec: String::new(),
    });
    let file = manifest.write(files);
    let (_up, ready) = Program::up(&file, data.path(), &["--clock", "2026-01-01T12:00:00Z"]);
    wait::until("all records", PATIENCE, || {
        (kafka::count(&ready.kafka, "seeded") >= RECORDS).then_some(())
    });
    let read = kafka::read_all(&ready.kafka, "seeded");
    read.into_iter()
        .map(|record| (record.key, record.value))
        .collect()
}

#[test]
fn two_runs_give_the_same_bytes_and_any_number_of_tasks_the_same_records() {
    let files = tempfile::tempdir().unwrap();
    for quickstart in ["orders", "rides", "rides_location"] {
        let first = records(quickstart, 1, files.path());
        assert_eq!(first.len() as i64, RECORDS);
        assert_eq!(
            first,
            records(quickstart, 1, files.path()),
            "{quickstart}: two runs"
        );
        let sorted = |mut records: Vec<(String, String)>| {
            records.sort();
            records
        };
        let four = records(quickstart, 4, files.path());
        assert_eq!(sorted(first), sorted(four), "{quickstart}: 1 and 4 tasks");
    }
}
