//! Text as Java's `toString` of Connect's data shows it: fields without a value are left out, as
//! `Struct.toString` does.

use std::fmt;

use crate::plugin::Value;

struct Text<'a>(&'a Value);

pub(super) fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        _ => Text(value).to_string().into_bytes(),
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Boolean(value) => write!(f, "{value}"),
            Value::Int32(value) => write!(f, "{value}"),
            Value::Int64(value) => write!(f, "{value}"),
            // Debug keeps the ".0" that Java shows too.
            Value::Float64(value) => write!(f, "{value:?}"),
            Value::String(value) => f.write_str(value),
            Value::Array(values) => {
                f.write_str("[")?;
                list(f, values.iter(), ", ", |f, value| {
                    write!(f, "{}", Text(value))
                })?;
                f.write_str("]")
            }
            Value::Record(fields) => {
                f.write_str("Struct{")?;
                let present = fields.iter().filter(|(_, value)| *value != Value::Null);
                list(f, present, ",", |f, (name, value)| {
                    write!(f, "{name}={}", Text(value))
                })?;
                f.write_str("}")
            }
        }
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
    separator: &str,
    write: impl Fn(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        write(f, item)?;
    }
    Ok(())
}
