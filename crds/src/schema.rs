//! The schemas as Kubernetes gets them: what the derive macros make, put into shape.
//!
//! Knows `OpenAPI` and nothing of what the fields mean. Rules of one kind stand beside its type; the
//! rules here hold for all kinds.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::{Cluster, Connector, MAX_NAME_LENGTH, Topic, columns};

/// Bounds for fields whose types come from Kubernetes, which bounds them by its own code.
const FOREIGN_STRING: u32 = 512;
const FOREIGN_LIST: u32 = 32;
const FOREIGN_MAP: u32 = 64;

/// A kind's name becomes a Service's name, so it has to be what DNS takes.
const DNS_LABEL: &str = "^[a-z]([-a-z0-9]*[a-z0-9])?$";

/// The three definitions, in the order people meet them: Cluster, Topic, Connector.
pub fn definitions() -> Result<[CustomResourceDefinition; 3], serde_json::Error> {
    Ok([
        shaped(Cluster::crd(), Names::Children)?,
        shaped(Topic::crd(), Names::Free)?,
        shaped(Connector::crd(), Names::Children)?,
    ])
}

/// The `OpenAPI` schema of one kind, as the API server applies it; `None` for a kind that is not ours.
pub fn of_kind(kind: &str) -> Result<Option<Value>, serde_json::Error> {
    let definitions = definitions()?;
    let Some(definition) = definitions
        .into_iter()
        .find(|known| known.spec.names.kind == kind)
    else {
        return Ok(None);
    };
    let schema = definition
        .spec
        .versions
        .into_iter()
        .next()
        .and_then(|version| version.schema);
    let mut schema = serde_json::to_value(schema.and_then(|schema| schema.open_api_v3_schema))?;
    whole_numbers(&mut schema);
    Ok(Some(schema))
}

/// The generated manifests: file name and content of each definition.
pub fn manifests() -> Result<Vec<(String, String)>, Box<dyn std::error::Error>> {
    let file = |body: Body| {
        let head = "# Generated from the types in crds/src by crdgen; do not edit.\n";
        (
            format!("{}.yaml", body.plural),
            format!("{head}{}", body.yaml),
        )
    };
    Ok(bodies()?.into_iter().map(file).collect())
}

/// One definition as YAML.
pub(crate) struct Body {
    /// The kind's name in URLs, for example `topics`.
    pub(crate) plural: String,
    /// The definition's own name, for example `topics.eddyline.dev`.
    pub(crate) name: String,
    pub(crate) yaml: String,
}

pub(crate) fn bodies() -> Result<Vec<Body>, Box<dyn std::error::Error>> {
    let mut bodies = Vec::new();
    for definition in definitions()? {
        let mut value = serde_json::to_value(&definition)?;
        whole_numbers(&mut value);
        bodies.push(Body {
            plural: definition.spec.names.plural,
            name: definition.metadata.name.unwrap_or_default(),
            yaml: serde_yaml::to_string(&value)?,
        });
    }
    Ok(bodies)
}

/// Whether objects of a kind lend their names to children.
#[derive(Clone, Copy)]
enum Names {
    /// Children are named after the object: its name must be a DNS label.
    Children,
    /// No children; any name Kubernetes takes.
    Free,
}

fn shaped(
    mut definition: CustomResourceDefinition,
    names: Names,
) -> Result<CustomResourceDefinition, serde_json::Error> {
    let columns = columns::of_kind(&definition.spec.names.kind);
    for version in &mut definition.spec.versions {
        version.additional_printer_columns = Some(columns.clone());
    }
    let mut value = serde_json::to_value(definition)?;
    if let Some(schema) = value.pointer_mut("/spec/versions/0/schema/openAPIV3Schema") {
        tidy(schema);
        if let Value::Object(root) = schema {
            root.insert("x-kubernetes-validations".into(), name_rules(names));
        }
    }
    serde_json::from_value(value)
}

fn name_rules(names: Names) -> Value {
    let mut rules = vec![rule(
        &format!("self.metadata.name.size() <= {MAX_NAME_LENGTH}"),
        &format!("metadata.name is too long: write at most {MAX_NAME_LENGTH} characters"),
        None,
    )];
    if matches!(names, Names::Children) {
        rules.push(rule(
            &format!("self.metadata.name.matches('{DNS_LABEL}')"),
            "metadata.name becomes a host name: write lower case letters, digits and '-', starting with a letter",
            None,
        ));
    }
    Value::Array(rules)
}

/// One CEL rule. `path` is the field it points at, relative to where the rule stands (`.partitions`).
pub(crate) fn rule(rule: &str, message: &str, path: Option<&str>) -> Value {
    let mut value = json!({"rule": rule, "message": message});
    if let (Value::Object(fields), Some(path)) = (&mut value, path) {
        fields.insert("fieldPath".into(), path.into());
    }
    value
}

/// Removes what the generator says and the API server does not want.
///
/// An unset field is absent, never null: with `nullable` a null would count as set in a rule.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.remove("nullable");
            let known = |format: &Value| {
                matches!(
                    format.as_str(),
                    Some("int32" | "int64" | "double" | "date-time")
                )
            };
            if fields.get("type").is_some() && !fields.get("format").is_none_or(known) {
                fields.remove("format");
            }
            if let Some(Value::Array(words)) = fields.get_mut("enum") {
                words.retain(|word| !word.is_null());
            }
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            fields.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// Makes a choice of words out of an enum whose variants are documented for Rust: one list, and no
/// description, so that the field's own stands.
pub(crate) fn words(schema: &mut Schema) {
    let Some(fields) = schema.as_object_mut() else {
        return;
    };
    let Some(Value::Array(variants)) = fields.remove("oneOf") else {
        return;
    };
    let words: Vec<Value> = variants
        .into_iter()
        .filter_map(|mut one| one.get_mut("const").map(Value::take))
        .collect();
    fields.remove("description");
    fields.insert("type".into(), "string".into());
    fields.insert("enum".into(), words.into());
}

/// Writes whole bounds as whole numbers: the typed definition holds them as floats, and a person
/// reads `maximum: 99`.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Number(number) => {
            if let Some(whole) = number.as_f64().and_then(whole) {
                *value = whole.into();
            }
        }
        _ => {}
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "only numbers below 2^53 without a fraction"
)]
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
}

/// The schema of a type that Kubernetes defines, made fit for a definition of ours: every text,
/// list and map bounded, descriptions cut to their first sentence.
pub(crate) fn foreign<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = T::json_schema(generator);
    if let Some(fields) = schema.as_object_mut() {
        bound(fields);
    }
    schema
}

fn bound(fields: &mut Map<String, Value>) {
    if let Some(Value::String(text)) = fields.get_mut("description") {
        *text = first_sentence(text);
    }
    if is_type(fields, "string") {
        fields.entry("maxLength").or_insert(FOREIGN_STRING.into());
    }
    if is_type(fields, "array") {
        fields.entry("maxItems").or_insert(FOREIGN_LIST.into());
    }
    if fields.contains_key("additionalProperties") {
        fields.entry("maxProperties").or_insert(FOREIGN_MAP.into());
    }
    for key in ["items", "additionalProperties"] {
        if let Some(Value::Object(inner)) = fields.get_mut(key) {
            bound(inner);
            // The list's own description says the same.
            inner.remove("description");
        }
    }
    for key in ["anyOf", "allOf"] {
        let inner = fields
            .get_mut(key)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten();
        inner.filter_map(Value::as_object_mut).for_each(bound);
    }
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        properties
            .values_mut()
            .filter_map(Value::as_object_mut)
            .for_each(bound);
    }
}

fn is_type(fields: &Map<String, Value>, name: &str) -> bool {
    match fields.get("type") {
        Some(Value::Array(names)) => names.iter().any(|known| known == name),
        Some(known) => known == name,
        None => false,
    }
}

/// The first sentence that says something: Kubernetes begins some with the one word "Required.".
fn first_sentence(text: &str) -> String {
    let text = text.strip_prefix("Required. ").unwrap_or(text);
    let line = text.split('\n').next().unwrap_or_default();
    let next = |(dot, _): &(usize, &str)| line[dot + 2..].starts_with(char::is_uppercase);
    let end = line
        .match_indices(". ")
        .find(next)
        .map_or(line.len(), |(dot, _)| dot + 1);
    line[..end].to_owned()
}
