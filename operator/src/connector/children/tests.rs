//! Goal: the children are what people would write by hand, and an edit that needs no restart does not
//! touch the pod template. Method: golden YAML, and two renderings compared.

use crds::connector::ConnectorSpec;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde_json::{Value, json};

use super::*;

const START: Start<'static> = Start {
    image: "registry.local/eddyline:0.1.0",
    bootstrap: "tutorial.shop.svc:9092",
};

fn connector(spec: Value) -> Connector {
    let spec: ConnectorSpec = serde_json::from_value(spec).unwrap();
    let mut connector = Connector::new("orders-gen", spec);
    connector.metadata.namespace = Some("shop".into());
    connector.metadata.uid = Some("u-1".into());
    connector
}

fn small() -> Value {
    json!({"cluster": "tutorial", "topic": "orders", "datagen": {"quickstart": "orders"}})
}

fn rendered(spec: Value) -> Children {
    let config = Config::from([("name".to_owned(), "orders-gen".to_owned())]);
    children(&connector(spec), &config, START)
}

#[test]
fn a_small_connector() {
    let children = rendered(small());
    let documents = [
        serde_yaml::to_string(&children.config).unwrap(),
        serde_yaml::to_string(&children.service).unwrap(),
        serde_yaml::to_string(&children.workers).unwrap(),
    ];
    assert_eq!(documents.join("---\n"), include_str!("golden.yaml"));
}

#[test]
fn what_needs_no_restart_leaves_the_pod_template_alone() {
    let template = |spec| rendered(spec).workers.spec.unwrap().template;
    let mut spec = small();
    let before = template(spec.clone());
    for (path, value) in [
        (
            "/datagen",
            json!({"quickstart": "rides", "maxInterval": "5ms", "iterations": 9}),
        ),
        ("/tasks", json!(4)),
        ("/workers", json!(2)),
        ("/state", json!("Stopped")),
        ("/restart", json!({"maxRestarts": 0})),
        ("/topic", json!("other")),
        ("/paused", json!(true)),
    ] {
        spec[path.trim_start_matches('/')] = value;
        assert_eq!(template(spec.clone()), before, "{path}");
    }
    assert_eq!(
        rendered(spec.clone()).workers.spec.unwrap().replicas,
        Some(2)
    );
    spec["resources"] = json!({"limits": {"memory": "1Gi"}});
    assert_ne!(template(spec), before);
}

#[test]
fn settings_of_the_pod_arrive_and_cannot_take_our_labels() {
    let mut spec = small();
    spec["pod"] = json!({
        "labels": {"team": "a", "app.kubernetes.io/name": "mine"},
        "annotations": {"note": "b"},
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "k", "operator": "Exists"}],
        "imagePullSecrets": [{"name": "pull"}],
        "priorityClassName": "high",
        "affinity": {"nodeAffinity": {}},
    });
    let template = rendered(spec).workers.spec.unwrap().template;
    let metadata = template.metadata.unwrap();
    let labels = metadata.labels.unwrap();
    assert_eq!(
        (
            labels["team"].as_str(),
            labels["app.kubernetes.io/name"].as_str()
        ),
        ("a", "eddyline")
    );
    assert_eq!(metadata.annotations.unwrap()["note"], "b");
    let pod = template.spec.unwrap();
    assert_eq!(pod.node_selector.unwrap()["disk"], "ssd");
    assert_eq!(pod.tolerations.unwrap()[0].key.as_deref(), Some("k"));
    assert_eq!(pod.image_pull_secrets.unwrap()[0].name, "pull");
    assert_eq!(pod.priority_class_name.as_deref(), Some("high"));
    assert!(pod.affinity.is_some());
}

#[test]
fn a_request_or_limit_of_the_object_is_never_beside_one_of_ours_that_contradicts_it() {
    for (given, requests, limits) in [
        (json!({}), "cpu=20m memory=32Mi", "cpu=2 memory=256Mi"),
        (
            json!({"requests": {"memory": "1Gi"}}),
            "cpu=20m memory=1Gi",
            "cpu=2 memory=1Gi",
        ),
        (
            json!({"limits": {"memory": "16Mi"}}),
            "cpu=20m",
            "cpu=2 memory=16Mi",
        ),
        (
            json!({"requests": {"cpu": "1", "memory": "1Mi"}, "limits": {"cpu": "4", "memory": "2Mi"}}),
            "cpu=1 memory=1Mi",
            "cpu=4 memory=2Mi",
        ),
    ] {
        let mut spec = small();
        spec["resources"] = given.clone();
        let pod = rendered(spec).workers.spec.unwrap().template.spec.unwrap();
        let resources = pod.containers[0].resources.clone().unwrap();
        let text = |amounts: Option<BTreeMap<String, Quantity>>| {
            let pairs = amounts.unwrap().into_iter();
            pairs
                .map(|(key, amount)| format!("{key}={}", amount.0))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(text(resources.requests), requests, "{given}");
        assert_eq!(text(resources.limits), limits, "{given}");
    }
}

#[test]
fn the_configuration_is_read_back_and_a_broken_one_counts_as_none() {
    let children = rendered(small());
    assert_eq!(config_of(&children.config).unwrap()["name"], "orders-gen");
    let broken = ConfigMap {
        data: Some(BTreeMap::from([(CONFIG_KEY.to_owned(), "{".to_owned())])),
        ..ConfigMap::default()
    };
    assert_eq!(config_of(&broken), None);
    assert_eq!(config_of(&ConfigMap::default()), None);
}
