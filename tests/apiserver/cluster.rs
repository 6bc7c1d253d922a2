//! Clusters: their children, who may have their names, and what they say of themselves. No kubelet runs here, so no
//! pod ever starts.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Broker, HOME, alone, external, namespace, suite, topic};

const SOON: Duration = Duration::from_secs(30);

/// A Cluster of our own broker; `spec` is more lines of the spec, indented by two.
fn bundled(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: eddyline.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: {name}\nspec:\n  engine: Bundled\n{spec}"
    )
}

#[test]
fn what_a_cluster_owns_comes_back_and_is_put_right() {
    let test = namespace("children");
    test.apply(&bundled("c", ""));
    let message = test.ready_is("cluster/c", "Unknown", "Pending");
    assert!(message.contains("broker"), "{message}");
    for object in [
        "statefulset/c-broker",
        "service/c",
        "service/c-broker",
        "configmap/c-broker",
    ] {
        test.until(object, SOON, || test.get(object));
        let before = test.get(object).unwrap()["metadata"]["uid"].clone();
        test.kubectl(&["delete", object, "--cascade=orphan"]);
        test.until(&format!("another {object}"), SOON, || {
            let object = test.get(object)?;
            (object["metadata"]["uid"] != before).then_some(())
        });
    }
    test.patch(
        "statefulset/c-broker",
        r#"{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":1}}}}"#,
    );
    test.patch("configmap/c-broker", r#"{"data":{"broker.properties":""}}"#);
    test.until("the edits by hand to be undone", SOON, || {
        let set = test.get("statefulset/c-broker")?;
        let map = test.get("configmap/c-broker")?;
        let grace = &set["spec"]["template"]["spec"]["terminationGracePeriodSeconds"];
        let settings = map["data"]["broker.properties"].as_str()?;
        (*grace == 30 && settings.contains("auto.create.topics.enable=false")).then_some(())
    });
    test.kubectl(&["delete", "cluster", "c", "--wait=false"]);
    for object in [
        "statefulset/c-broker",
        "service/c",
        "service/c-broker",
        "configmap/c-broker",
    ] {
        test.gone(object, SOON);
    }
}

#[test]
fn what_lost_its_owner_goes() {
    let test = namespace("left");
    test.apply(&bundled("c", ""));
    test.until("its children", SOON, || test.get("statefulset/c-broker"));
    test.kubectl(&["delete", "cluster", "c", "--cascade=orphan"]);
    for object in [
        "statefulset/c-broker",
        "service/c",
        "service/c-broker",
        "configmap/c-broker",
    ] {
        test.gone(object, SOON);
    }
}

#[test]
fn a_name_that_is_taken_is_left_alone() {
    let test = namespace("taken");
    test.kubectl(&["create", "service", "clusterip", "c", "--tcp=80"]);
    let before = test.get("service/c").unwrap();
    test.apply(&bundled("c", ""));
    let message = test.ready_is("cluster/c", "False", "NameConflict");
    assert_eq!(
        message,
        format!(
            "Service {}/c belongs to someone else: delete that, or give this Cluster another name",
            test.name
        )
    );
    assert_eq!(test.get("service/c").unwrap(), before);
    assert_eq!(test.get("statefulset/c-broker"), None);
    test.kubectl(&["delete", "service", "c"]);
    test.ready_is("cluster/c", "Unknown", "Pending");
    let events = test.events("cluster/c");
    let told = events
        .iter()
        .filter(|event| event.starts_with("Warning NameConflict"));
    assert_eq!(told.count(), 1, "{events:?}");
}

#[test]
fn a_spec_that_cannot_be_carried_out_says_what_to_write() {
    let test = namespace("wrong");
    test.apply(&bundled("a", "  config: {\"a b\": \"1\"}\n"));
    let message = test.ready_is("cluster/a", "False", "InvalidConfig");
    assert!(message.contains("use the Kafka name"), "{message}");
    test.apply(&bundled(
        "b",
        "  resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}\n",
    ));
    let message = test.ready_is("cluster/b", "False", "InvalidConfig");
    assert_eq!(
        message,
        "spec.resources.requests.memory: 2Gi is more than the limit of 1Gi: raise the limit"
    );
    test.apply(&bundled("b", "  resources: {limits: {memory: 4Gi}}\n"));
    test.ready_is("cluster/b", "Unknown", "Pending");
    test.apply(&bundled("c", "  storage: {className: none}\n"));
    let message = test.ready_is("cluster/c", "False", "VolumePending");
    assert!(
        message.contains("data-c-broker-0") && message.contains("none"),
        "{message}"
    );
}

#[test]
fn a_stopped_cluster_is_ready_and_keeps_its_volume() {
    let test = namespace("stopped");
    test.apply(&bundled(
        "c",
        "  state: Stopped\n  storage: {retain: true}\n",
    ));
    test.ready_is("cluster/c", "True", "Stopped");
    let set = test.get("statefulset/c-broker").unwrap();
    assert_eq!(set["spec"]["replicas"], 0);
    let policy = &set["spec"]["persistentVolumeClaimRetentionPolicy"];
    assert_eq!(
        *policy,
        json!({"whenDeleted": "Retain", "whenScaled": "Retain"})
    );
    let size = |set: &serde_json::Value| {
        set["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"].clone()
    };
    test.patch("cluster/c", r#"{"spec":{"storage":{"size":"4Gi"}}}"#);
    test.until("the template of the larger volume", SOON, || {
        (size(&test.get("statefulset/c-broker")?) == "4Gi").then_some(())
    });
    test.patch("cluster/c", r#"{"spec":{"paused":true}}"#);
    test.ready_is("cluster/c", "True", "Paused");
    test.kubectl(&["delete", "service", "c"]);
    test.patch("cluster/c", r#"{"spec":{"paused":false}}"#);
    test.ready_is("cluster/c", "True", "Stopped");
    test.until("the Service, once it is not paused", SOON, || {
        test.get("service/c")
    });
}

#[test]
fn an_external_cluster_counts_its_topics_and_owns_nothing() {
    let broker = Broker::start();
    let test = namespace("elsewhere");
    broker.tool(&["topic", "create", "stray"]);
    test.apply(&(external(&broker.kafka) + &topic("named", "  partitions: 1\n")));
    test.ready("topic/named");
    let status = test.until("the counts", Duration::from_mins(1), || {
        let status = test.get("cluster/c")?["status"].clone();
        (status["topics"] == 2).then_some(status)
    });
    assert_eq!(
        status["unmanagedTopics"],
        json!({"count": 1, "names": ["stray"]})
    );
    assert_eq!(status["ready"], "1/1");
    assert_eq!(status["bootstrapServers"], broker.kafka);
    assert!(status["clusterId"].is_string(), "{status}");
    let owned = test.list("statefulsets,services,configmaps", "eddyline.dev/cluster=c");
    assert_eq!(owned, Vec::<serde_json::Value>::new());
}

#[test]
fn release_stops_the_operator_and_lets_everything_go() {
    let broker = Broker::start();
    let test = alone("release");
    test.apply(&(external(&broker.kafka) + &topic("t", "  partitions: 1\n")));
    test.ready("topic/t");
    let finalizers = || {
        test.get("topic/t")
            .map(|topic| topic["metadata"]["finalizers"].clone())
    };
    test.until("the finalizer", SOON, || {
        finalizers()?.is_array().then_some(())
    });

    let said = suite().release();
    assert!(said.contains("let go of"), "{said}");
    assert_eq!(finalizers(), Some(serde_json::Value::Null));
    assert!(
        suite().operator_ended(),
        "the operator goes on without its Lease"
    );
    // The topic stays where nobody is left to remove it.
    test.kubectl(&["delete", "topic", "t", "--timeout=10s"]);
    assert!(broker.topic("t").is_some());
    suite()
        .kube
        .kubectl(&["delete", "lease", "eddyline", "-n", HOME]);
}
