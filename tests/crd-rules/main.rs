//! Every case and example gets the verdict it expects from Kubernetes' own code (the Go program beside this file) and the
//! same one from the laptop mode, so that a file that runs on a laptop is one that `kubectl apply` takes.
//!
//! A case is a document: `case`, `expect: Accepted | Refused`, for a refusal a `message` that Kubernetes' text holds, the
//! object under `new` and, for a change, the one before it under `old`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a suite of tests: helpers fail like the tests that call them"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use eddyline::laptop::documents::{self, Id, Known};
use eddyline::laptop::schemas::Schemas;
use eddyline::laptop::sources::Source;
use serde::Deserialize as _;
use serde_json::Value;
use tests::paths;

/// A document of a case file and where it stands.
struct Case {
    file: String,
    fields: Value,
}

impl Case {
    fn text(&self, field: &str) -> &str {
        self.fields[field].as_str().unwrap_or_default()
    }
}

fn cases() -> Vec<Case> {
    let mut found = Vec::new();
    collect(&paths::root().join("tests/crd-rules/cases"), &mut found);
    assert!(found.len() > 200, "found {} cases", found.len());
    found
}

fn collect(folder: &Path, found: &mut Vec<Case>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
            continue;
        }
        let (file, text) = (
            path.display().to_string(),
            fs::read_to_string(&path).unwrap(),
        );
        for document in serde_yaml::Deserializer::from_str(&text) {
            let fields =
                Value::deserialize(document).unwrap_or_else(|error| panic!("{file}: {error}"));
            found.push(Case {
                file: file.clone(),
                fields,
            });
        }
    }
}

/// What the laptop mode has against the case's object, one line each.
fn laptop(case: &Case, schemas: &Schemas) -> Vec<String> {
    let object = &case.fields["new"];
    let source = Source {
        name: "case.yaml".into(),
        text: object.to_string(),
    };
    let reading = documents::read(&[source], schemas, &known(&case.fields["old"], schemas));
    reading.findings.iter().map(ToString::to_string).collect()
}

/// The object that was good before, as the laptop mode keeps it.
fn known(old: &Value, schemas: &Schemas) -> Known {
    let Some(kind) = old["kind"].as_str().and_then(|kind| schemas.kind(kind)) else {
        return Known::new();
    };
    let name = old["metadata"]["name"].as_str().unwrap().to_owned();
    let id = Id {
        kind: kind.name.clone(),
        namespace: "default".to_owned(),
        name,
    };
    Known::from([(id, kind.defaulted(old))])
}

#[test]
fn kubernetes_judges_as_the_cases_expect() {
    let output = Command::new("go")
        .args(["run", "."])
        .current_dir(paths::root().join("tests/crd-rules"))
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-mod=readonly -buildvcs=false")
        .output()
        .expect("run go: install Go 1.26 or later (go.dev/doc/install)");
    let errors = String::from_utf8_lossy(&output.stderr);
    let verdicts: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let wrong: Vec<_> = verdicts
        .iter()
        .filter(|verdict| verdict["asExpected"] != true)
        .map(Value::to_string)
        .collect();
    assert!(
        wrong.is_empty() && output.status.success(),
        "{}\n{errors}",
        wrong.join("\n")
    );
    assert!(
        verdicts.len() > cases().len(),
        "the examples were not judged: {errors}"
    );
}

/// The messages of all rules; where Kubernetes refuses by a rule, the laptop mode says the same words.
fn rule_messages() -> Vec<String> {
    let definitions = crds::definitions().unwrap();
    let mut found = Vec::new();
    let mut rest = vec![serde_json::to_value(definitions).unwrap()];
    while let Some(value) = rest.pop() {
        let rules = value["x-kubernetes-validations"]
            .as_array()
            .into_iter()
            .flatten();
        found.extend(rules.filter_map(|rule| rule["message"].as_str().map(str::to_owned)));
        match value {
            Value::Object(fields) => rest.extend(fields.into_iter().map(|(_, inner)| inner)),
            Value::Array(items) => rest.extend(items),
            _ => {}
        }
    }
    found
}

#[test]
fn the_laptop_mode_gives_the_same_verdicts() {
    let schemas = Schemas::load().unwrap_or_else(|_| panic!("the schemas cannot be read"));
    let messages = rule_messages();
    let (mut wrong, mut by_rule) = (Vec::new(), 0);
    for case in cases() {
        let findings = laptop(&case, &schemas);
        let message = case.text("message");
        let rule = !message.is_empty() && messages.iter().any(|known| known.contains(message));
        by_rule += usize::from(rule);
        let same_words = !rule || findings.iter().any(|finding| finding.contains(message));
        let verdict = if findings.is_empty() {
            "Accepted"
        } else {
            "Refused"
        };
        if verdict != case.text("expect") || !same_words {
            let (file, name) = (&case.file, case.text("case"));
            wrong.push(format!(
                "{file}: {name}: {verdict} by the laptop mode: {findings:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(by_rule > 40, "only {by_rule} cases are refused by rules");
}
