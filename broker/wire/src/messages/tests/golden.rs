//! Bytes and JSON that Kafka's Java client made of the same messages (`tests/clients/golden`).

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::{Codec, codecs, for_all};

/// One element of a fixture file.
struct Fixture {
    api: String,
    kind: String,
    version: i16,
    case: String,
    bytes: Vec<u8>,
    json: Json,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/golden/fixtures")
}

fn fixtures() -> Vec<Fixture> {
    let files = fs::read_dir(folder()).expect("the fixtures are part of the repository");
    let mut fixtures = Vec::new();
    for file in files {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let lines: Vec<Json> = serde_json::from_str(&text).unwrap();
        fixtures.extend(lines.iter().map(fixture));
    }
    fixtures
}

fn fixture(line: &Json) -> Fixture {
    assert_eq!(line["client"], "4.3.1");
    let text = |key: &str| line[key].as_str().unwrap().to_owned();
    Fixture {
        api: text("api"),
        kind: text("kind"),
        version: line["version"].as_i64().unwrap().try_into().unwrap(),
        case: text("case"),
        bytes: unhex(&text("hex")),
        json: line["json"].clone(),
    }
}

fn unhex(hex: &str) -> Vec<u8> {
    let pairs = hex
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

/// The client renders records as null or as an empty text, whatever they are.
fn same(client: &Json, ours: &Json) -> bool {
    match (client, ours) {
        (Json::Object(client), Json::Object(ours)) => {
            let same_key = |(key, value): (&String, &Json)| match (key.as_str(), ours.get(key)) {
                (_, None) => false,
                ("records", Some(ours)) => value.is_null() == ours.is_null(),
                (_, Some(ours)) => same(value, ours),
            };
            client.len() == ours.len() && client.iter().all(same_key)
        }
        (Json::Array(client), Json::Array(ours)) => {
            client.len() == ours.len() && client.iter().zip(ours).all(|(a, b)| same(a, b))
        }
        (client, ours) => client == ours,
    }
}

fn check(fixture: &Fixture, codec: &Codec) {
    let Fixture {
        api,
        kind,
        version,
        case,
        bytes,
        json,
    } = fixture;
    let name = format!("{api} {kind} v{version}, case {case}");
    let again = (codec.again)(bytes, *version, 1 << 20).unwrap();
    if case == "tagged" {
        // Unknown tagged fields are skipped, so the bytes differ; nothing else may.
        let json_again = (codec.json)(&again, *version);
        assert!(
            same(json, &json_again),
            "{name}: {json} became {json_again}"
        );
    } else {
        assert_eq!(&again, bytes, "{name}");
    }
    let ours = (codec.json)(bytes, *version);
    assert!(
        same(json, &ours),
        "{name}: the client says {json}, we say {ours}"
    );
}

#[test]
fn we_read_and_write_what_the_java_client_does() {
    let codecs = codecs();
    for fixture in fixtures() {
        let codec = codecs
            .iter()
            .find(|codec| codec.api == fixture.api && codec.kind == fixture.kind);
        check(
            &fixture,
            codec.unwrap_or_else(|| panic!("no codec for {}", fixture.api)),
        );
    }
}

#[test]
fn every_version_has_an_oracle_or_a_fixture() {
    let golden: HashSet<(String, String, i16)> = fixtures()
        .into_iter()
        .map(|fixture| (fixture.api, fixture.kind, fixture.version))
        .collect();
    let mut missing = Vec::new();
    for_all(|codec, version| {
        let fixture = (codec.api.to_owned(), codec.kind.to_owned(), version);
        if !codec.oracle_versions.contains(&version) && !golden.contains(&fixture) {
            missing.push(format!("{} {} v{version}", codec.api, codec.kind));
        }
    });
    assert!(
        missing.is_empty(),
        "neither oracle nor golden bytes: {missing:?}"
    );
}
