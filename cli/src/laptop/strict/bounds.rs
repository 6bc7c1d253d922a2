//! Enums, patterns and bounds of one value, and the identity of list items. Pure: value and schema in, findings' words out.

use serde_json::Value;

use super::words::{choice_help, matches, pattern_help};

/// What is wrong with `value` under `schema`, as (end of a sentence that begins with the field's name, help).
pub(super) fn broken(value: &Value, schema: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        found.push((
            format!("cannot be {value}"),
            choice_help(value.as_str(), allowed),
        ));
    }
    match value {
        Value::String(text) => string(text, schema, &mut found),
        Value::Number(number) => numeric(number, schema, &mut found),
        Value::Array(items) => {
            let count = items.len();
            counted(count, ("minItems", "maxItems", "items"), schema, &mut found);
        }
        Value::Object(fields) => {
            let count = fields.len();
            counted(
                count,
                ("minProperties", "maxProperties", "entries"),
                schema,
                &mut found,
            );
        }
        Value::Null | Value::Bool(_) => {}
    }
    found
}

fn string(text: &str, schema: &Value, found: &mut Vec<(String, String)>) {
    let length = text.chars().count();
    counted(
        length,
        ("minLength", "maxLength", "characters"),
        schema,
        found,
    );
    if let Some(pattern) = schema["pattern"].as_str()
        && !matches(pattern, text)
    {
        found.push((
            format!("cannot be \"{}\"", shown(text)),
            pattern_help(text, pattern, schema),
        ));
    }
}

fn numeric(number: &serde_json::Number, schema: &Value, found: &mut Vec<(String, String)>) {
    let Some(value) = number.as_f64() else { return };
    let exclusive = |key: &str| schema[key] == Value::Bool(true);
    if let Some(least) = schema["minimum"].as_f64()
        && (value < least || (exclusive("exclusiveMinimum") && value <= least))
    {
        let bound = if exclusive("exclusiveMinimum") {
            "more than"
        } else {
            "at least"
        };
        found.push((
            format!("is {number}"),
            format!("it must be {bound} {least}"),
        ));
    }
    if let Some(most) = schema["maximum"].as_f64()
        && (value > most || (exclusive("exclusiveMaximum") && value >= most))
    {
        let bound = if exclusive("exclusiveMaximum") {
            "less than"
        } else {
            "at most"
        };
        found.push((format!("is {number}"), format!("it must be {bound} {most}")));
    }
    if let Some(step) = schema["multipleOf"].as_f64()
        && (value / step).fract() != 0.0
    {
        found.push((
            format!("is {number}"),
            format!("it must be a multiple of {step}"),
        ));
    }
}

fn counted(
    count: usize,
    (least, most, unit): (&str, &str, &str),
    schema: &Value,
    found: &mut Vec<(String, String)>,
) {
    let count_u64 = count as u64;
    if let Some(least) = schema[least].as_u64().filter(|least| count_u64 < *least) {
        found.push((
            format!("has {count} {unit}"),
            format!("it needs at least {least}"),
        ));
    }
    if let Some(most) = schema[most].as_u64().filter(|most| count_u64 > *most) {
        found.push((
            format!("has {count} {unit}"),
            format!("at most {most} are allowed"),
        ));
    }
}

/// What tells list items apart (`x-kubernetes-list-type`): the item itself in a set, its keys in a map; `None` in a plain list.
pub(super) fn identity(item: &Value, schema: &Value) -> Option<Value> {
    match schema["x-kubernetes-list-type"].as_str()? {
        "set" => Some(item.clone()),
        "map" => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array()?;
            Some(
                keys.iter()
                    .filter_map(Value::as_str)
                    .map(|key| item[key].clone())
                    .collect(),
            )
        }
        _ => None,
    }
}

/// At most 60 characters of what the user wrote.
fn shown(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    text.chars().take(60).chain(['…']).collect()
}
