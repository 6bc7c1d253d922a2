//! The taxi zones of New York City that rides start and end in, by their public numbers, with
//! weights of our own after the published shares.

use super::distribution::Weighted;

/// Newark airport.
pub(super) const NEWARK: u16 = 1;
/// John F. Kennedy airport, in Queens.
pub(super) const JFK: u16 = 132;
/// La Guardia airport, in Queens.
pub(super) const LA_GUARDIA: u16 = 138;
/// The zone that stands for everything outside of the city.
pub(super) const OUTSIDE: u16 = 265;

/// The last zone inside of the city.
const LAST_ZONE: u16 = 263;

/// The zones of Manhattan, ascending.
#[rustfmt::skip]
const MANHATTAN: [u16; 69] = [
    4, 12, 13, 24, 41, 42, 43, 45, 48, 50, 68, 74, 75, 79, 87, 88, 90, 100, 103, 104, 105, 107,
    113, 114, 116, 120, 125, 127, 128, 137, 140, 141, 142, 143, 144, 148, 151, 152, 153, 158, 161,
    162, 163, 164, 166, 170, 186, 194, 202, 209, 211, 224, 229, 230, 231, 232, 233, 234, 236, 237,
    238, 239, 243, 244, 246, 249, 261, 262, 263,
];

/// The zones of Manhattan where no congestion fee is due, ascending.
#[rustfmt::skip]
const WITHOUT_FEE: [u16; 17] = [
    24, 41, 42, 74, 75, 116, 120, 127, 128, 151, 152, 153, 166, 194, 202, 243, 244,
];

/// Zones that stand out: how many of 10,000 rides start there, how many end there.
#[rustfmt::skip]
const POPULAR: [(u16, u32, u32); 91] = [
    // Manhattan, the busiest first.
    (161, 425, 400), (186, 395, 285), (48, 395, 295), (237, 385, 325), (162, 365, 340),
    (230, 345, 305), (236, 345, 460), (234, 335, 265), (142, 325, 295), (170, 305, 425),
    (79, 285, 265), (163, 240, 250), (239, 235, 260), (141, 235, 260), (68, 230, 255),
    (107, 230, 240), (100, 225, 190), (263, 220, 245), (164, 200, 190), (249, 190, 160),
    (229, 180, 200), (140, 175, 200), (114, 170, 150), (113, 165, 160), (90, 160, 160),
    (143, 155, 165), (238, 150, 180), (246, 145, 160), (262, 140, 170), (50, 135, 150),
    (43, 130, 130), (231, 130, 170), (144, 125, 120), (137, 120, 150), (233, 115, 150),
    (148, 110, 110), (158, 105, 100), (151, 100, 110), (13, 90, 110), (261, 80, 90),
    (87, 70, 80), (211, 70, 80), (75, 70, 110), (125, 60, 60), (166, 50, 60),
    (41, 50, 75), (74, 50, 80), (24, 50, 60), (232, 35, 55), (45, 30, 35),
    (88, 30, 35), (224, 30, 45), (4, 25, 45), (209, 15, 20), (42, 15, 50),
    (116, 10, 40), (244, 8, 30), (152, 5, 15), (12, 5, 8), (243, 3, 15),
    // Airports: rides at the meter only; those at the flat rate come on top.
    (LA_GUARDIA, 275, 0), (JFK, 140, 0),
    // The other boroughs.
    (7, 25, 60), (25, 15, 30), (33, 15, 35), (40, 6, 20), (49, 10, 25),
    (52, 8, 20), (61, 10, 35), (65, 15, 25), (66, 10, 25), (80, 6, 35),
    (82, 8, 15), (95, 8, 25), (97, 12, 30), (112, 12, 40), (129, 8, 20),
    (145, 15, 25), (146, 10, 20), (181, 15, 40), (193, 10, 15), (223, 8, 25),
    (225, 6, 20), (226, 12, 30), (228, 2, 15), (255, 12, 35), (256, 10, 30),
    (257, 2, 10), (260, 6, 15), (17, 4, 25), (37, 4, 20),
];

/// Where rides start and end.
#[derive(Debug)]
pub(super) struct Zones {
    /// Where rides at the meter start.
    pub(super) pickup: Weighted<u16>,
    /// Where rides start that may start in Manhattan only.
    pub(super) pickup_in_manhattan: Weighted<u16>,
    /// Where rides end that end in Manhattan.
    pub(super) dropoff_in_manhattan: Weighted<u16>,
    /// Where rides end in another borough, airports left out.
    pub(super) dropoff_in_boroughs: Weighted<u16>,
}

impl Zones {
    pub(super) fn new() -> Self {
        let city = || (2..=LAST_ZONE).map(|zone| (zone, weights(zone)));
        let airport = |zone| zone == JFK || zone == LA_GUARDIA;
        let starts = |(zone, (pickup, _))| (zone, pickup);
        let ends = |(zone, (_, dropoff))| (zone, dropoff);
        Self {
            pickup: Weighted::new(city().map(starts)),
            pickup_in_manhattan: Weighted::new(
                city().filter(|(zone, _)| in_manhattan(*zone)).map(starts),
            ),
            dropoff_in_manhattan: Weighted::new(
                city().filter(|(zone, _)| in_manhattan(*zone)).map(ends),
            ),
            dropoff_in_boroughs: Weighted::new(
                city()
                    .filter(|(zone, _)| !in_manhattan(*zone) && !airport(*zone))
                    .map(ends),
            ),
        }
    }
}

/// Rides that start and that end in a zone; every zone has some.
fn weights(zone: u16) -> (u32, u32) {
    let popular = POPULAR.iter().find(|(popular, ..)| *popular == zone);
    popular.map_or((1, 2), |(_, pickup, dropoff)| (*pickup, *dropoff))
}

/// Whether a zone lies in Manhattan.
pub(super) fn in_manhattan(zone: u16) -> bool {
    MANHATTAN.binary_search(&zone).is_ok()
}

/// Whether a ride that starts or ends in a zone owes the congestion fee.
pub(super) fn owes_congestion_fee(zone: u16) -> bool {
    in_manhattan(zone) && WITHOUT_FEE.binary_search(&zone).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_name_each_zone_once() {
        assert!(MANHATTAN.is_sorted_by(|a, b| a < b));
        assert!(WITHOUT_FEE.is_sorted_by(|a, b| a < b));
        assert!(WITHOUT_FEE.iter().all(|zone| in_manhattan(*zone)));
        let mut popular = POPULAR.map(|(zone, ..)| zone);
        popular.sort_unstable();
        assert!(popular.is_sorted_by(|a, b| a < b && *b <= LAST_ZONE));
    }

    #[test]
    fn the_fee_is_due_below_the_north_of_manhattan() {
        for (zone, owes) in [
            (161, true),
            (43, true),
            (74, false),
            (JFK, false),
            (OUTSIDE, false),
        ] {
            assert_eq!(owes_congestion_fee(zone), owes, "zone {zone}");
        }
    }
}
