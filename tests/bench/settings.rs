//! What the command line says, and what it means: sizes and times of a run. It must not know how a row is measured.

use std::path::PathBuf;

use clap::Parser;
use serde::Serialize;

/// Measures the bundled broker and Apache Kafka side by side, on this machine, in one run.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub(crate) struct Args {
    /// A short run of ten minutes instead of the full one of some hours; its figures are rougher.
    #[arg(long)]
    quick: bool,
    /// Only these rows: names, or what names begin with, such as latency,produce-1k-1.
    #[arg(long, value_name = "ROW", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Only these systems: eddyline, kafka, kafka-sync. Targets need the first two.
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub(crate) systems: Vec<String>,
    /// How often the order of systems is gone through.
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,
    /// How long Kafka is warmed, in seconds.
    #[arg(long, value_name = "S")]
    warm_s: Option<u64>,
    /// How long each produce row runs, in seconds.
    #[arg(long, value_name = "S")]
    throughput_s: Option<u64>,
    /// How long each latency row runs, in seconds.
    #[arg(long, value_name = "S")]
    latency_s: Option<u64>,
    /// How much is read by the read rows, in megabytes.
    #[arg(long, value_name = "MB")]
    read_mb: Option<u64>,
    /// How much the data grows to by growth-data, in megabytes; it begins with a tenth.
    #[arg(long, value_name = "MB")]
    data_mb: Option<u64>,
    /// At most so many gibibytes are written and deleted before the runs, so that no run touches memory first; 0 for none.
    #[arg(long, value_name = "GIB")]
    touch_gib: Option<u64>,
    /// Folder for the systems' data, on the file system to measure; unset, one in the cache folder.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Folder for the results; unset, tests/bench/results.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) results_dir: Option<PathBuf>,
}

/// Sizes and times of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Profile {
    /// `quick` or `full`.
    pub(crate) name: &'static str,
    /// How often the order of systems is gone through.
    pub(crate) rounds: u32,
    /// Whether growth is measured in every round and both orders, or once.
    pub(crate) growth_in_every_round: bool,
    /// How long Kafka is warmed.
    pub(crate) warm_s: u64,
    /// How long the bundled broker is warmed: nothing in it is compiled while it runs.
    pub(crate) warm_eddyline_s: u64,
    /// How long each produce row runs.
    pub(crate) throughput_s: u64,
    /// A produce row ends earlier when it has sent so much.
    pub(crate) throughput_max_mb: u64,
    /// How long the client's ceiling is taken beside each produce row.
    pub(crate) ceiling_s: u64,
    /// How long each latency row runs.
    pub(crate) latency_s: u64,
    /// How long the machine's floor is taken beside each latency row.
    pub(crate) floor_s: u64,
    /// How much the read rows read.
    pub(crate) read_mb: u64,
    /// Where growth-data begins.
    pub(crate) data_small_mb: u64,
    /// Where growth-data ends.
    pub(crate) data_large_mb: u64,
    /// How long each latency of the growth rows is taken.
    pub(crate) growth_s: u64,
    /// Bound of what is written and deleted before the runs.
    pub(crate) touch_gib: u64,
}

const QUICK: Profile = Profile {
    name: "quick",
    rounds: 1,
    growth_in_every_round: false,
    warm_s: 10,
    warm_eddyline_s: 2,
    throughput_s: 3,
    throughput_max_mb: 2_000,
    ceiling_s: 1,
    latency_s: 4,
    floor_s: 1,
    read_mb: 300,
    data_small_mb: 100,
    data_large_mb: 1_000,
    growth_s: 4,
    touch_gib: 8,
};

const FULL: Profile = Profile {
    name: "full",
    rounds: 3,
    growth_in_every_round: true,
    warm_s: 60,
    warm_eddyline_s: 5,
    throughput_s: 20,
    throughput_max_mb: 8_000,
    ceiling_s: 10,
    latency_s: 60,
    floor_s: 15,
    read_mb: 2_000,
    data_small_mb: 1_000,
    data_large_mb: 10_000,
    growth_s: 20,
    touch_gib: 8,
};

impl Args {
    /// The profile with what the flags change.
    pub(crate) fn profile(&self) -> Profile {
        let base = if self.quick { QUICK } else { FULL };
        let data_large_mb = self.data_mb.unwrap_or(base.data_large_mb).max(10);
        let small = |mb: u64| mb / 10;
        Profile {
            rounds: self.rounds.unwrap_or(base.rounds).clamp(1, 100),
            warm_s: self.warm_s.unwrap_or(base.warm_s),
            throughput_s: self.throughput_s.unwrap_or(base.throughput_s).max(1),
            latency_s: self.latency_s.unwrap_or(base.latency_s).max(1),
            read_mb: self.read_mb.unwrap_or(base.read_mb).max(1),
            data_small_mb: small(data_large_mb),
            data_large_mb,
            touch_gib: self.touch_gib.unwrap_or(base.touch_gib),
            ..base
        }
    }
}

impl Profile {
    /// Megabytes of disk a run may need at once: a few rows' topics, since Kafka deletes files a minute later.
    pub(crate) fn disk_mb(&self) -> u64 {
        let rows = 4 * self.throughput_max_mb + 2 * self.read_mb;
        rows.max(2 * self.data_large_mb).max(self.touch_gib * 1_074) + 2_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Args {
        Args::try_parse_from(["bench"].iter().chain(words)).unwrap()
    }

    #[test]
    fn flags_change_the_profile_they_stand_beside() {
        assert_eq!(read(&[]).profile(), FULL);
        assert_eq!(read(&["--quick"]).profile(), QUICK);
        let changed = read(&["--quick", "--rounds", "2", "--data-mb", "5000"]).profile();
        assert_eq!((changed.rounds, changed.data_small_mb), (2, 500));
        assert_eq!(changed.latency_s, QUICK.latency_s);
        assert_eq!(read(&["--only", "a,b"]).only, ["a", "b"]);
    }
}
