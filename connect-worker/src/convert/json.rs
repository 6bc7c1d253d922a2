//! Compact JSON.

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::plugin::Value;

/// Most records fit, so that most need one allocation.
const USUAL_BYTES: usize = 512;

/// Borrows a value for the serializer; keeps serde out of the type that sources build.
struct Json<'a>(&'a Value);

pub(super) fn bytes(value: &Value) -> Vec<u8> {
    let mut out = match value {
        Value::Record(_) => Vec::with_capacity(USUAL_BYTES),
        _ => Vec::new(),
    };
    // Neither the sink (memory) nor the value (names are text) can fail.
    let written = serde_json::to_writer(&mut out, &Json(value));
    debug_assert!(written.is_ok(), "a value is always JSON");
    out
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Boolean(value) => serializer.serialize_bool(*value),
            Value::Int32(value) => serializer.serialize_i32(*value),
            Value::Int64(value) => serializer.serialize_i64(*value),
            Value::Float64(value) => serializer.serialize_f64(*value),
            Value::String(value) => serializer.serialize_str(value),
            Value::Array(values) => serializer.collect_seq(values.iter().map(Json)),
            Value::Record(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(&**name, &Json(value))?;
                }
                map.end()
            }
        }
    }
}
