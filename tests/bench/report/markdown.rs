//! The page for people: conditions, targets, then every figure. Pure.

use std::fmt::Write;

use super::Results;
use crate::measurement::Measurements;
use crate::statistics::Spread;
use crate::targets::{Target, Verdict};

/// A line that is longer is broken between words.
const WIDTH: usize = 118;

const DISTURBED: &str = "**Disturbed: so much else ran on this machine that the figures say little, and a target judged \
by them as little.**\nRun it again on a quiet machine before citing any of them.\n\n";

/// The whole page.
pub(super) fn page(results: &Results, runs: &Measurements, plots: &[String]) -> String {
    let mut page = String::new();
    let _ = writeln!(
        page,
        "# Bench of {} ({})\n",
        results.date, results.profile.name
    );
    conditions(&mut page, results);
    if results.disturbed {
        page.push_str(DISTURBED);
    }
    targets(&mut page, &results.targets);
    for plot in plots {
        let _ = writeln!(page, "![{plot}]({plot})\n");
    }
    figures(&mut page, runs);
    failures(&mut page, runs);
    clients(&mut page, results);
    page
}

fn conditions(page: &mut String, results: &Results) {
    let (machine, versions) = (&results.machine, &results.versions);
    let machine = format!(
        "{} cores ({}), {} GiB, {}, {}; load of the minute before: {}",
        machine.cores,
        machine.processor,
        machine.memory_gib,
        machine.kernel,
        machine.file_system,
        machine.load_before
    );
    let versions = format!(
        "{} (commit {}), Apache Kafka {} on {}, client librdkafka {}",
        versions.eddyline, versions.commit, versions.kafka, versions.java, versions.librdkafka
    );
    for condition in [machine, versions].iter().chain(&results.conditions) {
        let _ = writeln!(page, "{}", wrapped(&format!("- {condition}")));
    }
    page.push('\n');
}

/// Breaks a list item; its further lines are indented.
fn wrapped(text: &str) -> String {
    let (mut lines, mut width) = (String::new(), 0);
    for word in text.split(' ') {
        let len = word.chars().count();
        if width == 0 {
            width = len;
        } else if width + len < WIDTH {
            lines.push(' ');
            width += len + 1;
        } else {
            lines.push_str("\n  ");
            width = len + 2;
        }
        lines.push_str(word);
    }
    lines
}

fn targets(page: &mut String, targets: &[Target]) {
    let count = |verdict| {
        targets
            .iter()
            .filter(|target| target.verdict == verdict)
            .count()
    };
    let _ = writeln!(
        page,
        "## Targets: {} reached, {} missed, {} beyond the client, {} not measured\n",
        count(Verdict::Reached),
        count(Verdict::Missed),
        count(Verdict::CeilingTooLow),
        count(Verdict::NotMeasured)
    );
    page.push_str(
        "| figure | must be | limit | eddyline | of the limit | |\n|---|---|---|---|---|---|\n",
    );
    for target in targets {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} |",
            target.figure,
            target.must,
            optional(target.limit),
            optional(target.ours),
            optional(target.of_limit),
            word(target.verdict)
        );
    }
    page.push('\n');
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Reached => "reached",
        Verdict::Missed => "**missed**",
        Verdict::NotMeasured => "not measured",
        Verdict::CeilingTooLow => "beyond the client's ceiling",
    }
}

/// One table per row: a line per figure, a column per system.
fn figures(page: &mut String, runs: &Measurements) {
    page.push_str("## Figures\n\nMedian (smallest to largest) of all runs.\n\n");
    let systems = runs.systems();
    for row in runs.rows() {
        let _ = writeln!(page, "| {row} | {} |", systems.join(" | "));
        let _ = writeln!(page, "|---|{}", "---|".repeat(systems.len()));
        let mut names: Vec<&str> = Vec::new();
        for run in runs.0.iter().filter(|run| run.row == row) {
            names.extend(run.values.keys());
        }
        names.sort_unstable();
        names.dedup();
        for name in names {
            let cell = |system: &&str| match runs.spread(row, system, name) {
                Some(spread) => of_spread(&spread),
                None => "–".to_owned(),
            };
            let cells: Vec<String> = systems.iter().map(cell).collect();
            let _ = writeln!(
                page,
                "| {} | {} |",
                name.replace('_', " "),
                cells.join(" | ")
            );
        }
        page.push('\n');
    }
}

fn failures(page: &mut String, runs: &Measurements) {
    let failed: Vec<String> = runs
        .0
        .iter()
        .filter_map(|run| {
            let failure = run.failure.as_ref()?;
            let line = format!(
                "- {} on {}, round {}: {failure}",
                run.row, run.system, run.round
            );
            Some(wrapped(&line))
        })
        .collect();
    if !failed.is_empty() {
        let _ = writeln!(page, "## Runs that failed\n\n{}\n", failed.join("\n"));
    }
}

fn clients(page: &mut String, results: &Results) {
    page.push_str("## Client settings\n\n");
    for (name, options) in &results.client {
        let options: Vec<String> = options
            .iter()
            .map(|(name, value)| format!("`{name}={value}`"))
            .collect();
        let _ = writeln!(
            page,
            "{}",
            wrapped(&format!("- {name}: {}", options.join(" ")))
        );
    }
}

fn of_spread(spread: &Spread) -> String {
    if spread.runs == 1 {
        return number(spread.median);
    }
    let [median, min, max] = [spread.median, spread.min, spread.max].map(number);
    format!("{median} ({min} to {max})")
}

fn optional(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), number)
}

/// Three digits that matter, thousands parted.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 1e6 {
        format!("{:.2} M", value / 1e6)
    } else if size >= 999.5 {
        let text = format!("{value:.0}");
        let (thousands, rest) = text.split_at(text.len() - 3);
        format!("{thousands},{rest}")
    } else if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::sample;

    #[test]
    fn numbers_are_short() {
        let texts = [0.4567, 12.34, 340.2, 1_000.0, 60_000.0, 1_490_000.0].map(number);
        assert_eq!(texts, ["0.46", "12.3", "340", "1,000", "60,000", "1.49 M"]);
    }

    #[test]
    fn figures_stand_beside_each_other() {
        let runs = sample(&[
            ("cpu-1", "eddyline", "mb_per_s", 60.0),
            ("cpu-1", "kafka", "mb_per_s", 50.0),
            ("cpu-1", "kafka", "mb_per_s", 58.0),
        ]);
        let mut page = String::new();
        figures(&mut page, &runs);
        assert!(
            page.contains("| cpu-1 | eddyline | kafka |\n|---|---|---|\n"),
            "{page}"
        );
        assert!(
            page.contains("| mb per s | 60.0 | 54.0 (50.0 to 58.0) |"),
            "{page}"
        );
    }

    #[test]
    fn a_missed_target_says_by_how_much() {
        let target = Target {
            figure: "x (ms)".into(),
            must: "≤ 30".into(),
            ours: Some(45.0),
            limit: Some(30.0),
            verdict: Verdict::Missed,
            of_limit: Some(1.5),
        };
        let mut page = String::new();
        targets(&mut page, &[target]);
        assert!(page.contains("0 reached, 1 missed"), "{page}");
        assert!(
            page.contains("| x (ms) | ≤ 30 | 30.0 | 45.0 | 1.50 | **missed** |"),
            "{page}"
        );
    }

    #[test]
    fn long_items_are_broken_between_words() {
        let text = format!("- {}", "word ".repeat(60).trim_end());
        let lines = wrapped(&text);
        assert!(lines.lines().all(|line| line.chars().count() <= WIDTH + 2));
        assert!(lines.lines().skip(1).all(|line| line.starts_with("  word")));
        assert_eq!(lines.split_whitespace().count(), 61);
    }
}
