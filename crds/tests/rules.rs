//! Every rule of the definitions has cases under `tests/crd-rules/cases`, which Kubernetes' own code
//! and the laptop mode judge: refused ones, and for rules about changes also accepted ones.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot read has failed"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize as _;
use serde_json::Value;

fn cases(folder: &Path, found: &mut Vec<Value>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            cases(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for document in serde_yaml::Deserializer::from_str(&text) {
            let case = Value::deserialize(document);
            found.push(case.unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        }
    }
}

/// Kind, rule and message of every rule in the definitions.
fn rules() -> Vec<(String, String, String)> {
    fn collect(kind: &str, schema: &Value, found: &mut Vec<(String, String, String)>) {
        for rule in schema["x-kubernetes-validations"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let text = |key: &str| rule[key].as_str().unwrap().to_owned();
            found.push((kind.to_owned(), text("rule"), text("message")));
        }
        for inner in schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(|all| all.values())
        {
            collect(kind, inner, found);
        }
    }
    let mut found = Vec::new();
    for kind in ["Cluster", "Topic", "Connector"] {
        collect(
            kind,
            &crds::schema::of_kind(kind).unwrap().unwrap(),
            &mut found,
        );
    }
    assert!(found.len() > 20, "{found:#?}");
    found
}

#[test]
fn every_rule_is_refused_by_a_case() {
    let mut all = Vec::new();
    cases(
        &PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/crd-rules/cases"
        )),
        &mut all,
    );
    for (kind, rule, message) in rules() {
        let of_kind = || {
            all.iter()
                .filter(|case| case["new"]["kind"] == kind.as_str())
        };
        let refused = || {
            of_kind().filter(|case| {
                let part = case["message"].as_str().unwrap_or_default();
                case["expect"] == "Refused" && message.contains(part)
            })
        };
        assert!(
            refused().next().is_some(),
            "{kind}: no case for \"{message}\""
        );
        if !rule.contains("oldSelf") {
            continue;
        }
        assert!(
            refused().all(|case| !case["old"].is_null()),
            "{kind}: \"{message}\" without old"
        );
        // A field that must be there cannot be removed: that is the schema's business.
        let removable = rule.contains("has(self");
        assert!(
            !removable || refused().count() >= 2,
            "{kind}: \"{message}\" needs a change and a removal"
        );
    }
}
