//! The file is edited while `up` runs: a valid change takes effect at once, an invalid one is reported and nothing stops.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::manifest::{self, Manifest};
use tests::program::{self, Program, Ready};
use tests::{kafka, wait};

const PATIENCE: Duration = Duration::from_secs(30);

fn ids(ready: &Ready, topic: &str) -> Vec<i64> {
    let mut ids: Vec<_> = kafka::read_all(&ready.kafka, topic)
        .iter()
        .map(|one| one.number("orderid"))
        .collect();
    ids.sort_unstable();
    ids
}

#[track_caller]
fn assert_whole(ids: &[i64]) {
    let expected: Vec<_> = (0..ids.len() as i64).collect();
    assert_eq!(ids, expected, "no gap, no repeat");
}

fn status(ready: &Ready) -> Option<Value> {
    let out = program::run(&[
        "connector",
        "status",
        "gen",
        "-o",
        "json",
        "--connect",
        &ready.connect,
    ]);
    serde_json::from_slice(&out.stdout).ok()
}

#[test]
fn a_new_rate_takes_effect_without_restart_and_gap() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = Manifest::topic("orders").orders("10").write(files.path());
    let (up, ready) = Program::up(&file, data.path(), &[]);
    wait::until("orders", PATIENCE, || {
        (kafka::count(&ready.kafka, "orders") >= 10).then_some(())
    });
    let process = up.id();
    Manifest::topic("orders").orders("500").write(files.path());
    let edited = Instant::now();
    let mut last = (kafka::count(&ready.kafka, "orders"), Instant::now());
    wait::until("the new rate", PATIENCE, || {
        let now = (kafka::count(&ready.kafka, "orders"), Instant::now());
        let seconds = now.1.duration_since(last.1).as_secs_f64();
        if seconds < 0.5 {
            return None;
        }
        let rate = (now.0 - last.0) as f64 / seconds;
        last = now;
        (rate > 400.0).then_some(())
    });
    println!(
        "rate 10 → 500 seen after {:.1} s",
        edited.elapsed().as_secs_f64()
    );
    assert_eq!(up.id(), process);
    assert_whole(&ids(&ready, "orders"));
    assert_eq!(up.interrupt(PATIENCE), Some(0));
}

#[test]
fn tasks_change_live_and_nothing_is_lost_or_repeated() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut manifest = Manifest::topic("orders").orders("400");
    let file = manifest.write(files.path());
    let (_up, ready) = Program::up(&file, data.path(), &[]);
    let mut floor = 200;
    for tasks in [4, 2, 3, 1] {
        wait::until("orders", PATIENCE, || {
            (kafka::count(&ready.kafka, "orders") >= floor).then_some(())
        });
        if let Some(source) = &mut manifest.connector {
            source.tasks = tasks;
        }
        manifest.write(files.path());
        let expected = tasks as usize;
        wait::until("the new tasks", PATIENCE, || {
            let status = status(&ready)?;
            let tasks = status["tasks"].as_array()?;
            let running = tasks
                .iter()
                .filter(|task| task["state"] == "RUNNING")
                .count();
            (tasks.len() == expected && running == expected).then_some(())
        });
        floor = kafka::count(&ready.kafka, "orders") + 200;
    }
    wait::until("orders", PATIENCE, || {
        (kafka::count(&ready.kafka, "orders") >= floor).then_some(())
    });
    assert_whole(&ids(&ready, "orders"));
}

#[test]
fn iterations_end_in_completed_and_stay_so() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut manifest = Manifest::topic("orders").orders("1000");
    if let Some(source) = &mut manifest.connector {
        source.tasks = 3;
        source.datagen.push_str("    iterations: 100\n");
    }
    let file = manifest.write(files.path());
    for _ in 0..2 {
        let (up, ready) = Program::up(&file, data.path(), &[]);
        wait::until("COMPLETED", PATIENCE, || {
            (status(&ready)?["connector"]["state"] == "COMPLETED").then_some(())
        });
        let ids = ids(&ready, "orders");
        assert_eq!(ids.len(), 100, "iterations count over all tasks, once");
        assert_whole(&ids);
        assert_eq!(up.interrupt(PATIENCE), Some(0));
    }
}

#[test]
fn an_invalid_edit_is_reported_and_the_last_good_one_stays() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut manifest = Manifest::topic("orders").orders("50");
    let file = manifest.write(files.path());
    let (up, ready) = Program::up(&file, data.path(), &[]);
    wait::until("orders", PATIENCE, || {
        (kafka::count(&ready.kafka, "orders") >= 10).then_some(())
    });
    manifest.partitions = 3;
    manifest::write(
        files.path(),
        &manifest.text().replace("partitions:", "partitons:"),
    );
    wait::until("the finding", PATIENCE, || {
        let talk = up.talk();
        (talk.contains("partitons") && talk.contains("partitions")).then_some(())
    });
    let before = kafka::count(&ready.kafka, "orders");
    wait::until("data to go on", PATIENCE, || {
        (kafka::count(&ready.kafka, "orders") > before).then_some(())
    });
    manifest.write(files.path());
    wait::until("three partitions", PATIENCE, || {
        (kafka::watermarks(&ready.kafka, "orders").len() == 3).then_some(())
    });
}

#[test]
fn what_leaves_the_file_leaves_as_promised() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut manifest = Manifest::topic("orders").orders("50");
    let file = manifest.write(files.path());
    let (up, ready) = Program::up(&file, data.path(), &[]);
    wait::until("orders", PATIENCE, || {
        (kafka::count(&ready.kafka, "orders") >= 10).then_some(())
    });
    manifest.connector = None;
    manifest.topic = "other".to_owned();
    manifest.write(files.path());
    wait::until("the connector to go", PATIENCE, || {
        let out = program::run(&[
            "connector",
            "list",
            "-o",
            "json",
            "--connect",
            &ready.connect,
        ]);
        (String::from_utf8_lossy(&out.stdout).trim() == "[]").then_some(())
    });
    wait::until("the hint about the topic", PATIENCE, || {
        up.talk().contains("--prune").then_some(())
    });
    assert!(
        kafka::count(&ready.kafka, "orders") >= 10,
        "the topic stays"
    );
    assert_eq!(up.interrupt(PATIENCE), Some(0));
    let (_up, ready) = Program::up(&file, data.path(), &["--prune"]);
    wait::until("the topic to go", PATIENCE, || {
        let out = program::run(&["topic", "list", "-o", "json", "--bootstrap", &ready.kafka]);
        let names: BTreeSet<String> = serde_json::from_slice::<Value>(&out.stdout)
            .ok()?
            .as_array()?
            .iter()
            .filter_map(|topic| topic["name"].as_str().map(str::to_owned))
            .collect();
        (names.contains("other") && !names.contains("orders")).then_some(())
    });
}
