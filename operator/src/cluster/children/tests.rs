//! Goal: the children are what people would write by hand. Method: golden YAML, and fields that an edit
//! must or must not change.

use serde_json::{Value, json};

use super::*;

fn cluster(spec: Value) -> Cluster {
    let mut cluster = Cluster::new("tutorial", serde_json::from_value(spec).unwrap());
    cluster.metadata.namespace = Some("shop".into());
    cluster.metadata.uid = Some("u-1".into());
    cluster
}

fn rendered(spec: Value) -> Children {
    children(&cluster(spec), "registry.local/eddyline:0.1.0")
}

#[test]
fn a_small_cluster() {
    let children = rendered(json!({}));
    let documents = [
        serde_yaml::to_string(&children.settings).unwrap(),
        serde_yaml::to_string(&children.clients).unwrap(),
        serde_yaml::to_string(&children.headless).unwrap(),
        serde_yaml::to_string(&children.brokers).unwrap(),
    ];
    let text = documents.join("---\n");
    assert_eq!(text, include_str!("golden.yaml"), "{text}");
}

/// A field of the `StatefulSet` by its JSON pointer.
fn field(spec: Value, pointer: &str) -> Value {
    let set = serde_json::to_value(rendered(spec).brokers).unwrap();
    set.pointer(pointer).cloned().unwrap_or_default()
}

#[test]
fn every_field_of_a_cluster_reaches_its_children() {
    let pod = "/spec/template/spec";
    for (spec, pointer, expected) in [
        (
            json!({"state": "Stopped"}),
            "/spec/replicas".to_owned(),
            json!(0),
        ),
        (
            json!({"storage": {"retain": true}}),
            "/spec/persistentVolumeClaimRetentionPolicy/whenDeleted".to_owned(),
            json!("Retain"),
        ),
        (
            json!({"storage": {"size": "4Gi", "className": "fast"}}),
            "/spec/volumeClaimTemplates/0/spec".to_owned(),
            json!({
                "accessModes": ["ReadWriteOnce"], "storageClassName": "fast",
                "resources": {"requests": {"storage": "4Gi"}},
            }),
        ),
        (
            json!({"storage": {"size": "1Gi", "ephemeral": true}}),
            format!("{pod}/volumes/1"),
            json!({"name": "data", "emptyDir": {"sizeLimit": "1Gi"}}),
        ),
        (
            json!({"storage": {"ephemeral": true}}),
            "/spec/volumeClaimTemplates".to_owned(),
            Value::Null,
        ),
        (
            json!({"resources": {"limits": {"memory": "1Gi"}}}),
            format!("{pod}/containers/0/resources"),
            json!({"requests": {"cpu": "50m"}, "limits": {"cpu": "2", "memory": "1Gi"}}),
        ),
        (
            json!({"pod": {"nodeSelector": {"disk": "fast"}}}),
            format!("{pod}/nodeSelector"),
            json!({"disk": "fast"}),
        ),
        (
            json!({"pod": {"imagePullSecrets": [{"name": "registry"}]}}),
            format!("{pod}/imagePullSecrets"),
            json!([{"name": "registry"}]),
        ),
        (
            json!({"pod": {"labels": {"team": "a", "eddyline.dev/cluster": "other"}}}),
            "/spec/template/metadata/labels/eddyline.dev~1cluster".to_owned(),
            json!("tutorial"),
        ),
    ] {
        assert_eq!(field(spec.clone(), &pointer), expected, "{spec}");
    }
}

#[test]
fn settings_are_lines_of_a_file_and_a_change_starts_the_broker_again() {
    let config =
        json!({"config": {"log.retention.hours": "24", "auto.create.topics.enable": "true"}});
    let settings = rendered(config.clone()).settings.data.unwrap();
    assert_eq!(
        settings["broker.properties"],
        "auto.create.topics.enable=true\nlog.retention.hours=24\n"
    );
    let template = "/spec/template";
    assert_ne!(field(config, template), field(json!({}), template));
    let other =
        json!({"state": "Stopped", "storage": {"size": "9Gi", "retain": true}, "paused": true});
    assert_eq!(field(other, template), field(json!({}), template));
}
