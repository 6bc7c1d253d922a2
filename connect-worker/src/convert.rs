//! Values to bytes, by Connect's converter names.
//!
//! Must not know: sources, Kafka, topics.
//!
//! Entry types: [`Converters`] for a connector's key and value, [`Converter`] for one of them.

mod json;
mod text;

use crate::plugin::{Config, Value};

/// How one side of a record becomes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Converter {
    /// `JsonConverter` without schemas: compact JSON, fields in their order, numbers as JSON
    /// numbers in the fewest digits that read back to the same number. A number that JSON cannot
    /// write (not finite) becomes `null`.
    Json,
    /// `StringConverter`: the text of a scalar; for a record what Java's `Struct.toString` shows,
    /// such as `Struct{city=City_4,zipcode=32731}`, for an array `[a, b]`.
    String,
}

/// The converters of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Converters {
    /// For the key; [`Converter::String`] unless configured.
    pub key: Converter,
    /// For the value; [`Converter::Json`] unless configured.
    pub value: Converter,
}

impl Converter {
    /// The bytes of `value`; `None` for [`Value::Null`], which Kafka carries as null.
    pub fn bytes(self, value: &Value) -> Option<Vec<u8>> {
        if *value == Value::Null {
            return None;
        }
        Some(match self {
            Self::Json => json::bytes(value),
            Self::String => text::bytes(value),
        })
    }
}

impl Converters {
    /// Reads `key.converter` and `value.converter`. A plugin's validation has refused other names
    /// than the two known ones; here they mean the default.
    pub fn from_config(config: &Config) -> Self {
        let named = |key: &str, default| match config.get(key).map(|class| class.trim()) {
            Some(class) if class.ends_with("JsonConverter") => Converter::Json,
            Some(class) if class.ends_with("StringConverter") => Converter::String,
            _ => default,
        };
        Self {
            key: named("key.converter", Converter::String),
            value: named("value.converter", Converter::Json),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Value {
        Value::Record(vec![
            ("orderid".into(), Value::Int32(15)),
            ("orderunits".into(), Value::Float64(9.0)),
            ("note".into(), Value::from("say \"hi\"\n")),
            ("gone".into(), Value::Null),
            ("paid".into(), Value::Boolean(true)),
            (
                "address".into(),
                Value::Record(vec![
                    ("city".into(), Value::from("City_48")),
                    ("zipcode".into(), Value::Int64(32731)),
                ]),
            ),
            (
                "at".into(),
                Value::Array(vec![Value::Int32(2026), Value::Int32(7)]),
            ),
        ])
    }

    fn text(converter: Converter, value: &Value) -> Option<String> {
        converter
            .bytes(value)
            .map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn json_is_compact_and_keeps_the_order_of_fields() {
        assert_eq!(
            text(Converter::Json, &order()).unwrap(),
            r#"{"orderid":15,"orderunits":9.0,"note":"say \"hi\"\n","gone":null,"paid":true,"#
                .to_owned()
                + r#""address":{"city":"City_48","zipcode":32731},"at":[2026,7]}"#
        );
    }

    #[test]
    fn text_reads_as_java_shows_a_struct() {
        assert_eq!(
            text(Converter::String, &order()).unwrap(),
            "Struct{orderid=15,orderunits=9.0,note=say \"hi\"\n,paid=true,\
             address=Struct{city=City_48,zipcode=32731},at=[2026, 7]}"
        );
    }

    #[test]
    fn scalars_by_converter() {
        for (value, json, plain) in [
            (Value::Int32(-7), "-7", "-7"),
            (
                Value::Int64(i64::MAX),
                "9223372036854775807",
                "9223372036854775807",
            ),
            (Value::from("186"), "\"186\"", "186"),
            (Value::Float64(0.1), "0.1", "0.1"),
            (
                Value::Float64(9.703_502_112_840_228),
                "9.703502112840228",
                "9.703502112840228",
            ),
            (Value::Float64(f64::NAN), "null", "NaN"),
            (Value::Boolean(false), "false", "false"),
            (Value::Array(vec![]), "[]", "[]"),
        ] {
            assert_eq!(text(Converter::Json, &value).unwrap(), json);
            assert_eq!(text(Converter::String, &value).unwrap(), plain);
        }
        assert_eq!(Converter::Json.bytes(&Value::Null), None);
        assert_eq!(Converter::String.bytes(&Value::Null), None);
    }

    #[test]
    fn converters_come_from_their_class_names() {
        let config = |pairs: &[(&str, &str)]| -> Config {
            pairs
                .iter()
                .map(|(key, class)| ((*key).to_owned(), (*class).to_owned()))
                .collect()
        };
        assert_eq!(
            Converters::from_config(&config(&[])),
            Converters {
                key: Converter::String,
                value: Converter::Json
            }
        );
        assert_eq!(
            Converters::from_config(&config(&[
                (
                    "key.converter",
                    "org.apache.kafka.connect.json.JsonConverter"
                ),
                (
                    "value.converter",
                    "org.apache.kafka.connect.storage.StringConverter"
                ),
            ])),
            Converters {
                key: Converter::Json,
                value: Converter::String
            }
        );
    }
}
