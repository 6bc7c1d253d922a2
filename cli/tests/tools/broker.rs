//! `eddyline broker`: what it prints, how it ends, and why it does not start.

use std::process::Command;

use crate::program::{Home, Said};
use crate::put;

#[test]
fn a_start_that_is_refused_names_what_is_in_the_way() {
    let home = Home::new();
    let broker = home.broker(&[]);
    let (address, pid) = (broker.kafka.as_str(), broker.id().to_string());
    let port = address.rsplit(':').next().unwrap();
    let other = tempfile::tempdir().unwrap();
    let free = "127.0.0.1:0";
    let start = |data: &std::path::Path, more: &[&str]| {
        let data = data.to_str().unwrap();
        home.run(&[&["broker", "--data-dir", data], more].concat())
    };
    let refused = start(other.path(), &["--listen", address, "--admin-listen", free]);
    refused.says(
        1,
        &[
            &format!("port {port} is in use by pid {pid}"),
            "--listen ADDRESS:PORT",
        ],
    );
    let refused = start(other.path(), &["--listen", free, "--admin-listen", address]);
    refused.says(
        1,
        &[
            &format!("port {port} is in use by pid {pid}"),
            "--admin-listen ADDRESS:PORT",
        ],
    );
    let inside = format!("inside={address}");
    let refused = start(
        other.path(),
        &["--listener", &inside, "--admin-listen", free],
    );
    refused.says(1, &["--listener inside=ADDRESS:PORT"]);
    assert_eq!(
        std::fs::read_dir(other.path()).unwrap().count(),
        0,
        "nothing touched"
    );

    let ports = ["--listen", free, "--admin-listen", free];
    start(&home.data(), &ports).says(1, &["in use by another broker", "--data-dir"]);
    std::fs::write(other.path().join("format"), "eddyline data, format 99\n").unwrap();
    start(other.path(), &ports).says(1, &["format 99", "nothing was changed", "--data-dir"]);
    let unknown = [&ports[..], &["--set", "auto.create.topic.enable=true"]].concat();
    start(other.path(), &unknown).says(2, &["did you mean auto.create.topics.enable?"]);
    start(other.path(), &["--listen", "9092"]).says(2, &["127.0.0.1:9092"]);
}

#[test]
fn the_broker_says_where_it_is_and_ends_clean() {
    let home = Home::new();
    let outside = "outside=127.0.0.1:0,advertise=kafka.example:19092";
    let broker = home.broker(&["--listener", outside]);
    let listeners = &broker.ready["listeners"];
    assert_eq!(listeners["PLAINTEXT"], broker.ready["kafka"]);
    assert_eq!(listeners["outside"], "kafka.example:19092");
    assert_eq!(broker.ready["dataDir"].as_str(), home.data().to_str());
    assert!(
        broker.ready["admin"]
            .as_str()
            .unwrap()
            .starts_with("127.0.0.1:")
    );
    home.run(&["topic", "create", "kept", "--bootstrap", &broker.kafka])
        .is(0, "", "created topic kept\n");
    assert_eq!(broker.interrupt(), Some(0));
    let again = home.broker(&[]);
    assert_eq!(
        home.run(&["topic", "list", "-o", "json"]).json()[0]["name"],
        "kept"
    );
    drop(again);
}

/// The disk refuses a write: here by a limit on the size of files, which a process can set for itself.
#[test]
fn a_failed_write_ends_the_process_with_one_line() {
    let home = Home::new();
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 3000; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_eddyline"));
    let broker = home.start(limited, &[]);
    home.run(&["topic", "create", "t"])
        .is(0, "", "created topic t\n");
    let noise = |number: u64| (number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_string();
    let value = move |number: u64| {
        (0..500)
            .map(|part| noise(number * 500 + part))
            .collect::<String>()
    };
    // In a thread: the client goes on trying until its time is up, and nobody waits for it.
    let kafka = broker.kafka.clone();
    std::thread::spawn(move || put(&kafka, "t", &(0..1000).map(value).collect::<Vec<_>>()));
    let Said { code, err, .. } = broker.wait();
    assert_eq!(code, Some(1), "{err}");
    let told: Vec<&str> = err
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(told.len(), 1, "{err}");
    assert!(
        told[0].starts_with("error: the broker cannot go on: "),
        "{err}"
    );
    assert!(
        err.contains("every acknowledged record is recovered"),
        "{err}"
    );
}
