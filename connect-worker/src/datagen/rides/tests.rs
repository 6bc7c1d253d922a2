use std::collections::BTreeMap;

use super::*;
use crate::datagen::{
    tests::{double, long, now, text},
    zones::{JFK, in_manhattan, owes_congestion_fee},
};

const RECORDS: u64 = 100_000;

fn rides() -> impl Iterator<Item = Value> {
    let source = Rides::new(5);
    (0..RECORDS).map(move |g| source.record(g, now()).value)
}

fn zone(ride: &Value, field: &str) -> u16 {
    u16::try_from(long(ride, field)).unwrap()
}

fn cents(ride: &Value, field: &str) -> i64 {
    let cents = double(ride, field) * 100.0;
    assert!(
        (cents - cents.round()).abs() < 1e-6,
        "{field} has parts of a cent: {cents}"
    );
    #[expect(clippy::cast_possible_truncation, reason = "a price")]
    let cents = cents.round() as i64;
    cents
}

/// Year to second; a second of 0 is left out.
fn date_time(ride: &Value, field: &str) -> Timestamp {
    let Some(Value::Array(parts)) = ride.field(field) else {
        panic!("{field} is an array")
    };
    assert!(
        parts.len() == 5 || parts.len() == 6 && parts[5] != Value::Int32(0),
        "{parts:?}"
    );
    let part = |index: usize| match parts.get(index) {
        Some(Value::Int32(part)) => i8::try_from(*part).unwrap(),
        None => 0,
        other => panic!("{other:?} is no part of a time"),
    };
    let Value::Int32(year) = parts[0] else {
        panic!("a year is int32")
    };
    jiff::civil::datetime(
        i16::try_from(year).unwrap(),
        part(1),
        part(2),
        part(3),
        part(4),
        part(5),
        0,
    )
    .to_zoned(TimeZone::UTC)
    .unwrap()
    .timestamp()
}

fn seconds(ride: &Value) -> i64 {
    let from = date_time(ride, "tpep_pickup_datetime");
    date_time(ride, "tpep_dropoff_datetime").as_second() - from.as_second()
}

#[test]
fn fields_have_the_java_class_order_and_types() {
    let record = Rides::new(5).record(3, now());
    let Value::Record(fields) = &record.value else {
        panic!("a ride is a record")
    };
    let kind = |value: &Value| match value {
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Int32(_) => "int32",
        Value::Int64(_) => "int64",
        Value::Float64(_) => "float64",
        _ => "other",
    };
    let shape: Vec<_> = fields
        .iter()
        .map(|(name, value)| (&**name, kind(value)))
        .collect();
    assert_eq!(
        shape,
        [
            ("VendorID", "string"),
            ("tpep_pickup_datetime", "array"),
            ("tpep_dropoff_datetime", "array"),
            ("passenger_count", "int32"),
            ("trip_distance", "float64"),
            ("RatecodeID", "int64"),
            ("store_and_fwd_flag", "string"),
            ("PULocationID", "int64"),
            ("DOLocationID", "int64"),
            ("payment_type", "string"),
            ("fare_amount", "float64"),
            ("extra", "float64"),
            ("mta_tax", "float64"),
            ("tip_amount", "float64"),
            ("tolls_amount", "float64"),
            ("improvement_surcharge", "float64"),
            ("total_amount", "float64"),
            ("congestion_surcharge", "float64"),
        ]
    );
    let zone = long(&record.value, "DOLocationID").to_string();
    assert_eq!(
        record.key,
        Some(Value::from(zone)),
        "the key is the text of the dropoff's zone"
    );
}

#[test]
fn date_times_drop_a_second_of_zero() {
    let array = |now: i64, before| local_date_time(Timestamp::from_second(now).unwrap(), before);
    let parts = |parts: &[i32]| Value::Array(parts.iter().map(|p| Value::Int32(*p)).collect());
    assert_eq!(array(1_593_563_132, 0), parts(&[2020, 7, 1, 0, 25, 32]));
    assert_eq!(array(1_593_563_132, 32), parts(&[2020, 7, 1, 0, 25]));
    assert_eq!(
        array(1_593_563_132, 3600),
        parts(&[2020, 6, 30, 23, 25, 32])
    );
}

#[test]
fn every_ride_keeps_every_rule() {
    for ride in rides() {
        let (pickup, dropoff) = (zone(&ride, "PULocationID"), zone(&ride, "DOLocationID"));
        assert!((1..=265).contains(&pickup) && (1..=265).contains(&dropoff));
        assert_eq!(date_time(&ride, "tpep_dropoff_datetime"), now());
        let seconds = seconds(&ride);
        assert!(seconds > 0, "a ride ends after it starts");
        #[expect(clippy::cast_precision_loss, reason = "hours")]
        let speed = double(&ride, "trip_distance") * 3600.0 / seconds as f64;
        assert!(speed < 70.0, "{speed} mph");

        let refund = cents(&ride, "total_amount") < 0;
        if long(&ride, "RatecodeID") == 2 {
            let other = if pickup == JFK { dropoff } else { pickup };
            assert!((pickup == JFK || dropoff == JFK) && in_manhattan(other));
            assert_eq!(cents(&ride, "fare_amount"), 5200);
        }
        if text(&ride, "payment_type") != "1" {
            assert_eq!(cents(&ride, "tip_amount"), 0, "only cards show tips");
        }
        let congestion = cents(&ride, "congestion_surcharge");
        let owes = owes_congestion_fee(pickup) || owes_congestion_fee(dropoff);
        assert_eq!(congestion.abs(), if owes { 250 } else { 0 });
        if !in_manhattan(pickup) && !in_manhattan(dropoff) {
            assert_eq!(congestion, 0);
        }

        let parts = [
            "fare_amount",
            "extra",
            "mta_tax",
            "tip_amount",
            "tolls_amount",
        ];
        let sum = parts.map(|part| cents(&ride, part)).iter().sum::<i64>()
            + cents(&ride, "improvement_surcharge");
        let vendor = text(&ride, "VendorID");
        let fee_apart = if vendor == "1" { 0 } else { congestion };
        assert_eq!(cents(&ride, "total_amount"), sum + fee_apart);
        assert_eq!(cents(&ride, "mta_tax").abs(), 50);
        assert_eq!(cents(&ride, "improvement_surcharge").abs(), 30);
        for part in parts {
            let cents = cents(&ride, part);
            assert!(
                cents == 0 || (cents < 0) == refund,
                "{part} has the sign of the total"
            );
        }
    }
}

/// Counts of values in per cent.
fn shares<T: Ord>(values: impl Iterator<Item = T>) -> BTreeMap<T, f64> {
    let mut counts = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_insert(0.0) += 1.0);
    let total: f64 = counts.values().sum();
    counts
        .into_iter()
        .map(|(value, count)| (value, 100.0 * count / total))
        .collect()
}

fn near(what: &str, found: f64, wanted: f64, tolerance: f64) {
    println!("{what}: {found:.3}, wanted {wanted}");
    let off = (found - wanted).abs();
    assert!(off <= tolerance, "{what}: {found} is not near {wanted}");
}

type Field = fn(&Value) -> String;

#[test]
fn shares_are_near_their_targets() {
    let rides: Vec<_> = rides().collect();
    let fields: [(Field, &[(&str, f64)]); 5] = [
        (
            |ride| text(ride, "VendorID"),
            &[("2", 62.8), ("1", 36.9), ("4", 0.4)],
        ),
        (
            |ride| long(ride, "RatecodeID").to_string(),
            &[
                ("1", 96.5),
                ("2", 2.35),
                ("5", 0.78),
                ("3", 0.27),
                ("4", 0.13),
            ],
        ),
        (
            |ride| format!("{:?}", ride.field("passenger_count").unwrap()),
            &[
                ("Int32(1)", 69.8),
                ("Int32(2)", 15.0),
                ("Int32(5)", 4.6),
                ("Int32(0)", 1.7),
            ],
        ),
        (
            |ride| text(ride, "payment_type"),
            &[("1", 73.3), ("2", 25.9), ("3", 0.53), ("4", 0.33)],
        ),
        (
            |ride| text(ride, "store_and_fwd_flag"),
            &[("N", 99.5), ("Y", 0.5)],
        ),
    ];
    for (field, targets) in fields {
        let found = shares(rides.iter().map(field));
        for (value, wanted) in targets {
            near(value, found[*value], *wanted, 0.06 + wanted * 0.01);
        }
    }
    let part = |name| shares(rides.iter().map(|ride| cents(ride, name)));
    near(
        "congestion 2.5",
        part("congestion_surcharge")[&250],
        91.3,
        1.5,
    );
    near("no toll", part("tolls_amount")[&0], 94.2, 0.6);
    near("toll 5.76", part("tolls_amount")[&576], 5.3, 0.6);
    let refunds = shares(rides.iter().map(|ride| cents(ride, "total_amount") < 0))[&true];
    near("refunds", refunds, 0.15, 0.05);
    let other = rides.iter().filter(|ride| text(ride, "VendorID") == "2");
    let extras = shares(other.map(|ride| cents(ride, "extra")));
    for (cents, wanted) in [(0, 54.0), (50, 30.0), (100, 15.0)] {
        near("extra", extras[&cents], wanted, 2.0);
    }
}

#[test]
fn tips_are_near_their_targets() {
    let (mut ratios, mut exact) = (0.0, BTreeMap::new());
    let cards: Vec<_> = rides()
        .filter(|ride| text(ride, "payment_type") == "1")
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "cents and counts")]
    let (count, ratio) = (cards.len() as f64, |tip: i64, rest: i64| {
        tip as f64 / rest as f64
    });
    for ride in &cards {
        let tip = cents(ride, "tip_amount");
        let rest = cents(ride, "total_amount") - tip;
        ratios += ratio(tip, rest);
        for percent in [0, 15, 20, 25] {
            let wanted = rest * percent;
            *exact.entry(percent).or_insert(0.0) += f64::from((tip * 100 - wanted).abs() <= 50);
        }
    }
    near("mean", ratios / count, 0.18, 0.01);
    for (percent, wanted) in [(20, 53.0), (25, 10.0), (15, 5.0), (0, 5.0)] {
        // Free tips meet a button's amount now and then.
        near("tip", 100.0 * exact[&percent] / count, wanted, 1.2);
    }
}

fn quantiles(mut values: Vec<f64>, shares: &[f64]) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index below the length"
    )]
    shares
        .iter()
        .map(|share| values[(share * values.len() as f64) as usize])
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a few hours")]
fn minutes(ride: &Value) -> f64 {
    seconds(ride) as f64 / 60.0
}

#[test]
fn distances_durations_fares_and_speeds_are_near_their_targets() {
    let rides: Vec<_> = rides().collect();
    let of = |value: fn(&Value) -> f64| rides.iter().map(value).collect::<Vec<_>>();
    for (what, values, shares, wanted) in [
        (
            "miles",
            of(|ride| double(ride, "trip_distance")),
            &[0.05, 0.25, 0.5, 0.75, 0.95, 0.99][..],
            &[0.49, 0.97, 1.60, 3.10, 10.97, 18.9][..],
        ),
        (
            "minutes",
            of(minutes),
            &[0.05, 0.25, 0.5, 0.75, 0.95, 0.99],
            &[2.97, 6.5, 10.95, 18.4, 37.3, 59.8],
        ),
        (
            "fare",
            of(|ride| double(ride, "fare_amount")),
            &[0.5, 0.95],
            &[9.5, 37.6],
        ),
        (
            "mph",
            of(|ride| double(ride, "trip_distance") * 60.0 / minutes(ride)),
            &[0.05, 0.5, 0.95],
            &[4.7, 9.9, 23.0],
        ),
    ] {
        for (found, wanted) in quantiles(values, shares).into_iter().zip(wanted) {
            near(what, found, *wanted, wanted * 0.15);
        }
    }
    let zero = shares(
        rides
            .iter()
            .map(|ride| double(ride, "trip_distance") == 0.0),
    )[&true];
    near("no distance", zero, 0.5, 0.1);
}

#[test]
fn zones_are_near_their_targets() {
    let rides: Vec<_> = rides().collect();
    let pickups = shares(rides.iter().map(|ride| zone(ride, "PULocationID")));
    let dropoffs = shares(rides.iter().map(|ride| zone(ride, "DOLocationID")));
    for (found, zone, wanted) in [
        (&pickups, 161, 4.2),
        (&pickups, 186, 3.9),
        (&pickups, 48, 3.9),
        (&pickups, 237, 3.8),
        (&pickups, 132, 2.8),
        (&pickups, 79, 2.8),
        (&pickups, 138, 2.7),
        (&dropoffs, 236, 4.3),
        (&dropoffs, 170, 4.0),
        (&dropoffs, 161, 3.8),
        (&dropoffs, 237, 3.1),
        (&dropoffs, 48, 2.8),
    ] {
        near(&format!("zone {zone}"), found[&zone], wanted, wanted * 0.12);
    }
    let mut busiest: Vec<_> = pickups.into_values().collect();
    busiest.sort_by(|a, b| b.total_cmp(a));
    for (count, wanted) in [(10, 36.0), (20, 60.0), (40, 89.0)] {
        near(
            "busiest pickups",
            busiest[..count].iter().sum(),
            wanted,
            2.0,
        );
    }
    let same = |ride: &Value| zone(ride, "PULocationID") == zone(ride, "DOLocationID");
    near("same zone", shares(rides.iter().map(same))[&true], 6.0, 1.0);
}
