//! The deletion contract: what ends within 90 s, what is left, and no more.

use std::time::{Duration, Instant};

use serde_json::Value;
use tests::kube::namespace::Namespace;

use crate::harness::{GONE, HOME, alone, install, namespace};
use crate::records;

const FLOWING: &str = include_str!("faults/flowing.yaml");
/// Everything the operator makes, and the pods and volumes that come of it.
const CHILDREN: &str = "statefulsets,services,configmaps,pods,persistentvolumeclaims";
const OBJECTS: [&str; 4] = ["cluster/c", "topic/t", "topic/kept", "connector/x"];

fn flowing(test: &Namespace) {
    test.apply(FLOWING);
    for object in OBJECTS {
        test.ready(object);
    }
}

/// `kubectl delete`, which waits until the objects are gone.
#[track_caller]
fn delete(test: &Namespace, objects: &[&str]) -> Duration {
    let begun = Instant::now();
    let timeout = format!("--timeout={}s", GONE.as_secs());
    test.kubectl(&[&["delete", &timeout], objects].concat());
    begun.elapsed()
}

/// Nothing of ours is left, soon: pods take their grace period.
#[track_caller]
fn nothing_is_left(test: &Namespace) {
    let ours = "app.kubernetes.io/managed-by=eddyline";
    let mut left: Vec<Value> = Vec::new();
    test.until("the children to be gone", GONE, || {
        left = test.list(CHILDREN, ours);
        left.is_empty().then_some(())
    });
    // By label everything of ours is gone; by name nothing unlabelled stays either (a namespace has one ConfigMap).
    let rest = test.kubectl(&["get", CHILDREN, "-o", "name"]);
    assert_eq!(rest.trim(), "configmap/kube-root-ca.crt");
}

#[test]
fn objects_go_in_any_order_and_leave_nothing() {
    let mut backwards = OBJECTS;
    backwards.reverse();
    for (order, objects) in [("together", OBJECTS), ("backwards", backwards)] {
        let test = namespace("delete");
        flowing(&test);
        let took = delete(&test, &objects);
        nothing_is_left(&test);
        println!("{order}: gone after {:.1} s", took.as_secs_f64());
    }
}

#[test]
fn topics_left_behind_by_their_cluster_can_be_deleted() {
    let test = namespace("delete-cluster");
    flowing(&test);
    delete(&test, &["cluster/c"]);
    test.ready_is("topic/t", "False", "ClusterNotFound");
    test.ready_is("connector/x", "False", "ClusterNotFound");
    delete(&test, &OBJECTS[1..]);
    nothing_is_left(&test);
}

#[test]
fn a_namespace_goes_with_all_that_is_in_it() {
    let test = namespace("delete-namespace");
    flowing(&test);
    let begun = Instant::now();
    let timeout = format!("--timeout={}s", GONE.as_secs());
    test.kube
        .kubectl(&["delete", "namespace", &test.name, &timeout]);
    println!("gone after {:.1} s", begun.elapsed().as_secs_f64());
}

#[test]
fn a_retained_topic_stays_in_the_broker() {
    let test = namespace("retain");
    flowing(&test);
    test.patch("topic/kept", r#"{"spec":{"deletionPolicy":"Retain"}}"#);
    test.ready("topic/kept");
    delete(&test, &["topic/kept", "topic/t", "connector/x"]);
    let listed = records::tool(&test, "c", &["topic", "list", "-o", "json"]);
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let names: Vec<_> = listed
        .iter()
        .filter_map(|topic| topic["name"].as_str())
        .filter(|name| !name.starts_with("__"))
        .collect();
    assert_eq!(names, ["kept"]);
}

#[test]
fn uninstalling_leaves_the_objects_and_what_they_own_running() {
    let test = alone("uninstall");
    flowing(&test);
    let begun = Instant::now();
    let uninstall = [
        "helm",
        "uninstall",
        "eddyline",
        "-n",
        HOME,
        "--wait",
        "--timeout=90s",
    ];
    test.kube.run(&uninstall);
    println!("uninstalled after {:.1} s", begun.elapsed().as_secs_f64());

    let definitions = test.kube.kubectl(&["get", "crds", "-o", "name"]);
    for kind in ["clusters", "topics", "connectors"] {
        assert!(
            definitions.contains(&format!("{kind}.eddyline.dev")),
            "{definitions}"
        );
    }
    test.kubectl(&[&["get"], &OBJECTS[..]].concat());
    let now = records::count(&test, "c", "t");
    records::at_least(&test, "c", "t", now + 100);
    let release = [
        "-l",
        "app.kubernetes.io/instance=eddyline,app.kubernetes.io/managed-by=Helm",
        "-o",
        "name",
    ];
    let kinds = "deployments,pods,jobs,serviceaccounts,roles,rolebindings,services,configmaps";
    let left = test
        .kube
        .kubectl(&[&["get", "-A", kinds], &release[..]].concat());
    assert_eq!(left, "", "left in namespaces");
    let kinds = "clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings";
    let left = test.kube.kubectl(&[&["get", kinds], &release[..]].concat());
    assert_eq!(left, "", "left in the cluster");

    // Nobody waits for an operator that is gone.
    let took = delete(&test, &["topic/kept"]);
    println!(
        "a Topic went after {:.1} s without an operator",
        took.as_secs_f64()
    );
    // The one installed again waits until the Lease that the uninstall took has run out.
    let begun = Instant::now();
    install(&test.kube, HOME, "eddyline", &[]);
    test.patch("topic/t", r#"{"spec":{"partitions":3}}"#);
    test.until("the new operator to be at work", GONE, || {
        (test.get("topic/t")?["status"]["partitions"] == 3).then_some(())
    });
    println!("at work again {:.1} s after", begun.elapsed().as_secs_f64());
    for object in ["cluster/c", "topic/t", "connector/x"] {
        test.ready(object);
    }
}
