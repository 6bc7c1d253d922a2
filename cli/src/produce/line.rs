//! What `produce` makes of one line of input. Pure.

use serde_json::Value;

/// Fields of a JSON line; `consume` prints all of them, and what it printed can be sent again.
const KNOWN: [&str; 6] = ["key", "value", "partition", "topic", "offset", "timestamp"];

/// How lines are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// The line is the value; with a separator, what stands before it is the key.
    Text { separator: Option<String> },
    /// The line is an object with `value` and, if wanted, `key` and `partition`.
    Json,
}

/// A record to send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    pub key: Option<Vec<u8>>,
    /// `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    pub partition: Option<i32>,
}

impl Form {
    /// The record that a line stands for.
    ///
    /// # Errors
    /// Why the line is none, in words.
    pub fn record(&self, line: &[u8]) -> Result<Record, String> {
        match self {
            Self::Text { separator: None } => Ok(Record {
                value: Some(line.to_vec()),
                ..Record::default()
            }),
            Self::Text {
                separator: Some(separator),
            } => keyed(line, separator.as_bytes()),
            Self::Json => json(line),
        }
    }
}

fn keyed(line: &[u8], separator: &[u8]) -> Result<Record, String> {
    let at = line
        .windows(separator.len().max(1))
        .position(|window| window == separator);
    let Some(at) = at else {
        return Err(format!(
            "it has no separator \"{}\"",
            String::from_utf8_lossy(separator)
        ));
    };
    let (key, value) = (line[..at].to_vec(), line[at + separator.len()..].to_vec());
    Ok(Record {
        key: Some(key),
        value: Some(value),
        partition: None,
    })
}

fn json(line: &[u8]) -> Result<Record, String> {
    let value: Value =
        serde_json::from_slice(line).map_err(|error| format!("it is not JSON: {error}"))?;
    let fields = value
        .as_object()
        .ok_or("it is no JSON object; write {\"key\": …, \"value\": …}")?;
    if let Some(unknown) = fields.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(format!(
            "it has the unknown field \"{unknown}\"; write key, value and partition"
        ));
    }
    let value = fields.get("value").ok_or("it has no field \"value\"")?;
    let partition = match fields.get("partition") {
        None | Some(Value::Null) => None,
        Some(number) => {
            let number = number
                .as_i64()
                .and_then(|number| i32::try_from(number).ok());
            Some(number.ok_or("its partition is no number of a partition")?)
        }
    };
    Ok(Record {
        key: fields.get("key").and_then(bytes),
        value: bytes(value),
        partition,
    })
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone().into_bytes()),
        other => Some(other.to_string().into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: Option<&str>, value: Option<&str>, partition: Option<i32>) -> Record {
        let bytes = |text: &str| text.as_bytes().to_vec();
        Record {
            key: key.map(bytes),
            value: value.map(bytes),
            partition,
        }
    }

    #[test]
    fn lines_are_values_or_keys_and_values() {
        let plain = Form::Text { separator: None };
        assert_eq!(plain.record(b"a:b"), Ok(record(None, Some("a:b"), None)));
        let keyed = Form::Text {
            separator: Some("::".to_owned()),
        };
        assert_eq!(
            keyed.record(b"a::b::c"),
            Ok(record(Some("a"), Some("b::c"), None))
        );
        assert_eq!(keyed.record(b"::"), Ok(record(Some(""), Some(""), None)));
        assert!(keyed.record(b"a:b").is_err());
    }

    #[test]
    fn json_lines_carry_key_value_and_partition() {
        for (line, expected) in [
            (r#"{"value": "x"}"#, record(None, Some("x"), None)),
            (
                r#"{"key": 1, "value": {"b": 1, "a": 2}}"#,
                record(Some("1"), Some(r#"{"b":1,"a":2}"#), None),
            ),
            (
                r#"{"key": "k", "value": null, "partition": 3}"#,
                record(Some("k"), None, Some(3)),
            ),
            (
                r#"{"topic": "t", "offset": 4, "key": null, "value": ""}"#,
                record(None, Some(""), None),
            ),
        ] {
            assert_eq!(Form::Json.record(line.as_bytes()), Ok(expected), "{line}");
        }
        for line in [
            "x",
            "[]",
            "{}",
            r#"{"value": 1, "partition": -1.5}"#,
            r#"{"vaule": 1}"#,
        ] {
            assert!(Form::Json.record(line.as_bytes()).is_err(), "{line}");
        }
    }
}
