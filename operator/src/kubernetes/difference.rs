//! Whether an object is as it was meant, without writing it: pure.
//!
//! The API server fills in defaults and other writers add fields, so an object that was found never
//! equals the one that was meant. Two looks together tell: the found object has every meant field with
//! the meant value ([`covers`]), and its annotation says that it was made from the same intent, so that
//! a field we no longer mean is noticed too ([`fingerprint`]).

use serde_json::{Map, Value};

/// Keys under which texts are Kubernetes quantities, which the API server rewrites (`0.5` to `500m`).
const QUANTITIES: [&str; 4] = ["requests", "limits", "capacity", "sizeLimit"];

/// The keys that tell elements of a list apart, in order of preference.
const ELEMENT_KEYS: [&str; 4] = ["mountPath", "containerPort", "name", "port"];

/// 64-bit FNV-1a: short, and the same in every build and on every machine, unlike the standard
/// library's hash.
pub fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Whether `found` has everything that `meant` says. What only `found` has does not count.
pub fn covers(meant: &Value, found: &Value) -> bool {
    value(meant, Some(found), false)
}

fn value(meant: &Value, found: Option<&Value>, quantity: bool) -> bool {
    let Some(found) = found else {
        return is_empty(meant);
    };
    match (meant, found) {
        (Value::Object(meant), Value::Object(found)) => object(meant, found, quantity),
        (Value::Array(meant), Value::Array(found)) => list(meant, found),
        (Value::String(meant), Value::String(found)) if quantity => {
            meant == found || amount(meant).is_some_and(|meant| amount(found) == Some(meant))
        }
        _ => meant == found,
    }
}

/// What the API server leaves out when it stores it.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
    }
}

fn object(meant: &Map<String, Value>, found: &Map<String, Value>, quantity: bool) -> bool {
    meant.iter().all(|(key, meant)| {
        let quantity = quantity || QUANTITIES.contains(&key.as_str());
        value(meant, found.get(key), quantity)
    })
}

/// Lists of named things may hold foreign ones too; all other lists are compared place by place.
fn list(meant: &[Value], found: &[Value]) -> bool {
    let key = ELEMENT_KEYS
        .into_iter()
        .find(|key| !meant.is_empty() && meant.iter().all(|element| element.get(key).is_some()));
    match key {
        Some(key) => meant.iter().all(|meant| {
            found
                .iter()
                .any(|found| found.get(key) == meant.get(key) && value(meant, Some(found), false))
        }),
        None => {
            meant.len() == found.len()
                && meant
                    .iter()
                    .zip(found)
                    .all(|(meant, found)| value(meant, Some(found), false))
        }
    }
}

/// A quantity in thousandths; `None` for a text that is none.
pub fn amount(text: &str) -> Option<i128> {
    let digits = text
        .find(|character: char| !character.is_ascii_digit() && !".+-".contains(character))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let thousandths: i128 = match suffix {
        "m" => 1,
        "" => 1000,
        "k" => 1000 * 1000,
        "M" => 1000 * 1_000_000,
        "G" => 1000 * 1_000_000_000,
        "T" => 1000 * 1_000_000_000_000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        "Ti" => 1000 << 40,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: i128 = if whole.is_empty() { "0" } else { whole }.parse().ok()?;
    let places = u32::try_from(fraction.len()).ok()?;
    let scale = 10_i128.checked_pow(places)?;
    let part: i128 = if fraction.is_empty() { "0" } else { fraction }
        .parse()
        .ok()?;
    let total = whole.checked_mul(scale)?.checked_add(part)?;
    Some(total.checked_mul(thousandths)? / scale)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_and_foreign_fields_do_not_count() {
        let meant = json!({"spec": {
            "replicas": 1, "publish": false, "labels": {},
            "containers": [{"name": "a", "image": "i", "ports": [{"containerPort": 1}]}],
            "resources": {"limits": {"cpu": "0.5", "memory": "1024Mi"}},
        }});
        let found = json!({"spec": {
            "replicas": 1, "policy": "Parallel",
            "containers": [
                {"name": "sidecar"},
                {"name": "a", "image": "i", "ports": [{"containerPort": 1, "protocol": "TCP"}]},
            ],
            "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}},
        }});
        assert!(covers(&meant, &found));
    }

    #[test]
    fn every_other_difference_counts() {
        let meant =
            json!({"replicas": 1, "args": ["a", "b"], "env": [{"name": "A", "value": "1"}]});
        for found in [
            json!({"replicas": 2, "args": ["a", "b"], "env": [{"name": "A", "value": "1"}]}),
            json!({"args": ["a", "b"], "env": [{"name": "A", "value": "1"}]}),
            json!({"replicas": 1, "args": ["b", "a"], "env": [{"name": "A", "value": "1"}]}),
            json!({"replicas": 1, "args": ["a", "b", "c"], "env": [{"name": "A", "value": "1"}]}),
            json!({"replicas": 1, "args": ["a", "b"], "env": [{"name": "A", "value": "1.0"}]}),
            json!({"replicas": 1, "args": ["a", "b"], "env": []}),
            json!(null),
        ] {
            assert!(!covers(&meant, &found), "{found}");
        }
    }

    #[test]
    fn quantities_by_their_amount() {
        for (text, thousandths) in [
            ("1", Some(1000)),
            ("0.5", Some(500)),
            ("500m", Some(500)),
            (".5", Some(500)),
            ("1Ki", Some(1_024_000)),
            ("1.5Gi", Some(1_610_612_736_000)),
            ("Gi", Some(0)),
            ("1x", None),
            ("", Some(0)),
        ] {
            assert_eq!(amount(text), thousandths, "{text}");
        }
    }
}
