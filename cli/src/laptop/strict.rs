//! Walks one document against the schema of its kind, as the API server does with strict field validation: unknown fields, types,
//! enums, patterns, bounds, required fields, list keys. Rules in CEL come after (`rules`). Knows schemas only as data.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::laptop::findings::{Finding, Place, suggest};
use crate::laptop::yaml::{Data, Entry, Mark, Node};

mod amounts;
mod bounds;
mod words;

/// What the walk leaves: the value without unknown fields, and whether it can be handed to the rules.
#[derive(Debug)]
pub struct Walked {
    pub value: Value,
    /// False when a finding other than an unknown field was made: as on the server, rules then stay unchecked.
    pub sound: bool,
}

/// Walks `document` against `schema` (an object schema for the whole document), adding to `findings`.
pub fn walk(
    file: &Arc<str>,
    document: &Node,
    schema: &Value,
    findings: &mut Vec<Finding>,
) -> Walked {
    let mut walk = Walk {
        file,
        findings,
        sound: true,
    };
    let value = walk.value(document, &Spot::root(document.at), schema);
    Walked {
        sound: walk.sound,
        value,
    }
}

/// A field under check: its path, and the place of its key.
struct Spot {
    path: String,
    at: Mark,
}

impl Spot {
    fn root(at: Mark) -> Self {
        Self {
            path: String::new(),
            at,
        }
    }

    fn field(&self, entry: &Entry) -> Self {
        let path = if self.path.is_empty() {
            entry.key.clone()
        } else {
            format!("{}.{}", self.path, entry.key)
        };
        Self {
            path,
            at: entry.key_at,
        }
    }

    fn item(&self, index: usize, item: &Node) -> Self {
        Self {
            path: format!("{}[{index}]", self.path),
            at: item.at,
        }
    }

    fn name(&self) -> &str {
        if self.path.is_empty() {
            "the document"
        } else {
            &self.path
        }
    }
}

struct Walk<'a> {
    file: &'a Arc<str>,
    findings: &'a mut Vec<Finding>,
    sound: bool,
}

impl Walk<'_> {
    fn value(&mut self, node: &Node, spot: &Spot, schema: &Value) -> Value {
        if flag(schema, "x-kubernetes-int-or-string") {
            return self.int_or_string(node, spot, schema);
        }
        if !self.type_fits(node, spot, schema) {
            return node.to_json();
        }
        let value = match &node.data {
            Data::Map(entries) => self.map(entries, spot, schema),
            Data::List(items) => self.list(items, spot, schema),
            Data::Scalar { value, .. } => value.clone(),
        };
        for (what, help) in bounds::broken(&value, schema) {
            self.wrong(node.at, format!("{} {what}", spot.name()), help);
        }
        value
    }

    fn map(&mut self, entries: &[Entry], spot: &Spot, schema: &Value) -> Value {
        let empty = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        let additional = schema.get("additionalProperties");
        let open = flag(schema, "x-kubernetes-preserve-unknown-fields");
        let mut object = Map::new();
        for entry in entries {
            let inner = spot.field(entry);
            let known = properties
                .get(&entry.key)
                .or(additional.filter(|more| more.is_object()));
            match known {
                // The server takes a null where none is allowed as "not given".
                Some(schema) if entry.value.is_null() && !flag(schema, "nullable") => {}
                Some(schema) => {
                    let value = self.value(&entry.value, &inner, schema);
                    object.insert(entry.key.clone(), value);
                }
                None if open || additional == Some(&Value::Bool(true)) => {
                    object.insert(entry.key.clone(), entry.value.to_json());
                }
                None => self.unknown(entry, spot, properties),
            }
        }
        self.required(&object, spot, schema, properties);
        Value::Object(object)
    }

    fn list(&mut self, items: &[Node], spot: &Spot, schema: &Value) -> Value {
        let item_schema = schema.get("items").unwrap_or(&Value::Null);
        let mut values: Vec<Value> = Vec::with_capacity(items.len());
        let mut seen: Vec<Value> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let inner = spot.item(index, item);
            let value = self.value(item, &inner, item_schema);
            if let Some(identity) = bounds::identity(&value, schema) {
                if seen.contains(&identity) {
                    self.wrong(item.at, format!("{} is given twice", inner.path), "");
                }
                seen.push(identity);
            }
            values.push(value);
        }
        Value::Array(values)
    }

    fn unknown(&mut self, entry: &Entry, spot: &Spot, properties: &Map<String, Value>) {
        let names = properties.keys().map(String::as_str);
        let owner = if spot.path.is_empty() {
            String::new()
        } else {
            format!(" in {}", spot.path)
        };
        let (name, as_read) = match &entry.surprise {
            Some(written) => (written, format!(" (YAML reads it as {})", entry.key)),
            None => (&entry.key, String::new()),
        };
        let what = format!("unknown field \"{name}\"{owner}{as_read}");
        let finding = Finding::new(self.place(entry.key_at), what, suggest(name, names));
        self.findings.push(finding);
    }

    fn required(
        &mut self,
        object: &Map<String, Value>,
        spot: &Spot,
        schema: &Value,
        properties: &Map<String, Value>,
    ) {
        for name in schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let defaulted = properties
                .get(name)
                .is_some_and(|p| p.get("default").is_some());
            if object.contains_key(name) || defaulted {
                continue;
            }
            let what = format!("{} lacks the field \"{name}\"", spot.name());
            let help = properties
                .get(name)
                .map_or_else(String::new, |lacking| words::lacking(name, lacking));
            self.wrong(spot.at, what, help);
        }
    }

    fn int_or_string(&mut self, node: &Node, spot: &Spot, schema: &Value) -> Value {
        let value = node.to_json();
        if !(value.is_string() || value.is_i64() || value.is_u64()) {
            self.mismatch(node, spot, schema);
        } else if value.is_string() {
            for (what, help) in bounds::broken(&value, schema) {
                self.wrong(node.at, format!("{} {what}", spot.name()), help);
            }
        }
        value
    }

    fn type_fits(&mut self, node: &Node, spot: &Spot, schema: &Value) -> bool {
        let Some(wanted) = schema["type"].as_str() else {
            return true;
        };
        let fits = match &node.data {
            Data::Map(_) => wanted == "object",
            Data::List(_) => wanted == "array",
            Data::Scalar {
                value: Value::Null, ..
            } => flag(schema, "nullable"),
            Data::Scalar { value, .. } => match wanted {
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64() || value.is_u64(),
                "number" => value.is_number(),
                _ => false,
            },
        };
        if !fits {
            self.mismatch(node, spot, schema);
        }
        fits
    }

    fn mismatch(&mut self, node: &Node, spot: &Spot, schema: &Value) {
        let (what, help) = words::mismatch(node, schema);
        self.wrong(node.at, format!("{} {what}", spot.name()), help);
    }

    fn wrong(&mut self, at: Mark, what: String, help: impl Into<String>) {
        self.sound = false;
        self.findings.push(Finding::new(self.place(at), what, help));
    }

    fn place(&self, at: Mark) -> Place {
        Place {
            file: Arc::clone(self.file),
            line: at.line,
            column: at.column,
        }
    }
}

fn flag(schema: &Value, key: &str) -> bool {
    schema[key] == Value::Bool(true)
}

#[cfg(test)]
mod tests;
