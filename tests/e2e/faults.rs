//! Processes die and pods go while data flows: nothing acknowledged is lost, and everything comes back by itself.

use std::time::{Duration, Instant};

use serde_json::Value;
use tests::kube::namespace::Namespace;

use crate::harness::{HOME, alone, namespace, suite};
use crate::records;

const FLOWING: &str = include_str!("faults/flowing.yaml");
/// The connector's `rate`; a kill may repeat the records of the last second.
const RATE: usize = 50;

fn flowing(test: &Namespace) {
    test.apply(FLOWING);
    for object in ["cluster/c", "topic/t", "connector/x"] {
        test.ready(object);
    }
    records::at_least(test, "c", "t", 100);
}

#[track_caller]
fn pod(test: &Namespace, name: &str) -> Value {
    let found = test.get(&format!("pod/{name}"));
    found.unwrap_or_else(|| panic!("there is no pod {name}"))
}

#[track_caller]
fn kill(test: &Namespace, name: &str) {
    let before = restarts(&pod(test, name));
    let uid = pod(test, name)["metadata"]["uid"]
        .as_str()
        .unwrap()
        .to_owned();
    test.kube.kill_process(&uid);
    test.until(
        "the killed program to be started again",
        Duration::from_mins(2),
        || {
            let pod = test.get(&format!("pod/{name}"))?;
            (restarts(&pod) > before && is_ready(&pod)).then_some(())
        },
    );
}

fn restarts(pod: &Value) -> i64 {
    pod["status"]["containerStatuses"][0]["restartCount"]
        .as_i64()
        .unwrap_or(0)
}

fn is_ready(pod: &Value) -> bool {
    pod["status"]["containerStatuses"][0]["ready"] == true
}

/// Lets records flow on, stops the source, and looks at all of them.
#[track_caller]
fn settle(test: &Namespace) -> Vec<records::Read> {
    test.ready("cluster/c");
    let now = test.until("the broker to answer", Duration::from_mins(1), || {
        Some(records::count(test, "c", "t")).filter(|count| *count > 0)
    });
    records::at_least(test, "c", "t", now + 50);
    test.patch("connector/x", r#"{"spec":{"state":"Paused"}}"#);
    test.ready_is("connector/x", "True", "Paused");
    records::all(test, "c", "t")
}

#[test]
fn a_killed_broker_keeps_every_acknowledged_record_at_its_offset() {
    if !suite().kube.facts.can_kill_process {
        println!("skipped: this cluster's processes cannot be killed from outside");
        return;
    }
    let test = namespace("kill-broker");
    flowing(&test);
    let marked: Vec<_> = (0..200)
        .map(|number| format!("{{\"mark\":{number}}}"))
        .collect();
    records::produce(&test, "c", "kept", &marked.join("\n"));
    let before = records::all(&test, "c", "kept");
    assert_eq!(before.len(), 200);
    let begun = Instant::now();
    kill(&test, "c-broker-0");
    test.ready("cluster/c");
    println!(
        "Ready again {:.1} s after the kill",
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(records::all(&test, "c", "kept"), before);
    let seen = records::orders(&settle(&test));
    let repeated: Vec<_> = seen.iter().filter(|(_, times)| **times > 1).collect();
    assert!(
        repeated.is_empty(),
        "an idempotent producer repeats nothing: {repeated:?}"
    );
}

#[test]
fn a_killed_worker_goes_on_without_a_gap() {
    if !suite().kube.facts.can_kill_process {
        println!("skipped: this cluster's processes cannot be killed from outside");
        return;
    }
    let test = namespace("kill-worker");
    flowing(&test);
    kill(&test, "x-worker-0");
    let seen = records::orders(&settle(&test));
    let repeated = seen.values().filter(|times| **times > 1).count();
    println!("{repeated} of {} orders twice", seen.len());
    // A second's worth, and as much again for a slow machine.
    assert!(repeated <= 2 * RATE, "{repeated} orders were repeated");
}

#[test]
fn deleted_pods_come_back_with_everything() {
    let test = namespace("delete-pods");
    flowing(&test);
    test.kubectl(&["delete", "pod", "x-worker-0", "c-broker-0"]);
    for object in ["cluster/c", "connector/x"] {
        test.ready(object);
    }
    records::orders(&settle(&test));
}

#[test]
fn without_the_operator_a_new_worker_pod_goes_on_by_the_last_spec() {
    let test = alone("no-operator");
    flowing(&test);
    let scale = |replicas: &str| {
        suite()
            .kube
            .kubectl(&["scale", "-n", HOME, "deployment/eddyline", replicas]);
        let status = [
            "rollout",
            "status",
            "-n",
            HOME,
            "deployment/eddyline",
            "--timeout=120s",
        ];
        suite().kube.kubectl(&status);
    };
    scale("--replicas=0");
    test.kubectl(&["delete", "pod", "x-worker-0"]);
    let now = records::count(&test, "c", "t");
    records::at_least(&test, "c", "t", now + 100);
    scale("--replicas=1");
    test.ready("connector/x");
    records::orders(&settle(&test));
}
