//! A Connector's settings take effect while data flows: no pod is started again for them, and no record is lost or
//! sent twice.

use std::time::Duration;

use serde_json::Value;
use tests::kube::namespace::Namespace;

use crate::harness::namespace;
use crate::records;

const FLOWING: &str = include_str!("faults/flowing.yaml");

#[track_caller]
fn flowing(test: &Namespace) {
    test.apply(FLOWING);
    for object in ["cluster/c", "topic/t", "connector/x"] {
        test.ready(object);
    }
    records::at_least(test, "c", "t", 20);
}

/// Uid and restarts of each worker pod, by name.
#[track_caller]
fn pods(test: &Namespace) -> Vec<(String, String, i64)> {
    let mut pods: Vec<_> = test
        .list("pods", "eddyline.dev/connector=x")
        .iter()
        .map(|pod| {
            let named = |field: &str| {
                pod["metadata"][field]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            let restarts = pod["status"]["containerStatuses"][0]["restartCount"].as_i64();
            (named("name"), named("uid"), restarts.unwrap_or(0))
        })
        .collect();
    pods.sort();
    pods
}

/// Waits until the status shows `count` running tasks on `workers` workers.
#[track_caller]
fn runs(test: &Namespace, tasks: usize, workers: usize) {
    let what = format!("{tasks} tasks to run on {workers} workers");
    test.until(&what, Duration::from_mins(1), || {
        let status = test.get("connector/x")?["status"].clone();
        let shown = status["tasks"].as_array()?;
        let running = shown
            .iter()
            .filter(|task| task["state"] == "Running")
            .count();
        let mut names: Vec<_> = shown
            .iter()
            .filter_map(|task| task["worker"].as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        let ready = status["readyWorkers"] == workers && status["workers"] == workers;
        (shown.len() == tasks && running == tasks && names.len() == workers && ready).then_some(())
    });
    test.ready_is("connector/x", "True", "Running");
}

/// Records per second in spans of ten seconds, a second apart, as far back as fifteen seconds before the last record:
/// by the records' own timestamps, so that a machine which is late to look does not count.
fn rates(records: &[records::Read]) -> Vec<usize> {
    let last = records.iter().map(|record| record.timestamp).max();
    let ends = (0..5).map(|second| last.unwrap_or(0) - second * 1000);
    let within = |end: i64| {
        let span = end - 10_000..end;
        records
            .iter()
            .filter(|record| span.contains(&record.timestamp))
            .count()
    };
    ends.map(|end| within(end) / 10).collect()
}

/// Lets the source come to an end a little further on; every order must be there exactly once. What there is. (Paused, its
/// tasks would stand where each of them happens to be, and the last orders would have gaps.)
#[track_caller]
fn whole(test: &Namespace) -> Vec<records::Read> {
    let number = records::count(test, "c", "t") + 500;
    let patch = format!(r#"{{"spec":{{"datagen":{{"rate":200,"iterations":{number}}}}}}}"#);
    test.patch("connector/x", &patch);
    test.ready_is("connector/x", "True", "Completed");
    let all = records::all(test, "c", "t");
    let seen = records::orders(&all);
    let repeated: Vec<_> = seen.iter().filter(|(_, times)| **times > 1).collect();
    assert!(repeated.is_empty(), "sent twice: {repeated:?}");
    assert_eq!(i64::try_from(seen.len()).unwrap(), number);
    all
}

#[test]
fn a_rate_takes_effect_in_running_pods() {
    let test = namespace("rate");
    flowing(&test);
    test.patch("connector/x", r#"{"spec":{"datagen":{"rate":10}}}"#);
    test.ready_is("connector/x", "True", "Running");
    let before = pods(&test);
    assert_eq!(before.len(), 1);
    test.patch("connector/x", r#"{"spec":{"datagen":{"rate":200}}}"#);
    let count = records::count(&test, "c", "t");
    records::at_least(&test, "c", "t", count + 200 * 20);
    assert_eq!(pods(&test), before, "a pod was started again");
    let rates = rates(&whole(&test));
    println!("asked for 200 records/s, found {rates:?} over ten seconds each");
    assert!(
        rates.iter().any(|rate| (180..=220).contains(rate)),
        "{rates:?}: not within a tenth of what was asked"
    );
    let rested = test.get("connector/x").unwrap()["status"]["rate"].clone();
    assert_eq!(rested.as_f64(), Some(0.0));
}

#[test]
fn tasks_and_workers_change_while_data_flows() {
    let test = namespace("layout");
    flowing(&test);
    runs(&test, 1, 1);
    let first = pods(&test);
    test.patch("connector/x", r#"{"spec":{"tasks":4}}"#);
    runs(&test, 4, 1);
    test.kubectl(&["scale", "connector", "x", "--replicas=3"]);
    runs(&test, 4, 3);
    test.patch("connector/x", r#"{"spec":{"tasks":3}}"#);
    runs(&test, 3, 3);
    test.kubectl(&["scale", "connector", "x", "--replicas=1"]);
    runs(&test, 3, 1);
    let refused = test.try_kubectl(&["scale", "connector", "x", "--replicas=4"]);
    assert!(refused.unwrap_err().contains("raise tasks first"));
    assert_eq!(pods(&test), first, "the first worker was started again");
    whole(&test);
}

#[test]
fn a_stopped_connector_keeps_its_worker_and_goes_on_where_it_left_off() {
    let test = namespace("stopped");
    flowing(&test);
    let before = pods(&test);
    test.patch("connector/x", r#"{"spec":{"state":"Stopped"}}"#);
    test.ready_is("connector/x", "True", "Stopped");
    let rested = records::count(&test, "c", "t");
    test.patch("connector/x", r#"{"spec":{"state":"Running"}}"#);
    test.ready_is("connector/x", "True", "Running");
    records::at_least(&test, "c", "t", rested + 50);
    assert_eq!(pods(&test), before);
    test.patch("connector/x", r#"{"spec":{"datagen":{"iterations":300}}}"#);
    test.until("the connector to end", Duration::from_mins(1), || {
        let found = test.condition("connector/x", "Ready")?;
        (found.current && found.reason == "Completed").then_some(())
    });
    let events = test.events("connector/x").join("\n");
    for reason in ["Normal Stopped", "Normal Running", "Normal Completed"] {
        assert!(events.contains(reason), "{reason} in\n{events}");
    }
}

#[test]
fn two_connectors_fill_one_topic() {
    let test = namespace("two");
    flowing(&test);
    let one: Vec<Value> = vec![test.get("connector/x").unwrap()];
    let mut spec = one[0]["spec"].clone();
    spec["datagen"]["seed"] = 7.into();
    let second = serde_json::json!({
        "apiVersion": "eddyline.dev/v1alpha1", "kind": "Connector", "metadata": {"name": "y"}, "spec": spec,
    });
    test.apply(&second.to_string());
    test.ready_is("connector/y", "True", "Running");
    let sent = |name: &str| test.get(name).unwrap()["status"]["tasks"][0]["worker"].clone();
    assert_ne!(sent("connector/x"), sent("connector/y"));
    let now = records::count(&test, "c", "t");
    records::at_least(&test, "c", "t", now + 100);
    test.kubectl(&["delete", "connector", "x"]);
    test.gone("statefulset/x-worker", Duration::from_secs(90));
    let now = records::count(&test, "c", "t");
    records::at_least(&test, "c", "t", now + 50);
    test.ready_is("connector/y", "True", "Running");
}
