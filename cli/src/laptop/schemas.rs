//! The schemas and rules of our kinds as the API server applies them: the generated definitions, with what the server itself knows
//! of `apiVersion`, `kind` and `metadata`.

use kube::core::cel::{CompiledSchema, Validator, apply_defaults, compile_schema};
use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// One kind: its schema, and its rules ready to run.
#[derive(Debug)]
pub struct Kind {
    pub name: String,
    /// For the strict walk: the whole document, without `status` (which a file may carry and nobody reads).
    pub walked: Value,
    /// As generated: what rules and defaults are taken from.
    generated: Value,
    rules: CompiledSchema,
}

/// All kinds we know.
#[derive(Debug)]
pub struct Schemas {
    pub kinds: Vec<Kind>,
    validator: Validator,
}

/// A rule that an object breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Path of the field, or of the object the rule stands on.
    pub path: String,
    pub message: String,
}

impl Schemas {
    /// The definitions that are generated from the API types.
    ///
    /// # Errors
    /// A definition cannot be written as JSON: a fault of the program.
    pub fn load() -> Result<Self, Failure> {
        let unreadable = |error: serde_json::Error| {
            Failure::new(format!("cannot read the schemas: {error}"), "")
        };
        let mut kinds = Vec::new();
        for definition in crds::definitions().map_err(unreadable)? {
            let name = definition.spec.names.kind;
            let version = definition.spec.versions.into_iter().next();
            let schema = version.and_then(|version| version.schema?.open_api_v3_schema);
            let generated = serde_json::to_value(schema).map_err(unreadable)?;
            kinds.push(Kind {
                walked: whole_document(&generated),
                rules: compile_schema(&generated),
                generated,
                name,
            });
        }
        Ok(Self {
            kinds,
            validator: Validator::new(),
        })
    }

    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.name == name)
    }

    /// The rules (CEL) that `object` breaks; with `old`, the rules about changes too. Both with defaults filled in.
    pub fn broken(&self, kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<Broken> {
        let Err(errors) = self.validator.validate_compiled(&kind.rules, object, old) else {
            return Vec::new();
        };
        errors
            .into_iter()
            .map(|error| Broken {
                path: error.field_path,
                message: error.message,
            })
            .collect()
    }
}

impl Kind {
    /// The object with the schema's defaults filled in.
    pub fn defaulted(&self, object: &Value) -> Value {
        apply_defaults(&self.generated, object)
    }
}

fn whole_document(generated: &Value) -> Value {
    let mut schema = generated.clone();
    let Some(fields) = schema.as_object_mut() else {
        return schema;
    };
    let properties = fields
        .entry("properties")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("apiVersion".into(), json!({"type": "string"}));
        properties.insert("kind".into(), json!({"type": "string"}));
        properties.insert("metadata".into(), object_meta());
        properties.insert(
            "status".into(),
            json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
        );
    }
    let required = fields.entry("required").or_insert_with(|| json!([]));
    if let Some(required) = required.as_array_mut() {
        required.insert(0, "metadata".into());
    }
    schema
}

/// `metadata` as the API server checks it: what people write, and what `kubectl get -o yaml` adds.
fn object_meta() -> Value {
    let anything = json!({"x-kubernetes-preserve-unknown-fields": true});
    let text = json!({"type": "string"});
    let label = json!({
        "type": "string", "maxLength": 63, "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$",
        "description": "letters, digits, '-', '_' and '.', such as `orders-v2`",
    });
    json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {
                "type": "string", "minLength": 1, "maxLength": 253,
                "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
                "description": "the object's name: lower case letters, digits, '-' and '.', such as `orders` or `orders-gen`",
            },
            "namespace": {
                "type": "string", "minLength": 1, "maxLength": 63,
                "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
                "description": "lower case letters, digits and '-', such as `default`",
            },
            "labels": {"type": "object", "additionalProperties": label},
            "annotations": {"type": "object", "additionalProperties": text},
            "generateName": text,
            "finalizers": {"type": "array", "items": text},
            "ownerReferences": {"type": "array", "items": anything},
            "managedFields": {"type": "array", "items": anything},
            "uid": text,
            "resourceVersion": text,
            "selfLink": text,
            "generation": {"type": "integer"},
            "creationTimestamp": text,
            "deletionTimestamp": text,
            "deletionGracePeriodSeconds": {"type": "integer"},
        }
    })
}
