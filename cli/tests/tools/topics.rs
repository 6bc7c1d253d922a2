//! `eddyline topic`: every verb once, and what is wrong with a wish.

use serde_json::json;

use crate::program::Home;
use crate::put;

#[test]
fn topics_are_made_shown_changed_and_deleted() {
    let home = Home::new();
    let broker = home.broker(&[]);
    let run = |words: &[&str]| home.run(words);
    run(&[
        "topic",
        "create",
        "orders",
        "--partitions",
        "2",
        "--retention",
        "1d",
    ])
    .is(0, "", "created topic orders\n");
    assert!(put(
        &broker.kafka,
        "orders",
        &["a".to_owned(), "b".to_owned()]
    ));
    let list = "TOPIC   PARTITIONS  RECORDS\norders  2           2\n";
    run(&["topic", "list"]).is(0, list, "");

    let shown = run(&["topic", "describe", "orders"]);
    let lines: Vec<&str> = shown.out.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "topic       orders",
            "partitions  2",
            "replicas    1",
            "records     2"
        ]
    );
    assert_eq!(lines[5], "retention   1d");
    assert!(
        lines[8].starts_with("0          1       1        0      2    "),
        "{}",
        shown.out
    );
    assert_eq!(lines[9], "1          1       1        0      0    0 B");
    assert_eq!(lines.last(), Some(&"retention.ms     86400000  topic"));

    let json = run(&["topic", "describe", "orders", "-o", "json"]).json();
    assert_eq!(json["settings"]["retention.ms"], "86400000");
    assert_eq!(json["settings"]["cleanup.policy"], "delete");
    assert_eq!(json["ownSettings"], json!(["retention.ms"]));
    assert_eq!(json["partitions"][0]["end"], 2);

    run(&[
        "topic",
        "alter",
        "orders",
        "-p",
        "3",
        "-c",
        "segment.ms=60000",
        "--delete-config",
        "retention.ms",
    ])
    .is(0, "", "changed topic orders\n");
    let json = run(&["topic", "describe", "orders", "-o", "json"]).json();
    assert_eq!(json["ownSettings"], json!(["segment.ms"]));
    assert_eq!(json["partitions"].as_array().map(Vec::len), Some(3));

    let made = run(&["topic", "create", "b", "a", "-o", "json"]).json();
    assert_eq!(
        made,
        json!([{"name": "a", "result": "created"}, {"name": "b", "result": "created"}])
    );
    run(&["topic", "delete", "a", "orders"]).is(0, "", "deleted topic a\ndeleted topic orders\n");
    let names = run(&["topic", "list", "-o", "json"]).json();
    assert_eq!(names[0]["name"], "b");
    assert_eq!(names.as_array().map(Vec::len), Some(1));
}

#[test]
fn wrong_wishes_about_topics_say_what_to_do() {
    let home = Home::new();
    let _broker = home.broker(&[]);
    let run = |words: &[&str]| home.run(words);
    run(&["topic", "create", "orders", "--partitions", "2"]).is(0, "", "created topic orders\n");
    let unknown = "error: there is no topic \"ordrs\"\n  did you mean \"orders\"?\n  see them with: eddyline topic list\n";
    run(&["topic", "describe", "ordrs"]).is(1, "", unknown);
    run(&["topic", "alter", "ordrs", "-p", "3"]).is(1, "", unknown);
    run(&["topic", "delete", "orders", "ordrs"]).is(1, "", unknown);
    run(&["topic", "create", "orders"]).is(
        1,
        "",
        "error: cannot create topic orders: topic orders exists already\n  \
         see it with: eddyline topic describe orders\n  change it with: eddyline topic alter orders\n",
    );
    run(&["topic", "create", "x", "--partitions", "100000"]).is(
        1,
        "",
        "error: cannot create topic x: a topic has from 1 to 10000 partitions, not 100000\n",
    );
    run(&["topic", "create", "x", "--partitions", "0"])
        .says(2, &["--partitions", "0 is not in 1.."]);
    run(&["topic", "create", "x", "--retention", "1 day"]).says(2, &["1 day", "Forever"]);
    run(&["topic", "create", "x", "--config", "retntion.ms=1"])
        .says(1, &["did you mean retention.ms?"]);
    run(&["topic", "alter", "orders", "-p", "1"])
        .says(1, &["has 2 partitions", "never removed", "topic create"]);
    run(&["topic", "alter", "orders"]).says(2, &["nothing to change", "--partitions N"]);
    let list = run(&["topic", "list", "-o", "json"]).json();
    assert_eq!(
        list.as_array().map(Vec::len),
        Some(1),
        "nothing was made or deleted: {list}"
    );
}
