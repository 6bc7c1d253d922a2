//! What one run of one row gave, and all of them together. It must not know how a figure comes about.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::statistics::{Spread, spread};

/// Named figures of one run; the name ends with the unit.
pub(crate) type Values = BTreeMap<&'static str, f64>;

/// Percentile and milliseconds.
pub(crate) type Curve = Vec<(f64, f64)>;

/// What came of one row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Its figures.
    pub(crate) values: Values,
    /// Its latency by percentile, where it has one.
    pub(crate) curve: Option<Curve>,
    /// The machine's floor by percentile, where it was taken.
    pub(crate) floor: Option<Curve>,
}

/// One run of one row on one system.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measurement {
    /// The row's name.
    pub(crate) row: String,
    /// The system's name.
    pub(crate) system: &'static str,
    /// From 1.
    pub(crate) round: u32,
    /// Its figures.
    pub(crate) values: Values,
    /// Its latency by percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) curve: Option<Curve>,
    /// The machine's floor by percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) floor: Option<Curve>,
    /// Why it has no figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<String>,
}

/// Every run so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measurements(pub(crate) Vec<Measurement>);

impl Measurements {
    /// A figure over all runs of a row on a system; `None` when there was none.
    pub(crate) fn spread(&self, row: &str, system: &str, value: &str) -> Option<Spread> {
        let figures: Vec<f64> = self
            .of(row, system)
            .filter_map(|run| run.values.get(value).copied())
            .collect();
        spread(&figures)
    }

    /// The median of a figure.
    pub(crate) fn median(&self, row: &str, system: &str, value: &str) -> Option<f64> {
        self.spread(row, system, value).map(|spread| spread.median)
    }

    /// The median of a figure over the runs of all systems: for what belongs to the machine.
    pub(crate) fn median_of_all(&self, row: &str, value: &str) -> Option<f64> {
        let figures: Vec<f64> = self
            .0
            .iter()
            .filter(|run| run.row == row)
            .filter_map(|run| run.values.get(value).copied())
            .collect();
        spread(&figures).map(|spread| spread.median)
    }

    /// A figure over all runs of all rows.
    pub(crate) fn spread_of_all(&self, value: &str) -> Option<Spread> {
        let figures: Vec<f64> = self
            .0
            .iter()
            .filter_map(|run| run.values.get(value).copied())
            .collect();
        spread(&figures)
    }

    /// The runs of a row on a system.
    pub(crate) fn of<'a>(
        &'a self,
        row: &'a str,
        system: &'a str,
    ) -> impl Iterator<Item = &'a Measurement> {
        self.0
            .iter()
            .filter(move |run| run.row == row && run.system == system)
    }

    /// The row names in the order they first came.
    pub(crate) fn rows(&self) -> Vec<&str> {
        let mut rows: Vec<&str> = Vec::new();
        for run in &self.0 {
            if !rows.contains(&run.row.as_str()) {
                rows.push(&run.row);
            }
        }
        rows
    }

    /// The systems in the order they first came.
    pub(crate) fn systems(&self) -> Vec<&'static str> {
        let mut systems = Vec::new();
        for run in &self.0 {
            if !systems.contains(&run.system) {
                systems.push(run.system);
            }
        }
        systems
    }
}

/// Runs for tests of what reads them: `(row, system, figure, value)`.
#[cfg(test)]
pub(crate) fn sample(runs: &[(&str, &'static str, &'static str, f64)]) -> Measurements {
    let run = |(row, system, name, value): &(&str, &'static str, &'static str, f64)| Measurement {
        row: (*row).to_owned(),
        system,
        round: 1,
        values: Values::from([(*name, *value)]),
        curve: None,
        floor: None,
        failure: None,
    };
    Measurements(runs.iter().map(run).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_gathered_by_row_and_system() {
        let runs = sample(&[
            ("a", "eddyline", "x_ms", 1.0),
            ("a", "kafka", "x_ms", 10.0),
            ("a", "kafka", "x_ms", 30.0),
            ("b", "eddyline", "x_ms", 5.0),
        ]);
        assert_eq!(runs.median("a", "kafka", "x_ms"), Some(20.0));
        assert_eq!(runs.median("a", "kafka", "y_ms"), None);
        assert_eq!(runs.median_of_all("a", "x_ms"), Some(10.0));
        let all = runs.spread_of_all("x_ms").unwrap();
        assert_eq!((all.median, all.max), (7.5, 30.0));
        assert_eq!(runs.rows(), ["a", "b"]);
        assert_eq!(runs.systems(), ["eddyline", "kafka"]);
    }
}
