//! What a ride costs, in whole cents, so that sums are exact.

use super::trip::{Rate, Trip};
use crate::datagen::{distribution::choose, random::Draws, zones::owes_congestion_fee};

/// Who made the meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    CreativeMobile,
    VeriFone,
    Other,
}

/// How a ride is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payment {
    Card,
    Cash,
    NoCharge,
    Dispute,
}

/// The parts of a ride's price in cents. The total is the sum of all other parts; but the first
/// vendor shows the congestion fee twice, also inside of `extra`, and there it counts once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Price {
    pub(super) fare: i64,
    pub(super) extra: i64,
    pub(super) mta_tax: i64,
    pub(super) tip: i64,
    pub(super) tolls: i64,
    pub(super) improvement: i64,
    pub(super) congestion: i64,
    pub(super) total: i64,
}

/// Payments in ten-thousandths of all rides.
const PAYMENTS: [(Payment, u32); 4] = [
    (Payment::Card, 7326),
    (Payment::Cash, 2588),
    (Payment::NoCharge, 53),
    (Payment::Dispute, 33),
];

/// Overnight and rush hour surcharges by their share of rides. They are not tied to the clock: it
/// has no time zone, and data of every hour shall look alike.
const SURCHARGES: [(i64, u32); 3] = [(0, 54), (50, 31), (100, 15)];

/// Tips in per cent of the rest, with their share of card rides; `None` is anything else.
const TIPS: [(Option<i64>, u32); 5] = [
    (Some(20), 53),
    (Some(25), 10),
    (Some(15), 5),
    (Some(0), 5),
    (None, 27),
];

/// Of the rides nobody paid for, those that show as refunds: 0.15 of 100 rides.
const REFUND_SHARE: f64 = 0.18;

const JFK_FARE: i64 = 5200;
const NEWARK_SURCHARGE: i64 = 1750;
const CONGESTION_FEE: i64 = 250;
const MTA_TAX: i64 = 50;
const IMPROVEMENT: i64 = 30;
/// One of the tunnels or bridges.
const TOLL: i64 = 576;

impl Vendor {
    /// The text in `VendorID`.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::CreativeMobile => "1",
            Self::VeriFone => "2",
            Self::Other => "4",
        }
    }
}

impl Payment {
    pub(super) fn draw(draws: &mut Draws) -> Self {
        choose(draws, &PAYMENTS)
    }

    /// The text in `payment_type`.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Card => "1",
            Self::Cash => "2",
            Self::NoCharge => "3",
            Self::Dispute => "4",
        }
    }
}

impl Price {
    pub(super) fn draw(draws: &mut Draws, ride: &Trip, vendor: Vendor, payment: Payment) -> Self {
        let fare = fare(draws, ride);
        let surcharge = match ride.rate {
            Rate::Standard => choose(draws, &SURCHARGES),
            _ => 0,
        };
        let owes = owes_congestion_fee(ride.pickup) || owes_congestion_fee(ride.dropoff);
        let congestion = if owes { CONGESTION_FEE } else { 0 };
        let tolls = tolls(draws, ride);
        let rest = fare + surcharge + MTA_TAX + tolls + IMPROVEMENT + congestion;
        let tip = if payment == Payment::Card {
            tip(draws, rest)
        } else {
            0
        };
        let price = Self {
            fare,
            extra: surcharge
                + if vendor == Vendor::CreativeMobile {
                    congestion
                } else {
                    0
                },
            mta_tax: MTA_TAX,
            tip,
            tolls,
            improvement: IMPROVEMENT,
            congestion,
            total: rest + tip,
        };
        let unpaid = matches!(payment, Payment::NoCharge | Payment::Dispute);
        if unpaid && ride.rate == Rate::Standard && draws.chance(REFUND_SHARE) {
            return price.refund();
        }
        price
    }

    /// The same price given back.
    fn refund(self) -> Self {
        Self {
            fare: -self.fare,
            extra: -self.extra,
            mta_tax: -self.mta_tax,
            tip: -self.tip,
            tolls: -self.tolls,
            improvement: -self.improvement,
            congestion: -self.congestion,
            total: -self.total,
        }
    }
}

fn fare(draws: &mut Draws, trip: &Trip) -> i64 {
    match trip.rate {
        Rate::Standard => meter(trip),
        Rate::Jfk => JFK_FARE,
        Rate::Newark => meter(trip) + NEWARK_SURCHARGE,
        Rate::OutOfTown => meter(trip) * 3 / 2,
        Rate::Negotiated => 100 * draws.integer(10, 121),
    }
}

/// Distance and time in steps of half a dollar, from the flag drop on.
fn meter(trip: &Trip) -> i64 {
    let cents = 208 + trip.hundredth_miles * 184 / 100 + trip.seconds * 365 / 600;
    ((cents + 25) / 50 * 50).max(250)
}

fn tolls(draws: &mut Draws, trip: &Trip) -> i64 {
    let share = match (trip.rate, trip.hundredth_miles) {
        (Rate::Newark, _) => return choose(draws, &[(1050, 6), (1250, 3), (1650, 1)]),
        (Rate::Jfk, _) => 0.6,
        (_, ..500) => 0.001,
        (_, 500..800) => 0.16,
        (_, 800..) => 0.52,
    };
    match draws.unit() {
        point if point < share * 0.04 => 2 * TOLL,
        point if point < share => TOLL,
        _ => 0,
    }
}

/// Most passengers take a button of the screen, which counts from all that is due.
fn tip(draws: &mut Draws, rest: i64) -> i64 {
    match choose(draws, &TIPS) {
        Some(percent) => (rest * percent + 50) / 100,
        None => rest * draws.integer(40, 271) / 1000,
    }
}
