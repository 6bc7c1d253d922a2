//! What holds for every template, and the golden records.

use std::time::Instant;

use jiff::Timestamp;

use super::*;
use crate::{convert::Converters, plugin::Record};

/// 2026-07-01T09:30:05Z
const NOW: i64 = 1_782_898_205;

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

pub(super) fn text(value: &Value, field: &str) -> String {
    match value.field(field) {
        Some(Value::String(text)) => text.clone().into_owned(),
        other => panic!("{field} is {other:?}, not text"),
    }
}

pub(super) fn long(value: &Value, field: &str) -> i64 {
    match value.field(field) {
        Some(Value::Int64(number)) => *number,
        other => panic!("{field} is {other:?}, not int64"),
    }
}

pub(super) fn double(value: &Value, field: &str) -> f64 {
    match value.field(field) {
        Some(Value::Float64(number)) => *number,
        other => panic!("{field} is {other:?}, not float64"),
    }
}

/// Key and value as a consumer sees them.
fn line(record: &Record) -> String {
    let converters = Converters::from_config(&Config::new());
    let key = record
        .key
        .as_ref()
        .and_then(|key| converters.key.bytes(key))
        .unwrap();
    let value = converters.value.bytes(&record.value).unwrap();
    format!(
        "{} {}",
        String::from_utf8(key).unwrap(),
        String::from_utf8(value).unwrap()
    )
}

#[test]
fn golden_records() {
    let lines: Vec<_> = Template::ALL
        .into_iter()
        .flat_map(|template| {
            let source = template.open(42);
            (0..3).map(move |g| line(&source.record(g, now())))
        })
        .collect();
    let golden = include_str!("tests/fixtures/records.txt");
    assert_eq!(lines.join("\n"), golden.trim_end());
}

#[test]
fn a_record_depends_on_its_number_and_not_on_the_order_of_calls() {
    for template in Template::ALL {
        let forward = template.open(7);
        let ordered: Vec<_> = (0..200).map(|g| forward.record(g, now())).collect();
        let backward = template.open(7);
        for g in (0..200_u64).rev() {
            assert_eq!(
                backward.record(g, now()),
                ordered[usize::try_from(g).unwrap()]
            );
        }
        assert_ne!(
            template.open(8).record(0, now()),
            ordered[0],
            "{template:?}: the seed counts"
        );
        // Far numbers are as near as the first.
        assert_eq!(
            forward.record(u64::MAX, now()),
            backward.record(u64::MAX, now())
        );
    }
}

#[test]
fn the_clock_shows_in_date_times_only() {
    let later = Timestamp::from_second(NOW + 90_061).unwrap();
    for template in Template::ALL {
        let source = template.open(7);
        for g in 0..50 {
            let (before, after) = (source.record(g, now()), source.record(g, later));
            assert_eq!(before.key, after.key);
            let (Value::Record(before), Value::Record(after)) = (before.value, after.value) else {
                panic!("a value is a record")
            };
            for (before, after) in before.iter().zip(&after) {
                let moves = before.0.ends_with("_datetime");
                assert_eq!(before == after, !moves, "{template:?} {}", before.0);
            }
        }
    }
}

#[test]
fn every_record_tells_its_number_in_a_header() {
    for template in Template::ALL {
        let record = template.open(1).record(12, now());
        assert_eq!(record.headers, [sequence_header(12)]);
    }
}

/// Says how fast records are made and encoded; figures of an unoptimised build mean little, so
/// there it stays short, and it never fails on time.
#[test]
fn throughput() {
    let count: u64 = if cfg!(debug_assertions) {
        2_000
    } else {
        500_000
    };
    let converters = Converters::from_config(&Config::new());
    for template in Template::ALL {
        let source = template.open(1);
        let started = Instant::now();
        let bytes: usize = (0..count)
            .map(|g| {
                converters
                    .value
                    .bytes(&source.record(g, now()).value)
                    .map_or(0, |v| v.len())
            })
            .sum();
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = count as f64 / started.elapsed().as_secs_f64();
        println!(
            "{}: {rate:.0} records/s, {} bytes each",
            template.name(),
            bytes as u64 / count
        );
        assert!(bytes > 0);
    }
}
