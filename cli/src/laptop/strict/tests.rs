//! The walk over a schema of its own: each keyword accepted and refused.

use serde_json::json;

use super::*;
use crate::laptop::yaml;

fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["name", "mode"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 5, "description": "What it is called. More."},
            "mode": {"type": "string", "enum": ["Json", "String"], "default": "Json"},
            "count": {"type": "integer", "minimum": 1, "maximum": 9},
            "rate": {"type": "number", "minimum": 0, "exclusiveMinimum": true},
            "time": {"type": "string", "pattern": "^[0-9]+[smhd]$", "description": "As in `30s` or `7d`."},
            "live": {"type": "boolean"},
            "amount": {"x-kubernetes-int-or-string": true, "pattern": "^[0-9]+Gi$"},
            "config": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 2},
            "list": {"type": "array", "maxItems": 3, "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "none": {"type": "string", "nullable": true},
        }
    })
}

/// The findings of `text` without the file's name, and whether the rules may look at it.
fn check(text: &str) -> (Vec<String>, bool) {
    let file = Arc::from("f");
    let stream = yaml::parse(&file, text);
    assert!(stream.findings.is_empty(), "{:?}", stream.findings);
    let mut findings = Vec::new();
    let walked = walk(&file, &stream.documents[0], &schema(), &mut findings);
    let said = findings
        .iter()
        .map(|f| f.to_string().trim_start_matches("f:").to_owned())
        .collect();
    (said, walked.sound)
}

#[test]
fn good_values_pass() {
    let text = "{name: a, count: 9, rate: 0.5, time: 7d, live: yes, amount: 3, config: {a: x}, list: [a, b], free: {x: 1}, none: ~}";
    assert_eq!(check(text), (vec![], true));
    assert_eq!(
        check("{name: a, amount: 2Gi, time: ~, mode: ~}"),
        (vec![], true)
    );
}

/// Text, and what is said of it.
const FAULTS: [(&str, &str); 20] = [
    (
        "{}",
        "1:1: the document lacks the field \"name\"; name: What it is called",
    ),
    (
        "{name: ~}",
        "1:1: the document lacks the field \"name\"; name: What it is called",
    ),
    (
        "{name: no}",
        "1:8: name must be a string, but YAML reads `no` as the boolean false; put it in quotes: \"no\"",
    ),
    (
        "{name: 1e3}",
        "1:8: name must be a string, but YAML reads `1e3` as the number 1000; put it in quotes: \"1e3\"",
    ),
    (
        "{name: ''}",
        "1:8: name has 0 characters; it needs at least 1",
    ),
    (
        "{name: abcdef}",
        "1:8: name has 6 characters; at most 5 are allowed",
    ),
    (
        "{name: a, mode: json}",
        "1:17: mode cannot be \"json\"; did you mean \"Json\"?",
    ),
    (
        "{name: a, mode: Avro}",
        "1:17: mode cannot be \"Avro\"; expected Json or String",
    ),
    (
        "{name: a, count: 0}",
        "1:18: count is 0; it must be at least 1",
    ),
    (
        "{name: a, count: 10}",
        "1:18: count is 10; it must be at most 9",
    ),
    (
        "{name: a, count: '3'}",
        "1:18: count must be a whole number, but \"3\" is a string; write 3 without quotes",
    ),
    (
        "{name: a, count: 1.5}",
        "1:18: count must be a whole number, but 1.5 is the number 1.5",
    ),
    (
        "{name: a, rate: 0}",
        "1:17: rate is 0; it must be more than 0",
    ),
    (
        "{name: a, time: soon}",
        "1:17: time cannot be \"soon\"; write it as in 30s, 7d",
    ),
    (
        "{name: a, amount: 3Gb}",
        "1:19: amount cannot be \"3Gb\"; it must match ^[0-9]+Gi$",
    ),
    (
        "{name: a, config: {a: 1}}",
        "1:23: config.a must be a string, but YAML reads `1` as the number 1; put it in quotes: \"1\"",
    ),
    (
        "{name: a, config: {a: x, b: x, c: x}}",
        "1:19: config has 3 entries; at most 2 are allowed",
    ),
    (
        "{name: a, config: [a]}",
        "1:19: config must be a mapping of fields, not a list",
    ),
    ("{name: a, list: [a, b, a]}", "1:24: list[2] is given twice"),
    (
        "{name: a, list: {a: b}}",
        "1:17: list must be a list, not a mapping",
    ),
];

#[test]
fn each_fault_has_its_words() {
    for (text, expected) in FAULTS {
        assert_eq!(check(text), (vec![expected.to_owned()], false), "{text}");
    }
}

#[test]
fn an_unknown_field_leaves_the_rest_sound() {
    let (said, _) = check("{name: a, on: 3}");
    assert_eq!(
        said[0].split(';').next(),
        Some("1:11: unknown field \"on\" (YAML reads it as true)")
    );
    assert_eq!(
        check("{name: a, cuont: 3}"),
        (
            vec!["1:11: unknown field \"cuont\"; did you mean \"count\"?".to_owned()],
            true
        )
    );
}

#[test]
fn all_findings_are_reported() {
    let (said, sound) = check("{cuont: 3, count: 0, time: x}");
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(!sound);
}

/// Keywords that the walk obeys, and those that bind nobody.
const KNOWN: [&str; 27] = [
    "title",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "maxProperties",
    "default",
    "description",
    "format",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-validations",
    "x-kubernetes-map-type",
];

fn keywords(schema: &Value, path: &str, strange: &mut Vec<String>) {
    let Some(fields) = schema.as_object() else {
        return;
    };
    let int_or_string = flag(schema, "x-kubernetes-int-or-string");
    for (keyword, value) in fields {
        // The server itself spells int-or-string out as anyOf.
        if !(KNOWN.contains(&keyword.as_str()) || int_or_string && keyword == "anyOf") {
            strange.push(format!("{path}: {keyword}"));
        }
        if keyword == "pattern" && regex::Regex::new(value.as_str().unwrap_or("(")).is_err() {
            strange.push(format!("{path}: pattern {value}"));
        }
    }
    let inner = schema["properties"].as_object().into_iter().flatten();
    inner.for_each(|(name, inner)| keywords(inner, &format!("{path}.{name}"), strange));
    keywords(&schema["items"], &format!("{path}[]"), strange);
    keywords(
        &schema["additionalProperties"],
        &format!("{path}.*"),
        strange,
    );
}

#[test]
fn the_walk_knows_every_keyword_of_our_schemas() {
    let schemas = crate::laptop::schemas::Schemas::load().unwrap();
    let mut strange = Vec::new();
    for kind in &schemas.kinds {
        let mut walked = kind.walked.clone();
        walked["properties"]
            .as_object_mut()
            .unwrap()
            .remove("status");
        keywords(&walked, &kind.name, &mut strange);
    }
    assert_eq!(strange, Vec::<String>::new());
}
