//! What `kubectl get`, `get -o wide` and `describe` show, as golden files that read well.

use tests::golden;
use tests::kube::namespace::Namespace;

use crate::harness::namespace;
use crate::records;

const OBJECTS: &str = include_str!("golden/objects.yaml");

/// The same text in every run: names of this run and what the clock or the machine decides are replaced.
fn table(test: &Namespace, words: &[&str]) -> String {
    let said = test.kubectl(words);
    golden::table(&said, |title, cell| match title {
        "AGE" | "RECORDS" | "SIZE" | "RATE" => "…".to_owned(),
        _ => cell.replace(&test.name, "NAMESPACE"),
    })
}

/// `describe` without what changes from run to run, and without events: their order is tested where they are made.
fn described(test: &Namespace, object: &str) -> String {
    let said = test
        .kubectl(&["describe", object])
        .replace(&test.name, "NAMESPACE");
    let counted = ["Records:", "Rate:", "Size Bytes:"];
    let drawn = [
        "UID:",
        "Resource Version:",
        "Creation Timestamp:",
        "Last Transition Time:",
        "Cluster Id:",
        "Topic Id:",
    ];
    let mut shown = String::new();
    for line in said.lines().take_while(|line| !line.starts_with("Events:")) {
        let key = line.trim_start();
        if counted.iter().any(|counted| key.starts_with(counted)) {
            continue;
        }
        match drawn.iter().find(|drawn| key.starts_with(**drawn)) {
            Some(drawn) => {
                shown.push_str(&line[..line.len() - key.len()]);
                shown.push_str(drawn);
                shown.push_str(" …");
            }
            None => shown.push_str(line.trim_end()),
        }
        shown.push('\n');
    }
    shown
}

#[test]
fn get_and_describe_read_well() {
    let test = namespace("golden");
    test.apply(OBJECTS);
    test.ready("cluster/tutorial");
    test.ready("topic/orders");
    test.ready_is("connector/orders-gen", "True", "Completed");
    test.ready_is("connector/lost-gen", "False", "TopicNotFound");
    assert_eq!(records::count(&test, "tutorial", "orders"), 100);
    // The Cluster counts what is on it a moment later.
    test.until(
        "the Cluster to count",
        tests::kube::namespace::PATIENCE,
        || {
            let status = &test.get("cluster/tutorial")?["status"];
            (status["topics"] == 1 && status["connectors"] == 2).then_some(())
        },
    );
    golden::same(
        "e2e/golden/get.expected",
        &table(&test, &["get", "eddyline"]),
    );
    for kind in ["clusters", "topics", "connectors"] {
        let wide = table(&test, &["get", kind, "-o", "wide"]);
        golden::same(&format!("e2e/golden/{kind}-wide.expected"), &wide);
    }
    for object in ["cluster/tutorial", "topic/orders", "connector/orders-gen"] {
        let file = object.replace('/', "-");
        golden::same(
            &format!("e2e/golden/{file}.expected"),
            &described(&test, object),
        );
    }
}
