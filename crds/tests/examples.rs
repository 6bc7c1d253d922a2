//! Every manifest under `examples/` is one of ours, decodes, and fits the others of its file.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot read has failed"
)]

use std::{collections::BTreeSet, fs, path::PathBuf};

use crds::{Cluster, Connector, Topic};
use serde::Deserialize as _;
use serde_json::Value;

fn manifests() -> Vec<(String, Vec<Value>)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples"));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let documents = serde_yaml::Deserializer::from_str(&text);
        let documents = documents
            .map(|document| Value::deserialize(document).unwrap())
            .collect();
        files.push((
            path.file_name().unwrap().to_string_lossy().into_owned(),
            documents,
        ));
    }
    assert!(files.iter().any(|(name, _)| name == "quickstart.yaml"));
    files
}

/// What a decoded document asks for, as JSON again.
fn round_trip(document: &Value) -> Value {
    let decoded = match document["kind"].as_str() {
        Some("Cluster") => serde_json::to_value(Cluster::deserialize(document).unwrap()),
        Some("Topic") => serde_json::to_value(Topic::deserialize(document).unwrap()),
        Some("Connector") => serde_json::to_value(Connector::deserialize(document).unwrap()),
        other => panic!("kind {other:?} is not ours"),
    };
    decoded.unwrap()
}

/// The paths in `written` that decoding lost: misspelt fields.
fn lost(path: &str, written: &Value, decoded: &Value, found: &mut Vec<String>) {
    for (name, value) in written.as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        match decoded.get(name) {
            None => found.push(path),
            Some(decoded) => lost(&path, value, decoded, found),
        }
    }
}

#[test]
fn every_example_decodes_and_no_field_is_misspelt() {
    for (file, documents) in manifests() {
        for document in documents {
            assert_eq!(document["apiVersion"], crds::api_version(), "{file}");
            let mut found = Vec::new();
            lost("", &document, &round_trip(&document), &mut found);
            assert!(
                found.is_empty(),
                "{file} {}: {found:?}",
                document["metadata"]["name"]
            );
        }
    }
}

#[test]
fn names_are_given_once_in_each_file() {
    for (file, documents) in manifests() {
        let mut seen = BTreeSet::new();
        for document in &documents {
            let name = (
                document["kind"].to_string(),
                document["metadata"]["name"].to_string(),
            );
            assert!(seen.insert(name.clone()), "{file}: {name:?} is there twice");
        }
    }
}
