//! The hand tools as people run them: the built program, a broker of its own on free ports, what is printed where, and the
//! exit code. Goal: what the screen says is right, and each error says what to do.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a suite of tests: helpers fail like the tests that call them"
)]

#[path = "tools/broker.rs"]
mod broker;
#[path = "tools/doctor.rs"]
mod doctor;
#[path = "tools/groups.rs"]
mod groups;
#[path = "tools/interrupts.rs"]
mod interrupts;
#[path = "tools/outages.rs"]
mod outages;
#[path = "tools/places.rs"]
mod places;
#[path = "tools/program.rs"]
mod program;
#[path = "tools/topics.rs"]
mod topics;

use std::time::Duration;

use program::{Home, eddyline};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};

/// Puts values into partition 0 of a topic; false when the broker does not take them all.
pub(crate) fn put(kafka: &str, topic: &str, values: &[String]) -> bool {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", kafka)
        .set("message.timeout.ms", "10000")
        .create()
        .unwrap();
    for value in values {
        let record = BaseRecord::<str, str>::to(topic)
            .partition(0)
            .payload(value);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(20)).is_ok()
}

#[test]
fn what_is_produced_is_consumed() {
    let home = Home::new();
    let _broker = home.broker(&[]);
    home.run(&["topic", "create", "t"])
        .is(0, "", "created topic t\n");
    let made = home.run_with(&["produce", "t"], "a\nb\nc\n");
    assert_eq!(made.code, Some(0), "{made:?}");
    let sent = home.run_with(&["produce", "t", "-o", "json"], "");
    assert_eq!(sent.json(), serde_json::json!({"topic": "t", "records": 0}));
    let words = [
        "consume",
        "t",
        "-n",
        "2",
        "--from",
        "-2",
        "-f",
        "%t %p %o %v\\n",
    ];
    home.run(&words).is(0, "t 0 1 b\nt 0 2 c\n", "");
    home.run(&["consume", "t", "--from", "4"]).says(
        1,
        &["offset 4 is beyond the end of t", "partition 0 ends at 3"],
    );
    for words in [&["produce", "tt"][..], &["consume", "tt", "-n", "1"]] {
        home.run(words)
            .says(1, &["no topic \"tt\"", "did you mean \"t\"?"]);
    }
}

#[test]
fn where_nobody_listens_the_flag_is_named() {
    let home = Home::new();
    let not_there = "error: cannot reach Kafka at 127.0.0.1:1: nothing listens there\n  \
                     is it running? say where it is with --bootstrap HOST:PORT\n";
    for words in [["topic", "list"], ["group", "list"]] {
        home.run(&[&words[..], &["-b", "127.0.0.1:1"]].concat())
            .is(1, "", not_there);
        home.run(&words).says(
            1,
            &[
                "no Eddyline runs here",
                "eddyline up -f FILE",
                "--bootstrap",
            ],
        );
    }
    home.run(&["topic", "create", "x", "-b", "127.0.0.1:1"])
        .says(1, &["cannot reach Kafka", "--bootstrap"]);
}

#[test]
fn help_says_what_each_tool_is_for() {
    let text = String::from_utf8(eddyline(&["--help"]).output().unwrap().stdout).unwrap();
    for tool in ["broker", "topic", "group", "doctor"] {
        assert!(
            text.contains(&format!("\n  {tool}")),
            "no {tool} in:\n{text}"
        );
    }
}
