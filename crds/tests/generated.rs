//! The generated YAML is fresh, small, documented and bounded.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot build a schema has failed"
)]

use std::{fs, path::Path};

use serde_json::Value;

/// Kubernetes stores a definition whole in etcd, and client-side apply doubles it in an annotation.
const MAX_BYTES: usize = 64 * 1024;

fn schemas() -> Vec<(String, Value)> {
    let definitions = crds::definitions().unwrap();
    let kinds = definitions.map(|definition| definition.spec.names.kind);
    kinds
        .map(|kind| (kind.clone(), crds::schema::of_kind(&kind).unwrap().unwrap()))
        .to_vec()
}

/// Calls `visit` with every schema under `schema` and its path.
fn walk(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        walk(&format!("{path}.{name}"), inner, visit);
    }
    for key in ["items", "additionalProperties"] {
        if schema[key].is_object() {
            walk(&format!("{path}[]"), &schema[key], visit);
        }
    }
}

fn complaints(complain: impl Fn(&str, &Value) -> Option<&'static str>) -> Vec<String> {
    let mut found = Vec::new();
    for (kind, schema) in schemas() {
        walk(&kind, &schema, &mut |path, schema| {
            found.extend(complain(path, schema).map(|what| format!("{path}: {what}")));
        });
    }
    found
}

#[test]
fn manifests_are_fresh() {
    for (name, text) in crds::schema::manifests().unwrap() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&name);
        let stored = fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == text, "crds/{name} is stale: run `make gen`");
    }
}

#[test]
fn templates_of_the_chart_are_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/eddyline/templates/crds");
    let templates = crds::template::templates().unwrap();
    let stored = fs::read_dir(&folder).map_or(0, Iterator::count);
    assert_eq!(
        stored,
        templates.len(),
        "files of the chart's templates/crds"
    );
    for (name, text) in templates {
        let stored = fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(
            stored == text,
            "the chart's {name} is stale: run `make gen`"
        );
    }
}

#[test]
fn manifests_are_small() {
    for (name, text) in crds::schema::manifests().unwrap() {
        assert!(text.len() < MAX_BYTES, "{name} has {} bytes", text.len());
    }
}

#[test]
fn every_kind_is_in_the_one_group() {
    for definition in crds::definitions().unwrap() {
        assert_eq!(definition.spec.group, crds::GROUP);
        assert_eq!(definition.spec.versions[0].name, crds::VERSION);
        assert_eq!(
            definition.spec.names.categories.as_deref(),
            Some(&["eddyline".to_owned()][..])
        );
    }
}

#[test]
fn every_property_is_described() {
    let found = complaints(|path, schema| {
        let bare = schema["description"]
            .as_str()
            .is_none_or(|text| text.trim().is_empty());
        (bare && !path.ends_with("[]")).then_some("no description")
    });
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_property_of_a_spec_is_bounded() {
    let found = complaints(|path, schema| {
        if !path.contains(".spec") || !schema["enum"].is_null() {
            return None;
        }
        let missing = |key: &str| schema[key].is_null();
        match schema["type"].as_str() {
            Some("string") if missing("maxLength") => Some("text without maxLength"),
            Some("array") if missing("maxItems") => Some("list without maxItems"),
            Some("object") if !missing("additionalProperties") && missing("maxProperties") => {
                Some("map without maxProperties")
            }
            _ => None,
        }
    });
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn an_unset_field_is_absent_and_never_null() {
    let found = complaints(|_, schema| (!schema["nullable"].is_null()).then_some("nullable"));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_topic_has_no_defaults() {
    let schema = crds::schema::of_kind("Topic").unwrap().unwrap();
    walk("Topic", &schema, &mut |path, schema| {
        assert!(schema["default"].is_null(), "{path} has a default");
    });
}

#[test]
fn unknown_fields_are_ignored_when_decoding() {
    let text = r#"{"cluster": "c", "topic": "t", "soon": 1, "datagen": {"quickstart": "rides", "faults": []}}"#;
    let spec: crds::ConnectorSpec = serde_json::from_str(text).unwrap();
    assert_eq!(
        (spec.tasks, spec.workers, spec.restart.max_restarts),
        (1, 1, 10)
    );
}
