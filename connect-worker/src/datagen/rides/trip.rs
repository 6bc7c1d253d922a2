//! Where a ride goes, how far, how long, and at which rate.

use crate::datagen::{
    distribution::choose,
    random::Draws,
    zones::{JFK, LA_GUARDIA, NEWARK, OUTSIDE, Zones, in_manhattan, owes_congestion_fee},
};

/// Which tariff holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::datagen) enum Rate {
    /// The meter.
    Standard,
    /// The flat fare between Manhattan and Kennedy airport.
    Jfk,
    /// To Newark airport.
    Newark,
    /// To Nassau or Westchester.
    OutOfTown,
    /// Agreed beforehand.
    Negotiated,
}

/// One ride without its money.
#[derive(Debug, Clone, Copy)]
pub(in crate::datagen) struct Trip {
    pub(super) rate: Rate,
    /// The zone where it starts.
    pub(super) pickup: u16,
    /// The zone where it ends.
    pub(in crate::datagen) dropoff: u16,
    /// Its length in hundredths of a mile.
    pub(super) hundredth_miles: i64,
    /// How long it takes; at least 1.
    pub(super) seconds: i64,
}

/// Rates in ten-thousandths of all rides.
const RATES: [(Rate, u32); 5] = [
    (Rate::Standard, 9647),
    (Rate::Jfk, 235),
    (Rate::Negotiated, 78),
    (Rate::Newark, 27),
    (Rate::OutOfTown, 13),
];

/// Rides that the taximeter saw no distance of.
const ZERO_DISTANCE_SHARE: f64 = 0.005;

/// What a ride is longer than this goes over fast roads.
const FAST_ROAD_MILES: f64 = 6.0;

/// No ride is faster than this on average, in miles per hour.
const TOP_SPEED: i64 = 60;

/// No ride takes longer than this.
const LONGEST_SECONDS: i64 = 4 * 3600;

impl Rate {
    /// The number in `RatecodeID`.
    pub(super) fn id(self) -> i64 {
        match self {
            Self::Standard => 1,
            Self::Jfk => 2,
            Self::Newark => 3,
            Self::OutOfTown => 4,
            Self::Negotiated => 5,
        }
    }
}

impl Trip {
    pub(in crate::datagen) fn draw(draws: &mut Draws, zones: &Zones) -> Self {
        let rate = choose(draws, &RATES);
        let (pickup, dropoff, miles) = match rate {
            Rate::Standard | Rate::Negotiated => metered(draws, zones),
            Rate::Jfk => {
                let miles = about(draws, 18.0, 2.2, 12.0, 26.0);
                if draws.chance(0.6) {
                    (JFK, zones.dropoff_in_manhattan.choose(draws), miles)
                } else {
                    (zones.pickup_in_manhattan.choose(draws), JFK, miles)
                }
            }
            Rate::Newark => (
                zones.pickup_in_manhattan.choose(draws),
                NEWARK,
                about(draws, 17.0, 2.0, 12.0, 24.0),
            ),
            Rate::OutOfTown => (
                zones.pickup.choose(draws),
                OUTSIDE,
                about(draws, 20.0, 5.0, 8.0, 35.0),
            ),
        };
        let miles = if draws.chance(ZERO_DISTANCE_SHARE) && rate == Rate::Standard {
            0.0
        } else {
            miles
        };
        let hundredth_miles = whole(miles * 100.0);
        Self {
            rate,
            pickup,
            dropoff,
            hundredth_miles,
            seconds: seconds(draws, hundredth_miles),
        }
    }
}

/// A ride at the meter: the start by its share, then how far, then an end that fits both.
fn metered(draws: &mut Draws, zones: &Zones) -> (u16, u16, f64) {
    let pickup = zones.pickup.choose(draws);
    match pickup {
        // Kennedy to Manhattan would be the flat fare.
        JFK => (
            pickup,
            zones.dropoff_in_boroughs.choose(draws),
            about(draws, 12.0, 4.5, 2.0, 28.0),
        ),
        LA_GUARDIA if draws.chance(0.65) => (
            pickup,
            zones.dropoff_in_manhattan.choose(draws),
            about(draws, 9.8, 2.2, 5.0, 20.0),
        ),
        LA_GUARDIA => (
            pickup,
            zones.dropoff_in_boroughs.choose(draws),
            about(draws, 8.0, 4.0, 1.0, 22.0),
        ),
        _ if draws.chance(0.014) => (pickup, LA_GUARDIA, about(draws, 9.3, 2.2, 3.0, 20.0)),
        _ if !in_manhattan(pickup) && draws.chance(0.03) => {
            (pickup, JFK, about(draws, 12.0, 4.5, 2.0, 28.0))
        }
        _ => {
            let miles = city_miles(draws);
            (pickup, city_dropoff(draws, zones, pickup, miles), miles)
        }
    }
}

/// The length of a ride inside the city: lognormal, with a wider half above the median.
fn city_miles(draws: &mut Draws) -> f64 {
    let z = draws.normal();
    let spread = if z < 0.0 { 0.69 } else { 0.82 };
    (0.41 + spread * z).exp().clamp(0.05, 24.0)
}

/// Short rides may stay in their zone, long ones mostly leave the borough.
fn city_dropoff(draws: &mut Draws, zones: &Zones, pickup: u16, miles: f64) -> u16 {
    let (same, boroughs) = match (in_manhattan(pickup), miles) {
        (true, ..1.0) if !owes_congestion_fee(pickup) => (0.5, 0.05),
        (true, ..1.0) => (0.12, 0.002),
        (true, 1.0..2.0) => (0.015, 0.01),
        (true, 2.0..4.0) => (0.0, 0.06),
        (true, _) => (0.0, 0.42),
        (false, ..1.5) => (0.25, 0.97),
        (false, _) => (0.0, 0.85),
    };
    if draws.chance(same) {
        return pickup;
    }
    if draws.chance(boroughs) {
        return zones.dropoff_in_boroughs.choose(draws);
    }
    zones.dropoff_in_manhattan.choose(draws)
}

/// Time hangs on distance, less so on the fast roads of long rides, with traffic as the rest.
/// Without distance it is short.
#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn seconds(draws: &mut Draws, hundredth_miles: i64) -> i64 {
    let z = draws.normal();
    let minutes = if hundredth_miles == 0 {
        (0.7 + 0.9 * z).exp()
    } else {
        let miles = hundredth_miles as f64 / 100.0;
        let city = miles.min(FAST_ROAD_MILES);
        let spread = if z < 0.0 { 0.45 } else { 0.35 };
        (2.02 + 0.690 * city.ln() + 0.48 * (miles / city).ln() + spread * z).exp()
    };
    let shortest = hundredth_miles * 36 / TOP_SPEED + 1;
    whole(minutes * 60.0).clamp(shortest, LONGEST_SECONDS)
}

/// Normal, cut to a range.
fn about(draws: &mut Draws, mean: f64, spread: f64, least: f64, most: f64) -> f64 {
    (mean + spread * draws.normal()).clamp(least, most)
}

/// The nearest whole number. Rounding also hides the last bit in which mathematical libraries
/// differ, so that a seed means the same on every platform.
#[expect(
    clippy::cast_possible_truncation,
    reason = "bounded by the callers' clamps"
)]
fn whole(amount: f64) -> i64 {
    amount.round() as i64
}
