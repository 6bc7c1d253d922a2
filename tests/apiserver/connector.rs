//! A Connector's children: made whatever the order, kept as written, never taken from others, and gone with it. The
//! kubelet's part is played by writes to the pods' status.

use std::time::Duration;

use serde_json::Value;
use tests::kube::namespace::{Namespace, PATIENCE};

use crate::harness::{Broker, RESYNC, USER, alone, external, namespace, suite, topic};

/// A Connector named `gen` to topic `orders`; `spec` is more lines of the spec, indented by two.
fn connector(spec: &str) -> String {
    format!(
        "---\napiVersion: eddyline.dev/v1alpha1\nkind: Connector\nmetadata:\n  name: gen\nspec:\n  cluster: c\n  \
         topic: orders\n{spec}"
    )
}

const SLOW: &str = "  datagen: {quickstart: orders, rate: 10}\n";

/// The configuration that workers mount.
#[track_caller]
fn config(test: &Namespace) -> Value {
    let map = test
        .get("configmap/gen-worker")
        .expect("the ConfigMap is there");
    let content = map["data"]["connector.json"]
        .as_str()
        .expect("its one key is there");
    serde_json::from_str(content).unwrap()
}

/// Waits until the configuration has `key` as `value`.
#[track_caller]
fn configured(test: &Namespace, key: &str, value: &str) {
    let what = format!("{key}={value} in the configuration");
    test.until(&what, PATIENCE, || {
        let map = test.get("configmap/gen-worker")?;
        let config: Value = serde_json::from_str(map["data"]["connector.json"].as_str()?).ok()?;
        (config[key] == value).then_some(())
    });
}

#[track_caller]
fn pod(test: &Namespace, name: &str) -> Value {
    let object = format!("pod/{name}");
    test.until(&format!("pod {name}"), PATIENCE, || test.get(&object))
}

fn play_kubelet(test: &Namespace, pod: &str, status: &str) {
    let patch = format!("{{\"status\":{status}}}");
    test.kubectl(&[
        "patch",
        "pod",
        pod,
        "--subresource=status",
        "--type=merge",
        "-p",
        &patch,
    ]);
}

/// The status of a container that waits, as a kubelet writes it.
fn waiting(reason: &str) -> String {
    format!(
        "{{\"phase\":\"Pending\",\"containerStatuses\":[{{\"name\":\"worker\",\"image\":\"registry.local/eddyline:tested\",\
         \"imageID\":\"\",\"ready\":false,\"restartCount\":3,\"state\":{{\"waiting\":{{\"reason\":\"{reason}\"}}}},\
         \"lastState\":{{\"terminated\":{{\"exitCode\":137,\"reason\":\"OOMKilled\"}}}}}}]}}"
    )
}

#[test]
fn a_connector_waits_for_its_cluster_and_its_topic_and_keeps_its_workers_when_they_go() {
    let broker = Broker::start();
    let test = namespace("waits");
    test.apply(&connector(SLOW));
    let message = test.ready_is("connector/gen", "False", "ClusterNotFound");
    assert!(message.contains("create it"), "{message}");
    assert_eq!(
        test.get("statefulset/gen-worker"),
        None,
        "workers without an address"
    );
    test.apply(&external(&broker.kafka));
    test.ready_is("connector/gen", "False", "TopicNotFound");
    test.apply(&topic("orders", "  partitions: 1\n"));
    test.ready_is("connector/gen", "Unknown", "Pending");
    let set = test
        .get("statefulset/gen-worker")
        .expect("the workers are there");
    let command = set["spec"]["template"]["spec"]["containers"][0]["command"].to_string();
    assert!(command.contains(&broker.kafka), "{command}");
    test.kubectl(&["delete", "cluster", "c"]);
    test.ready_is("connector/gen", "False", "ClusterNotFound");
    let kept = test
        .get("statefulset/gen-worker")
        .expect("the workers stay");
    assert_eq!(kept["metadata"]["uid"], set["metadata"]["uid"]);
    let events = test.events("connector/gen").join("\n");
    for reason in [
        "Warning ClusterNotFound",
        "Warning TopicNotFound",
        "Normal Pending",
    ] {
        assert!(events.contains(reason), "{reason} in\n{events}");
    }
}

#[test]
fn edits_reach_the_configuration_and_none_of_them_the_pods() {
    let broker = Broker::start();
    let test = namespace("edits");
    test.apply(&(external(&broker.kafka) + &connector(SLOW)));
    configured(&test, "rate", "10");
    let uid = pod(&test, "gen-worker-0")["metadata"]["uid"]
        .as_str()
        .unwrap()
        .to_owned();
    configured(&test, "eddyline.worker.uids", &uid);
    let first = config(&test);
    assert_eq!(
        (&first["eddyline.epoch"], &first["eddyline.generation"]),
        (&"1".into(), &"1".into())
    );
    let template = |set: Value| set["spec"]["template"].clone();
    let before = template(test.get("statefulset/gen-worker").unwrap());

    test.patch(
        "connector/gen",
        "{\"spec\":{\"datagen\":{\"rate\":200},\"state\":\"Paused\"}}",
    );
    configured(&test, "rate", "200");
    let second = config(&test);
    assert_eq!(
        (&second["eddyline.epoch"], &second["eddyline.generation"]),
        (&"1".into(), &"2".into())
    );
    let more = test
        .try_kubectl(&["scale", "connector", "gen", "--replicas=2"])
        .unwrap_err();
    assert!(more.contains("raise tasks first"), "{more}");
    test.patch("connector/gen", "{\"spec\":{\"tasks\":4}}");
    configured(&test, "eddyline.epoch", "3");
    test.kubectl(&["scale", "connector", "gen", "--replicas=3"]);
    configured(&test, "eddyline.epoch", "4");
    for name in ["gen-worker-1", "gen-worker-2"] {
        pod(&test, name);
    }
    let uids = test.until("three uids", PATIENCE, || {
        let uids = config(&test)["eddyline.worker.uids"].as_str()?.to_owned();
        let known = uids.split(',').filter(|uid| !uid.is_empty()).count();
        (known == 3).then_some(uids)
    });
    assert!(uids.starts_with(&uid), "{uids}");
    let set = test.get("statefulset/gen-worker").unwrap();
    assert_eq!(set["spec"]["replicas"], 3);
    assert_eq!(template(set), before, "the pod template changed");
    let scale = test.kubectl(&[
        "get",
        "connector",
        "gen",
        "--subresource=scale",
        "-o",
        "jsonpath={.status}",
    ]);
    assert!(scale.contains("eddyline.dev/connector=gen"), "{scale}");

    test.patch(
        "connector/gen",
        "{\"spec\":{\"paused\":true,\"datagen\":{\"rate\":1}}}",
    );
    test.ready_is("connector/gen", "True", "Paused");
    assert_eq!(
        config(&test)["rate"],
        "200",
        "a paused object was carried out"
    );
}

#[test]
fn children_come_back_as_written_and_those_of_others_are_not_touched() {
    let broker = Broker::start();
    let test = namespace("kept");
    test.apply(&external(&broker.kafka));
    let taken =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: gen-worker\ndata: {mine: \"1\"}\n";
    test.apply(&(taken.to_owned() + &connector(SLOW)));
    let message = test.ready_is("connector/gen", "False", "NameConflict");
    assert!(
        message.contains("ConfigMap") && message.contains("delete that"),
        "{message}"
    );
    assert_eq!(
        test.get("configmap/gen-worker").unwrap()["data"]["mine"],
        "1"
    );
    assert_eq!(test.get("statefulset/gen-worker"), None);
    test.kubectl(&["delete", "configmap", "gen-worker"]);
    configured(&test, "rate", "10");

    for child in [
        "configmap/gen-worker",
        "service/gen-worker",
        "statefulset/gen-worker",
    ] {
        let uid = |found: Value| found["metadata"]["uid"].clone();
        let first = test.until(child, PATIENCE, || test.get(child));
        test.kubectl(&["delete", child, "--wait=false"]);
        test.until(&format!("{child} to come back"), PATIENCE, || {
            test.get(child)
                .filter(|found| uid(found.clone()) != uid(first.clone()))
        });
    }
    test.patch(
        "service/gen-worker",
        "{\"spec\":{\"publishNotReadyAddresses\":false}}",
    );
    test.until("the Service to be as written", PATIENCE, || {
        let service = test.get("service/gen-worker")?;
        (service["spec"]["publishNotReadyAddresses"] == true).then_some(())
    });

    test.kubectl(&["delete", "connector", "gen"]);
    for child in [
        "configmap/gen-worker",
        "service/gen-worker",
        "statefulset/gen-worker",
    ] {
        test.gone(child, Duration::from_secs(90));
    }
}

#[test]
fn what_keeps_a_worker_from_running_is_named() {
    let broker = Broker::start();
    let test = namespace("reasons");
    test.apply(
        &(external(&broker.kafka) + &topic("orders", "  partitions: 1\n") + &connector(SLOW)),
    );
    pod(&test, "gen-worker-0");
    for (waits_for, reason) in [
        ("ImagePullBackOff", "ImagePull"),
        ("CrashLoopBackOff", "CrashLooping"),
    ] {
        play_kubelet(&test, "gen-worker-0", &waiting(waits_for));
        let message = test.ready_is("connector/gen", "False", reason);
        assert!(message.contains("gen-worker-0"), "{message}");
    }
    // Nobody listens there.
    let ready = "{\"phase\":\"Running\",\"podIP\":\"127.0.0.77\",\"podIPs\":[{\"ip\":\"127.0.0.77\"}],\
                 \"containerStatuses\":null,\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}";
    play_kubelet(&test, "gen-worker-0", ready);
    let message = test.ready_is("connector/gen", "False", "WorkerUnreachable");
    assert!(message.contains("kubectl logs"), "{message}");
    let status = test.get("connector/gen").unwrap()["status"].clone();
    assert_eq!(
        (&status["workers"], &status["readyWorkers"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn a_pod_that_the_api_server_refuses_is_said_and_a_good_one_goes_on() {
    let broker = Broker::start();
    let test = namespace("refused");
    test.apply(&(external(&broker.kafka) + &topic("orders", "  partitions: 1\n")));
    test.apply(&connector(
        &(SLOW.to_owned() + "  pod: {labels: {team: \"not valid!\"}}\n"),
    ));
    let message = test.ready_is("connector/gen", "False", "InvalidConfig");
    assert!(
        message.contains("refuses") && message.contains("not valid!"),
        "{message}"
    );
    assert_eq!(test.get("statefulset/gen-worker"), None);
    test.patch(
        "connector/gen",
        "{\"spec\":{\"pod\":{\"labels\":{\"team\":\"a\"}}}}",
    );
    test.ready_is("connector/gen", "Unknown", "Pending");
    let labels = &pod(&test, "gen-worker-0")["metadata"]["labels"];
    assert_eq!(labels["team"], "a");
}

#[test]
fn a_connector_at_rest_is_not_written_and_a_restarted_operator_writes_nothing() {
    let broker = Broker::start();
    let test = alone("still");
    test.apply(
        &(external(&broker.kafka) + &topic("orders", "  partitions: 1\n") + &connector(SLOW)),
    );
    pod(&test, "gen-worker-0");
    play_kubelet(&test, "gen-worker-0", &waiting("ImagePullBackOff"));
    test.ready_is("connector/gen", "False", "ImagePull");
    test.ready("cluster/c");
    // What is counted is written a moment later; a restarted operator would not wait that moment.
    test.until("the Cluster to count what names it", RESYNC * 20, || {
        let status = test.get("cluster/c")?["status"].clone();
        (status["topics"] == 1
            && status["connectors"] == 1
            && status["unmanagedTopics"]["count"] == 0)
            .then_some(())
    });
    let audit = suite().kube.audit().unwrap();
    let here = |mark| {
        let mut writes = audit.writes(mark, USER);
        writes.retain(|entry| entry.namespace == test.name);
        writes
    };
    tests::wait::pass(RESYNC);
    let mark = audit.mark();
    tests::wait::pass(RESYNC * 2 + RESYNC / 2);
    assert_eq!(here(mark), [], "written at rest, over two resyncs");
    suite().kill_operator();
    let mark = audit.mark();
    suite().start_operator(&[]);
    tests::wait::pass(RESYNC * 2);
    assert_eq!(here(mark), [], "written by a restarted operator");
}
