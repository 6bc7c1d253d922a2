use std::collections::VecDeque;

use super::*;
use crate::datagen::tests::{long, now};

#[test]
fn a_location_is_a_zone_and_the_time_now() {
    let record = RidesLocation::new(5).record(40, now());
    let Value::Record(fields) = &record.value else {
        panic!("a location is a record")
    };
    let names: Vec<_> = fields.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["PULocationID", "tpep_pickup_datetime"]);
    assert_eq!(
        record.value.field("tpep_pickup_datetime"),
        Some(&local_date_time(now(), 0))
    );
    assert_eq!(
        record.key,
        Some(Value::from(long(&record.value, "PULocationID").to_string()))
    );
}

#[test]
fn demand_stands_where_a_recent_ride_ended() {
    let (rides, locations) = (Rides::new(5), RidesLocation::new(5));
    let mut recent = VecDeque::new();
    for g in 0..2000 {
        recent.push_back(rides.record(g, now()).key);
        if recent.len() > 16 {
            recent.pop_front();
        }
        assert!(
            recent.contains(&locations.record(g, now()).key),
            "record {g}"
        );
    }
}

/// The course's join keeps pairs of one zone whose times differ by up to ten minutes. Two streams
/// that share nothing but the city still meet within 600 rides (a minute at 10 per second).
#[test]
fn streams_of_different_seeds_meet_in_busy_zones() {
    let (rides, locations) = (Rides::new(5), RidesLocation::new(6));
    let ends: std::collections::BTreeSet<_> = (0..600).map(|g| rides.trip(g).dropoff).collect();
    let met = (0..600).filter(|g| {
        let zone = long(&locations.record(*g, now()).value, "PULocationID");
        ends.contains(&u16::try_from(zone).unwrap())
    });
    assert!(met.count() > 500);
}
