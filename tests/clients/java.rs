//! The Java client.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use tests::program::Program;
use tests::{java, manifest};

use crate::servers::{self, client, text};

fn run(words: &[&str]) -> BTreeMap<String, String> {
    let start = java::command();
    let mut command = Command::new(&start[0]);
    let output = client(command.args(&start[1..]).args(words), "");
    let pairs = text(&output.stdout);
    pairs
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn the_first_record_reaches_a_fresh_group() {
    java::classes();
    let data = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let (_up, ready) = Program::up(&manifest::quickstart(), data.path(), &[]);
    let saw = run(&["first", &ready.kafka, "orders"]);
    println!(
        "from exec to the first record of a Java group: {:.2} s; in the client {} ms",
        begun.elapsed().as_secs_f64(),
        saw["first_ms"]
    );
}

#[test]
fn two_members_share_a_topic_and_see_each_record_once() {
    let broker = servers::broker(&[]);
    servers::topic(&broker.kafka, "t", 4);
    let saw = run(&["group", &broker.kafka, "t", "2000"]);
    for (name, value) in [
        ("placed", "2000"),
        ("distinct", "2000"),
        ("shared", "true"),
        ("again", "0"),
    ] {
        assert_eq!(saw[name], value, "{name} of {saw:?}");
    }
}

#[test]
fn the_admin_client_works() {
    let broker = servers::broker(&[]);
    let saw = run(&["admin", &broker.kafka]);
    for (name, value) in [
        ("partitions", "3"),
        ("id", "true"),
        ("retention", "604800000"),
        ("cluster", "22"),
        ("folders", "1"),
        ("left", "false"),
    ] {
        assert_eq!(saw[name], value, "{name} of {saw:?}");
    }
}

#[test]
fn a_transactional_id_is_refused_within_seconds() {
    let broker = servers::broker(&[]);
    let saw = run(&["transaction", &broker.kafka]);
    println!("{saw:?}");
    assert_ne!(saw["refused"], "accepted");
    assert!(
        saw["refused_ms"].parse::<u64>().unwrap() < 100_000,
        "ten times the 10 s in which it gives up"
    );
}

#[test]
fn our_producer_puts_keys_where_java_puts_them() {
    let broker = servers::broker(&[]);
    servers::topic(&broker.kafka, "keys", 1000);
    let keys: Vec<String> = (0..40).map(|number| format!("key-{number}-ä")).collect();
    let mut words = vec!["murmur2"];
    words.extend(keys.iter().map(String::as_str));
    let expected = run(&words);
    let record = |key: &String| format!("{{\"key\":\"{key}\",\"value\":\"{key}\"}}");
    let lines = keys.iter().map(record).collect::<Vec<_>>().join("\n");
    let mut produce =
        tests::program::command(&["produce", "keys", "--bootstrap", &broker.kafka, "--json"]);
    client(&mut produce, &lines);
    for record in tests::kafka::read_all(&broker.kafka, "keys") {
        assert_eq!(
            record.partition.to_string(),
            expected[&record.key],
            "{}",
            record.key
        );
    }
}
