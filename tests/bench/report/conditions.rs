//! What the figures rest on, a sentence each. Pure.

use super::markdown::number;
use crate::measurement::Measurements;
use crate::rows;
use crate::settings::Profile;
use crate::system;

/// The sentences that hold before a run begins.
pub(crate) fn conditions(profile: &Profile, touched_bytes: u64) -> Vec<String> {
    vec![
        format!(
            "order in each of {} rounds: eddyline, kafka, kafka-sync, kafka, eddyline; a fresh data folder for each, all \
             on one file system, synced before each row; client and system share the machine's cores",
            profile.rounds
        ),
        format!(
            "growth rows: {}",
            if profile.growth_in_every_round {
                "eddyline, kafka, kafka, eddyline in each round"
            } else {
                "eddyline, kafka, once"
            }
        ),
        format!(
            "Kafka warmed for {} s, eddyline for {} s, with batches and single records, written and read",
            profile.warm_s, profile.warm_eddyline_s
        ),
        format!(
            "Kafka: KRaft, one node, {}; it logs nothing; kafka-sync adds log.flush.interval.messages=1",
            system::kafka_options()
        ),
        "eddyline: its defaults; each answer after the fdatasync of its record".to_owned(),
        format!(
            "{} MB written and deleted before the runs (as memory was free, at most {} GiB)",
            touched_bytes / 1_000_000,
            profile.touch_gib
        ),
        format!(
            "produce rows: {} s or {} MB; the ceiling beside each for {} s: the same client against a listener that \
             parses, answers and stores nothing; cpu rows at {} MB/s",
            profile.throughput_s,
            profile.throughput_max_mb,
            profile.ceiling_s,
            rows::STEADY_MB_PER_S
        ),
        format!(
            "latency rows: 1 KiB records for {} s, timed from when each was due; the floor before each for {} s: 64 B \
             there and back over loopback, then 4 KiB and fdatasync into a preallocated file, records due together \
             sharing both; growth rows at {}/s for {} s",
            profile.latency_s,
            profile.floor_s,
            rows::RATE_OF_GROWTH,
            profile.growth_s
        ),
        format!(
            "read rows: {} MB per consumer, each consumer reading all; growth-data from {} to {} MB",
            profile.read_mb, profile.data_small_mb, profile.data_large_mb
        ),
        "memory is VmRSS; charged is memory.current of the cgroup, where version 2 counts memory"
            .to_owned(),
    ]
}

/// A part of the machine that may be busy elsewhere in the median row: what writes behind is among it.
const MAX_ELSEWHERE: f64 = 0.25;

/// How disturbed the run was, for a reader to weigh the figures by.
pub(crate) fn disturbance(runs: &Measurements) -> Option<String> {
    let cores = runs.spread_of_all(rows::ELSEWHERE)?;
    Some(format!(
        "beside client and system {} cores were busy in the median row, {} in the worst (kernel threads that write \
         behind are among them)",
        number(cores.median),
        number(cores.max)
    ))
}

/// Whether so much else ran that the figures say little.
pub(super) fn is_disturbed(runs: &Measurements, cores: usize) -> bool {
    let cores = f64::from(u32::try_from(cores).unwrap_or(u32::MAX));
    let elsewhere = runs.spread_of_all(rows::ELSEWHERE);
    elsewhere.is_some_and(|elsewhere| elsewhere.median > MAX_ELSEWHERE * cores)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::sample;

    #[test]
    fn a_machine_with_much_other_work_is_disturbed() {
        let runs = |cores| sample(&[("cpu-1", "kafka", rows::ELSEWHERE, cores)]);
        assert!(is_disturbed(&runs(1.4), 2));
        assert!(!is_disturbed(&runs(0.3), 2));
        assert!(!is_disturbed(&Measurements::default(), 2));
    }
}
