//! Plots as SVG: latency by percentile, and throughput beside the client's ceiling. Pure.

use std::fmt::Write;

use super::markdown::number;
use crate::measurement::{Curve, Measurements};
use crate::plan::{self, Work};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 60.0;
/// Colours that people with any colour vision can tell apart.
const COLOURS: &[&str] = &["#0072b2", "#d55e00", "#009e73", "#777777"];
/// Latency is drawn on a logarithmic scale between these.
const LEAST_MS: f64 = 0.05;
const MOST_MS: f64 = 10_000.0;

/// Every plot there are figures for: the end of its file's name, and the text.
pub(super) fn all(runs: &Measurements) -> Vec<(String, String)> {
    let mut plots = Vec::new();
    for row in plan::rows() {
        if !matches!(row.work, Work::Latency { .. }) {
            continue;
        }
        let lines = curves(runs, row.name);
        if !lines.is_empty() {
            plots.push((row.name.to_owned(), latency(row.name, &lines)));
        }
    }
    let bars = bars(runs);
    if !bars.is_empty() {
        plots.push(("produce".to_owned(), throughput(&bars)));
    }
    plots
}

/// One curve per system, of its last run, and the floor.
fn curves(runs: &Measurements, row: &str) -> Vec<(&'static str, Curve)> {
    let mut lines = Vec::new();
    for system in runs.systems() {
        let last = runs
            .of(row, system)
            .filter_map(|run| run.curve.clone())
            .last();
        lines.extend(last.map(|curve| (system, curve)));
    }
    let floor = runs.0.iter().filter(|run| run.row == row);
    let floor = floor.filter_map(|run| run.floor.clone()).next_back();
    lines.extend(floor.map(|curve| ("floor", curve)));
    lines
}

/// How far right a percentile stands: each nine as wide as the one before.
fn across(percentile: f64) -> f64 {
    let nines = -(1.0 - percentile.min(99.995) / 100.0).log10();
    LEFT + nines / 4.31 * (WIDTH - LEFT - RIGHT)
}

fn up(ms: f64) -> f64 {
    let part = (ms.clamp(LEAST_MS, MOST_MS) / LEAST_MS).log10() / (MOST_MS / LEAST_MS).log10();
    HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)
}

fn latency(row: &str, lines: &[(&'static str, Curve)]) -> String {
    let mut svg = begin(&format!("{row}: end to end, milliseconds by percentile"));
    for ms in [0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0] {
        rule(&mut svg, up(ms), &number(ms));
    }
    for percentile in [50.0, 90.0, 99.0, 99.9, 99.99] {
        text(
            &mut svg,
            across(percentile),
            HEIGHT - BOTTOM + 18.0,
            "middle",
            &percentile.to_string(),
        );
    }
    for (index, (name, curve)) in lines.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let points: Vec<String> = curve
            .iter()
            .map(|(percentile, ms)| format!("{:.1},{:.1}", across(*percentile), up(*ms)))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"\n{}\"/>",
            points.join("\n")
        );
        legend(&mut svg, index, colour, name);
    }
    svg + "</svg>\n"
}

/// Row, then megabytes a second of each system and of the ceiling.
type Bars = Vec<(&'static str, Vec<(&'static str, f64)>)>;

fn bars(runs: &Measurements) -> Bars {
    let mut bars = Bars::new();
    for row in plan::rows() {
        if !matches!(row.work, Work::Produce { .. }) {
            continue;
        }
        let mut group: Vec<_> = runs
            .systems()
            .into_iter()
            .filter_map(|system| Some((system, runs.median(row.name, system, "mb_per_s")?)))
            .collect();
        let ceiling = runs.median_of_all(row.name, "ceiling_mb_per_s");
        group.extend(ceiling.map(|ceiling| ("client's ceiling", ceiling)));
        if !group.is_empty() {
            bars.push((row.name, group));
        }
    }
    bars
}

fn throughput(bars: &Bars) -> String {
    let mut svg = begin("produce, acks=all: MB/s");
    let values = bars
        .iter()
        .flat_map(|(_, group)| group)
        .map(|(_, value)| *value);
    let most = values.fold(1.0, f64::max);
    let high = |value: f64| value / most * (HEIGHT - TOP - BOTTOM);
    for part in [0.25, 0.5, 0.75, 1.0] {
        rule(
            &mut svg,
            HEIGHT - BOTTOM - high(part * most),
            &number(part * most),
        );
    }
    let mut names: Vec<&str> = Vec::new();
    let mut x = LEFT + 10.0;
    let room = (WIDTH - LEFT - RIGHT) / (5.0 * f64::from(u32::try_from(bars.len()).unwrap_or(1)));
    for (row, group) in bars {
        text(
            &mut svg,
            x,
            HEIGHT - BOTTOM + 18.0,
            "start",
            row.trim_start_matches("produce-"),
        );
        for (name, value) in group {
            let index = names
                .iter()
                .position(|known| known == name)
                .unwrap_or_else(|| {
                    names.push(name);
                    names.len() - 1
                });
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
                HEIGHT - BOTTOM - high(*value),
                room * 0.9,
                high(*value),
                COLOURS[index % COLOURS.len()]
            );
            x += room;
        }
        x += room * f64::from(u32::try_from(5 - group.len().min(5)).unwrap_or(0));
    }
    for (index, name) in names.iter().enumerate() {
        legend(&mut svg, index, COLOURS[index % COLOURS.len()], name);
    }
    svg + "</svg>\n"
}

fn begin(title: &str) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    text(&mut svg, LEFT, TOP - 18.0, "start", title);
    svg
}

fn rule(svg: &mut String, y: f64, label: &str) {
    let right = WIDTH - RIGHT;
    let _ = writeln!(
        svg,
        "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>"
    );
    text(svg, LEFT - 8.0, y + 4.0, "end", label);
}

fn legend(svg: &mut String, index: usize, colour: &str, name: &str) {
    let (x, y) = (
        WIDTH - RIGHT + 14.0,
        TOP + 20.0 * f64::from(u32::try_from(index).unwrap_or(0)),
    );
    let _ = writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{:.1}\" width=\"12\" height=\"12\" fill=\"{colour}\"/>",
        y - 10.0
    );
    text(svg, x + 18.0, y, "start", name);
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::sample;

    #[test]
    fn worse_is_higher_and_rarer_is_further_right() {
        assert!(up(10.0) < up(1.0));
        assert!(across(99.9) > across(99.0));
        assert!((TOP..=HEIGHT).contains(&up(1e9)) && across(100.0) <= WIDTH - RIGHT);
    }

    #[test]
    fn a_plot_is_drawn_only_of_what_was_measured() {
        assert!(all(&Measurements::default()).is_empty());
        let runs = sample(&[
            ("produce-1k-1", "eddyline", "mb_per_s", 300.0),
            ("produce-1k-1", "kafka", "mb_per_s", 150.0),
        ]);
        let plots = all(&runs);
        assert_eq!(plots.len(), 1);
        assert!(plots[0].1.contains(">kafka</text>"), "{}", plots[0].1);
        assert!(plots[0].1.lines().all(|line| line.chars().count() <= 160));
    }
}
