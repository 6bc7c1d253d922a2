//! The words for a value of the wrong type or the wrong form. Pure.

use crds::duration::{Duration, TimeLimit};
use crds::size::{Size, SizeLimit};
use regex::Regex;
use serde_json::Value;

use crate::laptop::findings::{one_of, suggest};
use crate::laptop::yaml::{Data, Node};

/// What is said of a value of another type than the schema's: the end of a sentence that begins with
/// the field's name, and help.
pub(super) fn mismatch(node: &Node, schema: &Value) -> (String, String) {
    let wanted = wanted(schema);
    let text_wanted = wanted.ends_with("string");
    match &node.data {
        Data::Scalar {
            value,
            plain: Some(text),
        } if text_wanted && !value.is_string() => {
            let what = format!(
                "must be {wanted}, but YAML reads `{text}` as {}",
                kind(value)
            );
            (what, quoting(text, schema))
        }
        Data::Scalar { value, .. } => {
            let what = format!("must be {wanted}, but {value} is {}", kind(value));
            (what, instead_of(value, schema))
        }
        Data::List(_) => (format!("must be {wanted}, not a list"), fields_of(schema)),
        Data::Map(_) => (format!("must be {wanted}, not a mapping"), String::new()),
    }
}

/// What to write where a plain word is no text: the word in quotes, if it is good then.
fn quoting(text: &str, schema: &Value) -> String {
    match schema["pattern"].as_str() {
        Some(pattern) if !matches(pattern, text) => pattern_help(text, pattern, schema),
        _ if text.is_empty() => String::new(),
        _ => format!("put it in quotes: \"{text}\""),
    }
}

/// "write 3 without quotes" where a number or boolean was written as a string; the fields of a mapping.
fn instead_of(value: &Value, schema: &Value) -> String {
    let Some(text) = value.as_str() else {
        return fields_of(schema);
    };
    let fits = match schema["type"].as_str() {
        Some("integer") => text.parse::<i64>().is_ok(),
        Some("number") => text.parse::<f64>().is_ok(),
        Some("boolean") => matches!(text, "true" | "false"),
        _ => return fields_of(schema),
    };
    if fits {
        format!("write {text} without quotes")
    } else {
        String::new()
    }
}

fn fields_of(schema: &Value) -> String {
    let fields = schema["properties"]
        .as_object()
        .map(|fields| fields.keys())
        .into_iter()
        .flatten();
    let names: Vec<&str> = fields.map(String::as_str).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("its fields are {}", names.join(", "))
    }
}

fn wanted(schema: &Value) -> &'static str {
    match schema["type"].as_str() {
        Some("object") => "a mapping of fields",
        Some("array") => "a list",
        Some("string") => "a string",
        Some("boolean") => "true or false",
        Some("integer") => "a whole number",
        Some("number") => "a number",
        _ => "a whole number or a string",
    }
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "nothing (null)".to_owned(),
        Value::Bool(yes) => format!("the boolean {yes}"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

/// What to write where a field is missing: an empty mapping where that is enough, else what the field is.
pub(super) fn lacking(name: &str, schema: &Value) -> String {
    let enough =
        schema["type"] == "object" && schema["required"].as_array().is_none_or(Vec::is_empty);
    match schema["description"].as_str() {
        _ if enough => format!("write {name}: {{}}"),
        Some(text) => format!("{name}: {}", first_sentence(text)),
        None => String::new(),
    }
}

/// The first sentence of a field's description.
fn first_sentence(text: &str) -> &str {
    let line = text.split('\n').next().unwrap_or_default();
    line.split(". ")
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
}

/// Whether `text` has the form; a pattern that does not compile fits nothing (none is generated: tested).
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
}

/// The values of an enum: the nearest, or all of them.
pub(super) fn choice_help(word: Option<&str>, values: &[Value]) -> String {
    let names: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
    match word {
        Some(word) => suggest(word, names.iter().copied()),
        None => format!("expected {}", one_of(&names)),
    }
}

/// What to write instead. Durations and sizes explain themselves; other fields have examples in
/// their description.
pub(super) fn pattern_help(text: &str, pattern: &str, schema: &Value) -> String {
    let explained = if pattern.contains("Forever") {
        text.parse::<TimeLimit>()
            .err()
            .map(|error| error.to_string())
    } else if pattern.contains("(ms|s|m|h|d)") {
        text.parse::<Duration>()
            .err()
            .map(|error| error.to_string())
    } else if pattern.contains("Unlimited") {
        text.parse::<SizeLimit>()
            .err()
            .map(|error| error.to_string())
    } else if pattern.contains("(Ki|Mi|Gi|Ti)") {
        text.parse::<Size>().err().map(|error| error.to_string())
    } else {
        None
    };
    if let Some((_, help)) = explained
        .as_deref()
        .and_then(|error| error.rsplit_once("; "))
    {
        return match super::amounts::meant(text, pattern) {
            Some(meant) => format!("did you mean \"{meant}\"? {help}"),
            None => help.to_owned(),
        };
    }
    match schema["description"].as_str().and_then(examples) {
        Some(examples) => format!("write it as in {examples}"),
        None => format!("it must match {pattern}"),
    }
}

/// The words in backticks of a description: its examples.
fn examples(description: &str) -> Option<String> {
    let words: Vec<&str> = description.split('`').skip(1).step_by(2).take(4).collect();
    if words.is_empty() {
        None
    } else {
        Some(words.join(", "))
    }
}
