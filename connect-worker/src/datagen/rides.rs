//! `rides`: yellow taxi rides as the streaming course's Java programs write them: 18 fields in
//! their order, date-times as arrays, vendor and payment as text, keyed by the zone of the
//! dropoff. The Java consumer refuses fields it does not know, so there are no others.
//!
//! Each ride ends now. Everything else is a function of seed and number; the shares follow
//! published counts of March 2019, the values are our own.

mod price;
pub(super) mod trip;

use std::borrow::Cow;

use jiff::{Timestamp, tz::TimeZone};

use self::{
    price::{Payment, Price, Vendor},
    trip::Trip,
};
use super::{distribution::choose, random::Streams, sequence_header, zones::Zones};
use crate::plugin::{Record, Source, Value};

/// Vendors in thousandths of all rides.
const VENDORS: [(Vendor, u32); 3] = [
    (Vendor::VeriFone, 627),
    (Vendor::CreativeMobile, 369),
    (Vendor::Other, 4),
];

/// Passengers in thousandths of all rides. The driver counts them, so there are rides with none.
const PASSENGERS: [(i32, u32); 7] = [
    (1, 697),
    (2, 150),
    (5, 46),
    (3, 43),
    (6, 27),
    (4, 20),
    (0, 17),
];

/// How often a ride waits in the vehicle's memory before it is sent.
const STORED_SHARE: f64 = 0.005;

/// The sequence of rides of one seed.
#[derive(Debug)]
pub(super) struct Rides {
    streams: Streams,
    zones: Zones,
}

impl Rides {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            streams: Streams::new(seed, "rides"),
            zones: Zones::new(),
        }
    }

    /// From where to where ride `g` goes.
    pub(super) fn trip(&self, g: u64) -> Trip {
        Trip::draw(&mut self.streams.at(g), &self.zones)
    }
}

impl Source for Rides {
    fn record(&self, g: u64, now: Timestamp) -> Record {
        let draws = &mut self.streams.at(g);
        // The trip comes first: others ask for it alone.
        let trip = Trip::draw(draws, &self.zones);
        let vendor = choose(draws, &VENDORS);
        let passengers = choose(draws, &PASSENGERS);
        let stored = draws.chance(STORED_SHARE);
        let payment = Payment::draw(draws);
        let price = Price::draw(draws, &trip, vendor, payment);
        let ride = vec![
            ("VendorID".into(), Value::from(vendor.id())),
            (
                "tpep_pickup_datetime".into(),
                local_date_time(now, trip.seconds),
            ),
            ("tpep_dropoff_datetime".into(), local_date_time(now, 0)),
            ("passenger_count".into(), Value::Int32(passengers)),
            ("trip_distance".into(), hundredths(trip.hundredth_miles)),
            ("RatecodeID".into(), Value::Int64(trip.rate.id())),
            (
                "store_and_fwd_flag".into(),
                Value::from(if stored { "Y" } else { "N" }),
            ),
            ("PULocationID".into(), Value::Int64(trip.pickup.into())),
            ("DOLocationID".into(), Value::Int64(trip.dropoff.into())),
            ("payment_type".into(), Value::from(payment.id())),
            ("fare_amount".into(), hundredths(price.fare)),
            ("extra".into(), hundredths(price.extra)),
            ("mta_tax".into(), hundredths(price.mta_tax)),
            ("tip_amount".into(), hundredths(price.tip)),
            ("tolls_amount".into(), hundredths(price.tolls)),
            (
                "improvement_surcharge".into(),
                hundredths(price.improvement),
            ),
            ("total_amount".into(), hundredths(price.total)),
            ("congestion_surcharge".into(), hundredths(price.congestion)),
        ];
        Record {
            key: Some(zone_key(trip.dropoff)),
            value: Value::Record(ride),
            timestamp: None,
            headers: vec![sequence_header(g)],
        }
    }
}

/// A zone as a key: its number as text.
pub(super) fn zone_key(zone: u16) -> Value {
    Value::String(Cow::Owned(zone.to_string()))
}

/// A date-time without zone, so many seconds before `now`, as Java's JSON writers show it: an
/// array of year, month, day, hour, minute, and second unless it is 0. Whole seconds, in UTC.
pub(super) fn local_date_time(now: Timestamp, seconds_before: i64) -> Value {
    let second = now.as_second().saturating_sub(seconds_before);
    let time = TimeZone::UTC.to_datetime(Timestamp::from_second(second).unwrap_or(Timestamp::MIN));
    let mut parts = Vec::with_capacity(6);
    parts.push(Value::Int32(time.year().into()));
    for part in [time.month(), time.day(), time.hour(), time.minute()] {
        parts.push(Value::Int32(part.into()));
    }
    if time.second() != 0 {
        parts.push(Value::Int32(time.second().into()));
    }
    Value::Array(parts)
}

/// Cents as dollars, hundredths of a mile as miles.
#[expect(clippy::cast_precision_loss, reason = "far below 2⁵³")]
fn hundredths(amount: i64) -> Value {
    Value::Float64(amount as f64 / 100.0)
}

#[cfg(test)]
mod tests;
