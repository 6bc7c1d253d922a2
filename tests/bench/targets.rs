//! What the figures must reach, each in the same run: pure. A target that is missed stays missed; none is loosened
//! here. It must not know how a figure was taken.

use serde::Serialize;

use crate::measurement::Measurements;
use crate::plan::{self, System, Work};

const OURS: &str = "eddyline";
const KAFKA: &str = "kafka";
/// A part of the client's ceiling that counts as reached.
const OF_CEILING: f64 = 0.85;
const KIB_IN_MB: f64 = 1024.0 / 1e6;
const MANY: f64 = 1_000.0;

/// Whether a target is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// It is.
    Reached,
    /// It is not.
    Missed,
    /// A figure it needs was not taken.
    NotMeasured,
    /// The client itself cannot reach it.
    CeilingTooLow,
}

/// Which side of the limit is the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    AtMost,
    AtLeast,
}

/// One target and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Target {
    /// The figure.
    pub(crate) figure: String,
    /// What it must be, in words.
    pub(crate) must: String,
    /// Ours.
    pub(crate) ours: Option<f64>,
    /// The limit that follows from the other figures.
    pub(crate) limit: Option<f64>,
    /// What became of it.
    pub(crate) verdict: Verdict,
    /// Ours divided by the limit.
    pub(crate) of_limit: Option<f64>,
}

impl Target {
    fn new(
        figure: impl Into<String>,
        must: impl Into<String>,
        side: Side,
        (ours, limit): (Option<f64>, Option<f64>),
    ) -> Self {
        let verdict = match (ours, limit, side) {
            (Some(ours), Some(limit), Side::AtMost) if ours <= limit => Verdict::Reached,
            (Some(ours), Some(limit), Side::AtLeast) if ours >= limit => Verdict::Reached,
            (Some(_), Some(_), _) => Verdict::Missed,
            _ => Verdict::NotMeasured,
        };
        let of_limit = ours.zip(limit).map(|(ours, limit)| ours / limit);
        Self {
            figure: figure.into(),
            must: must.into(),
            ours,
            limit,
            verdict,
            of_limit,
        }
    }
}

/// Every target of the table, judged.
pub(crate) fn judge(runs: &Measurements) -> Vec<Target> {
    let mut targets = start(runs);
    targets.extend(memory(runs));
    targets.extend(produce(runs));
    targets.extend(latency(runs));
    targets.extend(cost(runs));
    targets.extend(read(runs));
    targets.extend(growth(runs));
    targets
}

fn start(runs: &Measurements) -> Vec<Target> {
    let data = |value| runs.median("growth-data", OURS, value);
    let (small, large) = (
        data("first_answer_of_small_ms"),
        data("first_answer_of_large_ms"),
    );
    let empty = runs.median("start", OURS, "first_answer_ms");
    vec![
        Target::new(
            "exec to first answer, empty folder (ms)",
            "≤ 30",
            Side::AtMost,
            (empty, Some(30.0)),
        ),
        Target::new(
            "exec to first answer, 1,000 partitions with data (ms)",
            "≤ 150",
            Side::AtMost,
            (large, Some(150.0)),
        ),
        Target::new(
            "the same with ten times the data (ms)",
            "flat: ≤ 1.1 × the start on little data + 5",
            Side::AtMost,
            (large, small.map(|small| 1.1 * small + 5.0)),
        ),
        Target::new(
            "the same with 1,000 partitions (ms)",
            "≤ empty + 0.1 for each partition",
            Side::AtMost,
            (small, empty.map(|empty| empty + 0.1 * MANY)),
        ),
    ]
}

fn memory(runs: &Measurements) -> Vec<Target> {
    let ours = |row, value| runs.median(row, OURS, value);
    vec![
        Target::new(
            "resident at rest (MB)",
            "≤ 15",
            Side::AtMost,
            (ours("start", "resident_mb"), Some(15.0)),
        ),
        Target::new(
            "resident, one producer and one consumer at full speed (MB)",
            "≤ 60",
            Side::AtMost,
            (ours("memory", "resident_mb"), Some(60.0)),
        ),
    ]
}

fn produce(runs: &Measurements) -> Vec<Target> {
    let mut targets = Vec::new();
    for row in plan::rows() {
        let Work::Produce { partitions, .. } = row.work else {
            continue;
        };
        let median = |system: System, value| runs.median(row.name, system.name(), value);
        let ours = median(System::Eddyline, "mb_per_s");
        let ceiling = median(System::Eddyline, "ceiling_mb_per_s");
        let of_ceiling = ceiling.map(|ceiling| OF_CEILING * ceiling);
        let name = format!("{} (MB/s)", row.name);
        targets.push(Target::new(
            &name,
            "≥ 85 % of the client's ceiling",
            Side::AtLeast,
            (ours, of_ceiling),
        ));
        let kafka = median(System::Kafka, "mb_per_s").map(|kafka| 1.2 * kafka);
        let mut target = Target::new(&name, "≥ 1.2 × Kafka", Side::AtLeast, (ours, kafka));
        if target.verdict == Verdict::Missed && kafka > ceiling {
            target.verdict = Verdict::CeilingTooLow;
        }
        targets.push(target);
        let Some(kafka) = median(System::KafkaSync, "mb_per_s") else {
            continue;
        };
        let (times, must) = match partitions {
            1 => (
                1.5,
                "≥ 1.5 × Kafka syncing each batch, or ≥ 85 % of the ceiling",
            ),
            _ => (
                2.0,
                "≥ 2 × Kafka syncing each batch, or ≥ 85 % of the ceiling",
            ),
        };
        let limit = of_ceiling.map_or(times * kafka, |part| part.min(times * kafka));
        targets.push(Target::new(&name, must, Side::AtLeast, (ours, Some(limit))));
    }
    targets
}

fn latency(runs: &Measurements) -> Vec<Target> {
    let mut targets = Vec::new();
    for partitions in [1, 16] {
        let row = format!("latency-1000-{partitions}");
        let ours = |value| runs.median(&row, OURS, value);
        let kafka = runs.median(&row, KAFKA, "p99_ms");
        targets.push(Target::new(
            format!("{row} p99 (ms)"),
            "≤ half of Kafka's",
            Side::AtMost,
            (ours("p99_ms"), kafka.map(|kafka| kafka / 2.0)),
        ));
        targets.push(Target::new(
            format!("{row} p99.9 (ms)"),
            "≤ 3 × the floor's + 2",
            Side::AtMost,
            (
                ours("p999_ms"),
                ours("floor_p999_ms").map(|floor| 3.0 * floor + 2.0),
            ),
        ));
    }
    for partitions in [1, 16] {
        let row = format!("latency-20000-{partitions}");
        let ours = |value| runs.median(&row, OURS, value);
        targets.push(Target::new(
            format!("{row} sustained (1 is yes)"),
            "no growing backlog",
            Side::AtLeast,
            (ours("sustained"), Some(1.0)),
        ));
        targets.push(Target::new(
            format!("{row} p99 (ms)"),
            "≤ 10 × the floor's",
            Side::AtMost,
            (
                ours("p99_ms"),
                ours("floor_p99_ms").map(|floor| 10.0 * floor),
            ),
        ));
    }
    targets
}

fn cost(runs: &Measurements) -> Vec<Target> {
    let target = |row: &str, what: &str, must: &str, part: f64| {
        let median = |system| runs.median(row, system, "cpu_s_per_gb");
        let limit = median(KAFKA).map(|kafka| part * kafka);
        let figure = format!("processor seconds per GB {what}");
        Target::new(figure, must, Side::AtMost, (median(OURS), limit))
    };
    vec![
        target("cpu-1", "produced, 1 partition", "≤ half of Kafka's", 0.5),
        target(
            "cpu-100",
            "produced, 100 partitions",
            "≤ a third of Kafka's",
            1.0 / 3.0,
        ),
        target("read-1-warm", "consumed", "≤ Kafka's", 1.0),
    ]
}

fn read(runs: &Measurements) -> Vec<Target> {
    let rows = ["read-1-warm", "read-3-warm", "read-1-cold", "read-3-cold"];
    let target = |row| {
        let median = |system| runs.median(row, system, "mb_per_s");
        Target::new(
            format!("{row} (MB/s)"),
            "≥ Kafka's",
            Side::AtLeast,
            (median(OURS), median(KAFKA)),
        )
    };
    rows.map(target).into()
}

fn growth(runs: &Measurements) -> Vec<Target> {
    let partitions = |value| runs.median("growth-partitions", OURS, value);
    let connections = |value| runs.median("growth-connections", OURS, value);
    let data = |value| runs.median("growth-data", OURS, value);
    let each = |base: Option<f64>, kib| base.map(|base| base + MANY * kib * KIB_IN_MB);
    let twice = |base: Option<f64>| base.map(|base| 2.0 * base);
    let at_most = |figure: &str, must: &str, pair| Target::new(figure, must, Side::AtMost, pair);
    vec![
        at_most(
            "1,000 partitions, produce p99 (ms)",
            "≤ 2 × one partition's + 2",
            (
                partitions("acknowledged_p99_of_1000_ms"),
                twice(partitions("acknowledged_p99_of_1_ms")).map(|base| base + 2.0),
            ),
        ),
        at_most(
            "1,000 partitions, resident (MB)",
            "≤ 60",
            (partitions("resident_of_1000_mb"), Some(60.0)),
        ),
        at_most(
            "partitions 1 → 1,000, end to end p99 (ms)",
            "≤ 2 × its start",
            (
                partitions("p99_of_1000_ms"),
                twice(partitions("p99_of_1_ms")),
            ),
        ),
        at_most(
            "partitions 1 → 1,000, resident (MB)",
            "≤ base + 40 KiB each",
            (
                partitions("resident_of_1000_mb"),
                each(partitions("resident_of_1_mb"), 40.0),
            ),
        ),
        at_most(
            "connections 1 → 1,000, produce p99 (ms)",
            "≤ 2 × its start",
            (
                connections("p99_of_1000_ms"),
                twice(connections("p99_of_1_ms")),
            ),
        ),
        at_most(
            "connections 1 → 1,000, resident (MB)",
            "≤ base + 32 KiB each",
            (
                connections("resident_of_1000_mb"),
                each(connections("resident_of_1_mb"), 32.0),
            ),
        ),
        at_most(
            "data × 10, produce p99 (ms)",
            "≤ 2 × its start",
            (data("p99_of_large_ms"), twice(data("p99_of_small_ms"))),
        ),
    ]
}

#[cfg(test)]
mod tests;
