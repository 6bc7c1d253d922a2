//! `eddyline doctor` beside a running broker and without one.

use serde_json::Value;

use crate::program::Home;

#[test]
fn the_doctor_sees_the_broker_and_its_folder() {
    let home = Home::new();
    let broker = home.broker(&[]);
    let pid = broker.id().to_string();
    // The usual ports of this machine may be taken by others: the exit code is not this test's.
    let found = home.run(&["doctor", "-o", "json"]).json();
    let of = |check: &str| -> Vec<&Value> {
        let found = found.as_array().unwrap().iter();
        found.filter(|one| one["check"] == check).collect()
    };
    for check in ["clock", "data", "running", "broker", "admin"] {
        assert!(!of(check).is_empty(), "{check}");
        assert!(
            of(check).iter().all(|one| one["verdict"] == "ok"),
            "{found:#}"
        );
    }
    assert_eq!(of("port").len(), 3);
    assert!(
        of("data")[1]["what"]
            .as_str()
            .unwrap()
            .ends_with(&format!("in use by pid {pid}"))
    );
    assert!(
        of("broker")[0]["what"]
            .as_str()
            .unwrap()
            .starts_with(&broker.kafka)
    );

    assert_eq!(broker.interrupt(), Some(0));
    let said = home.run(&["doctor", "-b", "127.0.0.1:1"]);
    said.says(1, &["broker: is it running?", "found something wrong"]);
    assert!(
        said.out
            .contains("WRONG    cannot reach Kafka at 127.0.0.1:1"),
        "{}",
        said.out
    );
    assert!(said.out.contains("in use by nobody"), "{}", said.out);
}
