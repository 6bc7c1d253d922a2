//! confluent-kafka and kafka-python, from an environment kept in the user's cache folder.

use std::process::Command;

use serde_json::Value;
use tests::paths;
pub(crate) use tests::python::python;

use crate::servers::{self, client, text};

fn script(name: &str, kafka: &str, topic: &str, records: &str) -> Value {
    let file = paths::root().join("tests/clients/python").join(name);
    let output = client(
        Command::new(python())
            .arg(file)
            .args([kafka, topic, records]),
        "",
    );
    let printed = text(&output.stdout);
    serde_json::from_str(printed.trim()).unwrap_or_else(|error| panic!("{printed}: {error}"))
}

#[test]
fn confluent_kafka_produces_and_consumes_through_a_group() {
    let broker = servers::broker(&[]);
    servers::topic(&broker.kafka, "t", 3);
    let saw = script("confluent.py", &broker.kafka, "t", "1000");
    println!("{saw}");
    assert_eq!(saw["failures"], serde_json::json!([]));
    assert_eq!((&saw["unsent"], &saw["again"]), (&0.into(), &0.into()));
    assert_eq!(
        (&saw["total"], &saw["distinct"]),
        (&1000.into(), &1000.into())
    );
    assert_eq!(saw["groups"], serde_json::json!(["python"]));
}

#[test]
fn kafka_python_produces_and_consumes_through_a_group() {
    let broker = servers::broker(&[]);
    servers::topic(&broker.kafka, "t", 3);
    let saw = script("kafkapython.py", &broker.kafka, "t", "500");
    println!("{saw}");
    assert_eq!(saw["distinct"], 500);
    assert_ne!(saw["refused_with"], "accepted");
    assert!(
        saw["refused_seconds"].as_f64().unwrap() < 100.0,
        "ten times the 10 s in which it gives up"
    );
}
