//! `eddyline up -f examples/quickstart.yaml`: what is there seconds later, how fast, and in how much memory.

use std::time::{Duration, Instant};

use tests::program::{self, Program};
use tests::{kafka, manifest, wait};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn the_quickstart_fills_both_topics() {
    let data = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let (up, ready) = Program::up(&manifest::quickstart(), data.path(), &[]);
    println!("ready after {:.2} s", begun.elapsed().as_secs_f64());
    for topic in ["orders", "rides"] {
        wait::until(&format!("records in {topic}"), PATIENCE, || {
            (kafka::count(&ready.kafka, topic) >= 20).then_some(())
        });
        assert_eq!(
            kafka::watermarks(&ready.kafka, topic).len(),
            2,
            "partitions of {topic}"
        );
    }
    let settings = program::run(&[
        "topic",
        "describe",
        "orders",
        "-o",
        "json",
        "--bootstrap",
        &ready.kafka,
    ]);
    let text = String::from_utf8_lossy(&settings.stdout);
    assert!(text.contains("86400000"), "1 day of retention: {text}");
    let resident_kib = up.resident_kib().unwrap_or_default();
    println!(
        "resident with both connectors running: {:.1} MB",
        resident_kib as f64 / 1024.0
    );
    assert!(resident_kib < 10 * 40 * 1024, "resident {resident_kib} KiB");
    assert_eq!(up.interrupt(PATIENCE), Some(0), "a first Ctrl-C ends clean");
}

#[test]
fn orders_are_keyed_by_orderid_and_rides_by_where_they_end() {
    let data = tempfile::tempdir().unwrap();
    let (_up, ready) = Program::up(&manifest::quickstart(), data.path(), &[]);
    for topic in ["orders", "rides"] {
        wait::until("records", PATIENCE, || {
            (kafka::count(&ready.kafka, topic) >= 20).then_some(())
        });
    }
    let orders = kafka::read_all(&ready.kafka, "orders");
    for order in &orders {
        assert_eq!(order.key, order.number("orderid").to_string());
    }
    let fields: Vec<_> = orders[0]
        .json()
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(
        fields,
        ["ordertime", "orderid", "itemid", "orderunits", "address"]
    );
    let rides = kafka::read_all(&ready.kafka, "rides");
    for ride in &rides {
        assert_eq!(ride.key, ride.number("DOLocationID").to_string());
        assert!(
            ride.json()["tpep_dropoff_datetime"].is_array(),
            "{}",
            ride.value
        );
    }
    assert_eq!(rides[0].json().as_object().unwrap().len(), 18);
}

#[test]
fn a_second_start_goes_on_where_the_first_ended() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (up, ready) = Program::up(&manifest::quickstart(), data.path(), &[]);
    wait::until("orders", PATIENCE, || {
        (kafka::count(&ready.kafka, "orders") >= 20).then_some(())
    });
    assert_eq!(up.interrupt(PATIENCE), Some(0));
    let (up, ready) = Program::up(&manifest::quickstart(), data.path(), &[]);
    let before = kafka::count(&ready.kafka, "orders");
    assert!(before >= 20, "records survive a clean stop");
    wait::until("more orders", PATIENCE, || {
        (kafka::count(&ready.kafka, "orders") >= before + 20).then_some(())
    });
    assert_eq!(up.interrupt(PATIENCE), Some(0));
    // Read while nothing is sent: a reader asks one partition after the other.
    let text = std::fs::read_to_string(manifest::quickstart()).unwrap();
    let stopped = text.replace("  datagen:", "  state: Stopped\n  datagen:");
    let (_up, ready) = Program::up(&manifest::write(files.path(), &stopped), data.path(), &[]);
    let mut ids: Vec<_> = kafka::read_all(&ready.kafka, "orders")
        .iter()
        .map(|order| order.number("orderid"))
        .collect();
    ids.sort_unstable();
    let expected: Vec<_> = (0..ids.len() as i64).collect();
    assert_eq!(ids, expected, "no gap and no repeat over a clean stop");
}
