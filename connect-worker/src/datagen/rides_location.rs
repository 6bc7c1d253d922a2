//! `rides_location`: people who wait for a taxi, as the streaming course's join wants them: a zone
//! and a time, keyed by the zone.
//!
//! Demand follows the taxis: record g waits where one of the last rides before ride g ended, of
//! the `rides` with the same seed. Run at the same rate, the two streams meet all the time; run
//! otherwise, they still meet in the zones that are busy anyhow.

use jiff::Timestamp;

use super::{
    random::Streams,
    rides::{Rides, local_date_time, zone_key},
    sequence_header,
};
use crate::plugin::{Record, Source, Value};

/// How many rides back the demand looks at most.
const RECENT_RIDES: u64 = 16;

/// The sequence of waiting people of one seed.
#[derive(Debug)]
pub(super) struct RidesLocation {
    streams: Streams,
    rides: Rides,
}

impl RidesLocation {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            streams: Streams::new(seed, "rides_location"),
            rides: Rides::new(seed),
        }
    }
}

impl Source for RidesLocation {
    fn record(&self, g: u64, now: Timestamp) -> Record {
        let back = self.streams.at(g).below(RECENT_RIDES);
        let zone = self.rides.trip(g.saturating_sub(back)).dropoff;
        let location = vec![
            ("PULocationID".into(), Value::Int64(zone.into())),
            ("tpep_pickup_datetime".into(), local_date_time(now, 0)),
        ];
        Record {
            key: Some(zone_key(zone)),
            value: Value::Record(location),
            timestamp: None,
            headers: vec![sequence_header(g)],
        }
    }
}

#[cfg(test)]
mod tests;
