//! The page's tables and names beside what they speak of: Kafka APIs, fields of the kinds, files, make targets.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use serde_yaml::Value;
use tests::paths;
use tests::program::Program;
use wire::ApiKey;

use super::page;

/// `ApiVersions` (18) version 0, correlation id 1, no client id.
const API_VERSIONS: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];

#[test]
fn the_kafka_apis_are_those_of_the_broker() {
    let data = tempfile::tempdir().unwrap();
    let mut command = tests::program::command(&["broker", "-o", "json", "--listen"]);
    command.args(["127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(data.path());
    let mut broker = Program::start(command);
    let ready = broker.first_line(std::time::Duration::from_secs(30));
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    let served = api_versions(ready["kafka"].as_str().unwrap());
    let written: Vec<String> = page::table("| API | key | versions |")
        .iter()
        .map(|cells| cells.join(" "))
        .collect();
    assert_eq!(written, served);
}

/// What the broker answers, as rows: name, key, first and last version.
fn api_versions(kafka: &str) -> Vec<String> {
    let mut broker = TcpStream::connect(kafka).unwrap();
    broker.write_all(&API_VERSIONS).unwrap();
    let mut length = [0; 4];
    broker.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    broker.read_exact(&mut answer).unwrap();
    // Behind the correlation id: an error code, then rows of three 16-bit numbers behind their count.
    assert_eq!(answer[4..6], [0, 0], "the error code");
    let rows = answer[10..].chunks_exact(6);
    rows.map(|row| {
        let number = |at: usize| i16::from_be_bytes([row[at], row[at + 1]]);
        let name = ApiKey::from_code(number(0)).unwrap().name();
        format!("{name} {} {}–{}", number(0), number(2), number(4))
    })
    .collect()
}

#[test]
fn the_fields_are_those_of_the_kinds() {
    let rows = page::table("| kind | field | meaning |");
    for (kind, file) in [
        ("Cluster", "clusters"),
        ("Topic", "topics"),
        ("Connector", "connectors"),
    ] {
        let written: BTreeSet<String> = rows
            .iter()
            .filter(|cells| cells[0] == kind || cells[0] == "all")
            .flat_map(|cells| cells[1].split(','))
            .map(|field| field.trim().trim_matches('`').to_owned())
            .collect();
        assert_eq!(written, fields(file), "fields of {kind}");
    }
}

/// The names below `spec`; what only pods need is left to Kubernetes' own documentation.
fn fields(file: &str) -> BTreeSet<String> {
    let path = paths::root().join(format!("crds/{file}.yaml"));
    let crd: Value = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let fields = schema["properties"]["spec"]["properties"].as_mapping();
    fields
        .unwrap()
        .iter()
        .filter_map(|(name, _)| name.as_str())
        .filter(|name| !matches!(*name, "pod" | "resources"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_reason_not_to_be_ready_has_a_way_out() {
    let rows = page::table("| reason | kinds | what to look at |");
    let explained: BTreeSet<_> = rows
        .iter()
        .map(|cells| cells[0].trim_matches('`'))
        .collect();
    let reasons = crds::Reason::ALL.into_iter();
    let wanted: BTreeSet<_> = reasons
        .filter(|reason| reason.ready() != crds::condition::Status::True)
        .map(crds::Reason::as_str)
        .collect();
    assert_eq!(explained, wanted);
}

#[test]
fn the_files_it_names_are_there() {
    let links = page::text();
    let links = links.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?;
        (!target.starts_with('#')).then(|| target.to_owned())
    });
    let is_path = |code: &String| {
        let first = code.split('/').next().unwrap_or_default();
        code.contains('/')
            && !code.contains(['<', '{', ' ', '$'])
            && paths::root().join(first).is_dir()
    };
    let names: Vec<_> = links
        .chain(page::code().into_iter().filter(is_path))
        .collect();
    let gone: Vec<_> = names
        .iter()
        .filter(|name| !paths::root().join(name).exists())
        .collect();
    assert!(gone.is_empty(), "named and not there: {gone:?}");
    assert!(names.len() > 20, "found only {names:?}");
}

#[test]
fn the_make_targets_it_names_exist() {
    let makefile = std::fs::read_to_string(paths::root().join("Makefile")).unwrap();
    let targets: Vec<_> = page::code()
        .iter()
        .filter_map(|code| {
            code.split_once("make ")?
                .1
                .split(' ')
                .next()
                .map(str::to_owned)
        })
        .collect();
    assert!(!targets.is_empty());
    for target in targets {
        let rule = format!("{target}:");
        assert!(
            makefile.lines().any(|line| line.starts_with(&rule)),
            "make {target}"
        );
    }
}
