//! The Java client, compiled once into the user's cache folder.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use tests::program::Program;
use tests::{manifest, paths};

use crate::servers::{self, client, text};

/// The class path.
pub(crate) fn classes() -> &'static String {
    static CLASSES: OnceLock<String> = OnceLock::new();
    CLASSES.get_or_init(|| {
        let source = paths::root().join("tests/clients/java");
        let out: PathBuf = paths::cache().join("java");
        let mut maven = Command::new("mvn");
        maven
            .args(["-q", "-B", "process-classes"])
            .arg(format!("-Dout={}", out.display()));
        client(maven.current_dir(source), "");
        format!(
            "{}:{}",
            out.join("classes").display(),
            out.join("libraries/*").display()
        )
    })
}

fn java(words: &[&str]) -> BTreeMap<String, String> {
    let mut command = Command::new("timeout");
    command.args([
        "120",
        "java",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-cp",
        classes(),
    ]);
    let output = client(command.arg("clients.Main").args(words), "");
    let pairs = text(&output.stdout);
    pairs
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn the_first_record_reaches_a_fresh_group() {
    classes();
    let data = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let (_up, ready) = Program::up(&manifest::quickstart(), data.path(), &[]);
    let saw = java(&["first", &ready.kafka, "orders"]);
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
    let saw = java(&["group", &broker.kafka, "t", "2000"]);
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
    let saw = java(&["admin", &broker.kafka]);
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
    let saw = java(&["transaction", &broker.kafka]);
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
    let expected = java(&words);
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
