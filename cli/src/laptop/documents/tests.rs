//! What the laptop mode says about broken files: each `cases/NAME.yaml` gives exactly
//! `cases/NAME.expected`. A `NAME.old.yaml` is what was good before. `UPDATE_EXPECT=1` rewrites
//! the expected texts.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/laptop/documents/cases")
}

fn read(name: &str, schemas: &Schemas, known: &Known) -> Reading {
    let text = fs::read_to_string(folder().join(name)).unwrap();
    super::read(
        &[Source {
            name: Arc::from(name),
            text,
        }],
        schemas,
        known,
    )
}

fn known(objects: &Objects) -> Known {
    let topics = objects
        .topics
        .iter()
        .map(|topic| (topic.id.clone(), topic.json.clone()));
    topics.collect()
}

fn said(reading: &Reading) -> String {
    let objects = &reading.objects;
    let good = (objects.clusters.iter().map(|o| o.id.to_string()))
        .chain(objects.topics.iter().map(|o| o.id.to_string()))
        .chain(objects.connectors.iter().map(|o| o.id.to_string()));
    let mut lines: Vec<String> = reading.findings.iter().map(ToString::to_string).collect();
    lines.extend(reading.notes.iter().map(|note| format!("note: {note}")));
    lines.extend(good.map(|id| format!("good: {id}")));
    lines.push(String::new());
    lines.join("\n")
}

#[test]
fn broken_files_are_explained() {
    let schemas = Schemas::load().unwrap();
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .filter(|name| !name.contains(".old"))
        .collect();
    names.sort();
    assert!(names.len() >= 15, "the cases are gone: {names:?}");

    let mut wrong = Vec::new();
    for name in names {
        let old = format!("{name}.old.yaml");
        let known = if folder().join(&old).exists() {
            let before = read(&old, &schemas, &Known::new());
            assert!(before.findings.is_empty(), "{old}: {:?}", before.findings);
            known(&before.objects)
        } else {
            Known::new()
        };
        let said = said(&read(&format!("{name}.yaml"), &schemas, &known));
        let expected = folder().join(format!("{name}.expected"));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("--- {name} said\n{said}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nUPDATE_EXPECT=1 rewrites what is expected",
        wrong.join("\n")
    );
}

#[test]
fn slips_of_our_group_are_ours_and_other_groups_are_not() {
    for (version, ours) in [
        ("eddyline.dev/v1", true),
        ("eddyline.io/v1alpha1", true),
        ("edyline.dev/v1alpha1", true),
        ("kafka.strimzi.io/v1beta2", false),
        ("cluster.redpanda.com/v1alpha2", false),
        ("apps/v1", false),
        ("v1", false),
    ] {
        assert_eq!(meant_as_ours(version), ours, "{version}");
    }
}
