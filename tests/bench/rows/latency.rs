//! How late a record arrives at a constant rate, and the machine's floor at that rate.

use anyhow::Result;

use super::{RECORD_BYTES, seconds, with_topic};
use crate::floor;
use crate::load::open::{self, Latency, Stream};
use crate::measurement::{Outcome, Values};
use crate::settings::Profile;
use crate::statistics::{curve, figure, percentile_ms, spread};
use crate::system::Running;

/// Records a second in the rows of growth. Each goes in a request of its own, since the client puts one partition into
/// a request, and one connection waits for its answers: more would measure the client.
pub(crate) const RATE_OF_GROWTH: u32 = 250;

/// End to end at `rate`.
pub(super) fn latency(
    running: &Running,
    profile: &Profile,
    rate: u32,
    partitions: i32,
) -> Result<Outcome> {
    let floor = floor::measure(&running.folder, rate, seconds(profile.floor_s))?;
    let seen = end_to_end(running, "latency", partitions, rate, profile.latency_s)?;
    let backlog = spread(&seen.backlog).map_or(0.0, |backlog| backlog.max);
    let values = Values::from([
        ("p50_ms", percentile_ms(&seen.read, 50.0)),
        ("p99_ms", percentile_ms(&seen.read, 99.0)),
        ("p999_ms", percentile_ms(&seen.read, 99.9)),
        ("max_ms", percentile_ms(&seen.read, 100.0)),
        (
            "acknowledged_p50_ms",
            percentile_ms(&seen.acknowledged, 50.0),
        ),
        (
            "acknowledged_p99_ms",
            percentile_ms(&seen.acknowledged, 99.0),
        ),
        ("floor_p50_ms", percentile_ms(&floor, 50.0)),
        ("floor_p99_ms", percentile_ms(&floor, 99.0)),
        ("floor_p999_ms", percentile_ms(&floor, 99.9)),
        ("missing_records", figure(seen.missing)),
        ("due_records", figure(seen.due)),
        ("backlog_max_records", backlog),
        ("sustained", f64::from(u8::from(seen.sustained(rate)))),
    ]);
    Ok(Outcome {
        values,
        curve: Some(curve(&seen.read)),
        floor: Some(curve(&floor)),
    })
}

/// An open loop on a topic of its own.
pub(super) fn end_to_end(
    running: &Running,
    row: &str,
    partitions: i32,
    rate: u32,
    time_s: u64,
) -> Result<Latency> {
    with_topic(running, row, partitions, |topic| {
        let stream = Stream {
            bootstrap: &running.bootstrap,
            topic,
            partitions,
            rate,
            record_bytes: RECORD_BYTES,
        };
        open::run(stream, seconds(time_s))
    })
}
