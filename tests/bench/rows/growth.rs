//! What changes when there are more partitions, connections and data.

use anyhow::{Context, Result, anyhow};

use super::latency::{RATE_OF_GROWTH, end_to_end};
use super::{Bench, RECORD_BYTES, of, seconds, with_topic};
use crate::client;
use crate::load::closed::{self, Limit, Shape};
use crate::load::connections;
use crate::load::open::Latency;
use crate::measurement::{Outcome, Values};
use crate::settings::Profile;
use crate::statistics::percentile_ms;
use crate::system::Running;

const MANY_CONNECTIONS: usize = 1_000;
const MANY_PARTITIONS: i32 = 1_000;
/// Data is spread over a tenth of the partitions, so that what has to be filled is filled in time.
const FILLED_PARTITIONS: i32 = 100;

/// One connection, then a thousand, at the same rate in total.
pub(super) fn connections(running: &Running, profile: &Profile) -> Result<Outcome> {
    let port = running
        .bootstrap
        .rsplit_once(':')
        .map(|(_, port)| port.parse());
    let port = port.context("find the port")??;
    let time = seconds(profile.growth_s);
    let values = with_topic(running, "connections", 1, |topic| {
        let mut one = connections::open(port, 1)?;
        let alone = connections::run(&mut one, topic, RATE_OF_GROWTH, time)?;
        let before_mb = running.resident_mb()?;
        let mut many = connections::open(port, MANY_CONNECTIONS)?;
        let among = connections::run(&mut many, topic, RATE_OF_GROWTH, time)?;
        Ok(Values::from([
            ("p50_of_1_ms", percentile_ms(&alone, 50.0)),
            ("p99_of_1_ms", percentile_ms(&alone, 99.0)),
            ("p50_of_1000_ms", percentile_ms(&among, 50.0)),
            ("p99_of_1000_ms", percentile_ms(&among, 99.0)),
            ("resident_of_1_mb", before_mb),
            ("resident_of_1000_mb", running.resident_mb()?),
        ]))
    })?;
    Ok(of(values))
}

/// One partition, then a thousand with a few records each.
pub(super) fn partitions(running: &Running, profile: &Profile) -> Result<Outcome> {
    let one = end_to_end(running, "one", 1, RATE_OF_GROWTH, profile.growth_s)?;
    let before_mb = running.resident_mb()?;
    let many = end_to_end(
        running,
        "many",
        MANY_PARTITIONS,
        RATE_OF_GROWTH,
        2 * profile.growth_s,
    )?;
    let acknowledged = |seen: &Latency| percentile_ms(&seen.acknowledged, 99.0);
    let read = |seen: &Latency| percentile_ms(&seen.read, 99.0);
    Ok(of(Values::from([
        ("acknowledged_p99_of_1_ms", acknowledged(&one)),
        ("acknowledged_p99_of_1000_ms", acknowledged(&many)),
        ("p99_of_1_ms", read(&one)),
        ("p99_of_1000_ms", read(&many)),
        ("resident_of_1_mb", before_mb),
        ("resident_of_1000_mb", running.resident_mb()?),
    ])))
}

/// A thousand partitions: a little data in them, then ten times as much; a restart on each.
pub(super) fn data(bench: &mut Bench<'_>) -> Result<Outcome> {
    let profile = bench.profile.clone();
    let running = bench.running()?;
    client::create_topic(&running.bootstrap, "data", MANY_PARTITIONS)?;
    let mut values = Values::new();
    let steps = [
        (
            profile.data_small_mb,
            [
                "p99_of_small_ms",
                "first_answer_of_small_ms",
                "resident_of_small_mb",
            ],
        ),
        (
            profile.data_large_mb - profile.data_small_mb,
            [
                "p99_of_large_ms",
                "first_answer_of_large_ms",
                "resident_of_large_mb",
            ],
        ),
    ];
    for (megabytes, [p99, first_answer, resident]) in steps {
        let running = bench.running()?;
        fill(running, megabytes)?;
        let seen = end_to_end(running, "beside", 1, RATE_OF_GROWTH, profile.growth_s)?;
        values.insert(p99, percentile_ms(&seen.acknowledged, 99.0));
        let restarted = bench
            .running
            .take()
            .ok_or_else(|| anyhow!("the system does not run any more"))?
            .restart()?;
        values.insert(first_answer, restarted.first_answer_ms);
        values.insert(resident, restarted.resident_mb()?);
        bench.running = Some(restarted);
    }
    Ok(of(values))
}

fn fill(running: &Running, megabytes: u64) -> Result<()> {
    let shape = Shape {
        partitions: FILLED_PARTITIONS,
        record_bytes: RECORD_BYTES,
    };
    let limit = Limit::megabytes(megabytes);
    closed::produce(&running.bootstrap, "data", shape, limit)?;
    running.settle()
}
