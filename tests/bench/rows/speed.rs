//! How much a system takes, and what that costs it.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, anyhow};

use super::{RECORD_BYTES, of, seconds, with_topic};
use crate::load::closed::{self, Flow, Limit, Shape};
use crate::load::reader;
use crate::measurement::{Outcome, Values};
use crate::null::Null;
use crate::settings::Profile;
use crate::statistics::figure;
use crate::system::Running;

/// The rate at which processor time is compared.
pub(crate) const STEADY_MB_PER_S: f64 = 60.0;

/// As many records as it takes, and the same against a listener that stores nothing.
pub(super) fn produce(
    running: &Running,
    profile: &Profile,
    record_bytes: usize,
    partitions: i32,
) -> Result<Outcome> {
    let shape = Shape {
        partitions,
        record_bytes,
    };
    let limit = |time_s| Limit {
        time: seconds(time_s),
        bytes: profile.throughput_max_mb * 1_000_000,
        rate: None,
    };
    let null = Null::start(partitions)?;
    let ceiling = closed::produce(&null.bootstrap, "t", shape, limit(profile.ceiling_s))?;
    drop(null);
    let mut values = Values::from([
        ("ceiling_mb_per_s", ceiling.mb_per_s()),
        ("ceiling_records_per_s", ceiling.records_per_s()),
    ]);
    let flow = with_topic(running, "produce", partitions, |topic| {
        let peak = running.watch_memory();
        let before_s = running.cpu_s()?;
        let flow = closed::produce(
            &running.bootstrap,
            topic,
            shape,
            limit(profile.throughput_s),
        )?;
        add_cost(&mut values, &flow, running.cpu_s()? - before_s);
        values.insert("resident_mb", peak.finish());
        Ok(flow)
    })?;
    add_speed(&mut values, &flow);
    values.insert("of_ceiling", flow.mb_per_s() / ceiling.mb_per_s());
    Ok(of(values))
}

/// Processor time at one rate for all.
pub(super) fn steady(running: &Running, profile: &Profile, partitions: i32) -> Result<Outcome> {
    let shape = Shape {
        partitions,
        record_bytes: RECORD_BYTES,
    };
    let limit = Limit {
        time: seconds(profile.throughput_s),
        bytes: u64::MAX,
        rate: Some(STEADY_MB_PER_S * 1e6 / figure(u64::try_from(RECORD_BYTES)?)),
    };
    let mut values = Values::new();
    let flow = with_topic(running, "steady", partitions, |topic| {
        let before_s = running.cpu_s()?;
        let flow = closed::produce(&running.bootstrap, topic, shape, limit)?;
        add_cost(&mut values, &flow, running.cpu_s()? - before_s);
        Ok(flow)
    })?;
    add_speed(&mut values, &flow);
    Ok(of(values))
}

/// One producer and one consumer at full speed.
pub(super) fn memory(running: &Running, profile: &Profile) -> Result<Outcome> {
    let shape = Shape {
        partitions: 1,
        record_bytes: RECORD_BYTES,
    };
    let limit = Limit {
        time: seconds(profile.throughput_s),
        bytes: profile.throughput_max_mb * 1_000_000,
        rate: None,
    };
    let bootstrap = running.bootstrap.as_str();
    let over = AtomicBool::new(false);
    let peak = running.watch_memory();
    let (written, read) = with_topic(running, "memory", 1, |topic| {
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| reader::read_until(bootstrap, topic, &over));
            let written = closed::produce(bootstrap, topic, shape, limit);
            over.store(true, Ordering::Relaxed);
            let read = reader.join().map_err(|_| anyhow!("the reader fell"))??;
            Ok((written?, read))
        })
    })?;
    let mut values = Values::from([
        ("resident_mb", peak.finish()),
        ("written_mb_per_s", written.mb_per_s()),
        ("read_mb_per_s", read.mb_per_s()),
    ]);
    if let Some(charged) = running.charged_mb() {
        values.insert("charged_mb", charged);
    }
    Ok(of(values))
}

pub(super) fn add_speed(values: &mut Values, flow: &Flow) {
    values.insert("mb_per_s", flow.mb_per_s());
    values.insert("records_per_s", flow.records_per_s());
}

pub(super) fn add_cost(values: &mut Values, flow: &Flow, cpu_s: f64) {
    values.insert("cpu_s_per_gb", cpu_s / flow.gb());
    values.insert("cpu_s_per_million", cpu_s * 1e6 / figure(flow.records));
}
