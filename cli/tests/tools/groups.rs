//! `eddyline group`: groups are shown, and moved when nobody is in them.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::json;

use crate::program::Home;
use crate::put;

#[test]
fn groups_are_shown_and_moved() {
    let home = Home::new();
    let broker = home.broker(&[]);
    let run = |words: &[&str]| home.run(words);
    run(&["topic", "create", "t"]).is(0, "", "created topic t\n");
    let values: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    assert!(put(&broker.kafka, "t", &values));

    let plan = "TOPIC  PARTITION  FROM  TO\nt      0          none  10\n";
    run(&["group", "reset", "reader", "--topic", "t", "--to", "latest"]).is(
        0,
        plan,
        "group reader does not exist yet: this would make it\nnothing was done: repeat it with --execute\n",
    );
    assert_eq!(
        run(&["group", "list", "-o", "json"]).json(),
        json!([]),
        "a dry run makes nothing"
    );
    run(&[
        "group",
        "reset",
        "reader",
        "--topic",
        "t",
        "--to",
        "latest",
        "--execute",
    ])
    .is(0, plan, "moved group reader\n");
    run(&["group", "reset", "reader", "--to", "-3", "--execute"]).is(
        0,
        "TOPIC  PARTITION  FROM  TO\nt      0          10    7\n",
        "moved group reader\n",
    );
    run(&["group", "describe", "reader"]).is(
        0,
        "group     reader\nstate     Empty\n\n\
         TOPIC  PARTITION  COMMITTED  END  LAG\nt      0          7          10   3\n",
        "",
    );
    for (to, expected) in [
        ("earliest", 0),
        ("4", 4),
        ("99", 10),
        ("1h", 0),
        ("2100-01-01T00:00:00Z", 10),
    ] {
        let moves = run(&[
            "group",
            "reset",
            "reader",
            "--to",
            to,
            "--dry-run",
            "-o",
            "json",
        ])
        .json();
        assert_eq!(moves[0]["to"], expected, "--to {to}");
    }
    assert_eq!(
        run(&["group", "list", "-o", "json"]).json()[0]["group"],
        "reader"
    );
}

#[test]
fn wrong_wishes_about_groups_say_what_to_do() {
    let home = Home::new();
    let _broker = home.broker(&[]);
    let run = |words: &[&str]| home.run(words);
    run(&["topic", "create", "t"]).is(0, "", "created topic t\n");
    let make = ["group", "reset", "reader", "--topic", "t", "--to", "latest"];
    assert_eq!(run(&[&make[..], &["--execute"]].concat()).code, Some(0));
    run(&["group", "describe", "readr"])
        .says(1, &["no group \"readr\"", "did you mean \"reader\"?"]);
    run(&[
        "group", "reset", "reader", "--topic", "tt", "--to", "earliest",
    ])
    .says(1, &["no topic \"tt\""]);
    run(&["group", "reset", "new", "--to", "earliest"])
        .says(1, &["no committed offsets", "--topic NAME"]);
    run(&["group", "reset", "reader", "--to", "yesterday"]).says(2, &["yesterday", "10m"]);
}

#[test]
fn a_group_in_use_is_not_moved() {
    let home = Home::new();
    let broker = home.broker(&[]);
    let run = |words: &[&str]| home.run(words);
    run(&["topic", "create", "t"]).is(0, "", "created topic t\n");
    let member: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &broker.kafka)
        .set("group.id", "live")
        .set("client.id", "reader-1")
        .create()
        .unwrap();
    member.subscribe(&["t"]).unwrap();
    let joined = (0..200).any(|_| {
        let _ = member.poll(Duration::from_millis(100));
        member.assignment().is_ok_and(|list| list.count() == 1)
    });
    assert!(joined, "the member got its partition");
    run(&[
        "group",
        "reset",
        "live",
        "--topic",
        "t",
        "--to",
        "earliest",
        "--execute",
    ])
    .says(1, &["in use (Stable)", "reader-1 on 127.0.0.1"]);
    let group = run(&["group", "describe", "live", "-o", "json"]).json();
    assert_eq!(group["state"], "Stable");
    assert_eq!(group["members"][0]["clientId"], "reader-1");
    assert_eq!(
        group["offsets"][0]["member"], group["members"][0]["id"],
        "{group}"
    );
}
