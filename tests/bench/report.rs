//! The results as files: JSON with every run, Markdown for people, plots. It must not know how to measure.

mod conditions;
mod markdown;
mod plot;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::client;
use crate::machine::{Machine, Versions};
use crate::measurement::{Measurement, Measurements};
use crate::settings::Profile;
use crate::targets::{self, Target};

pub(crate) use conditions::{conditions, disturbance};

/// Everything a reader needs to judge the figures.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    /// When the run began, UTC.
    pub(crate) date: String,
    /// The machine.
    pub(crate) machine: Machine,
    /// The versions.
    pub(crate) versions: Versions,
    /// Sizes and times.
    pub(crate) profile: Profile,
    /// The rows that were asked for; empty for all.
    pub(crate) only: Vec<String>,
    /// What the figures rest on, a sentence each.
    pub(crate) conditions: Vec<String>,
    /// Client settings by use.
    pub(crate) client: Vec<(&'static str, client::Options)>,
    /// Whether so much else ran that the figures say little.
    pub(crate) disturbed: bool,
    /// The targets.
    pub(crate) targets: Vec<Target>,
    /// Every run.
    pub(crate) runs: Vec<Measurement>,
}

impl Results {
    /// The client settings there are.
    pub(crate) fn clients() -> Vec<(&'static str, client::Options)> {
        vec![
            ("throughput", client::THROUGHPUT),
            ("latency", client::LATENCY),
            ("consumer", client::CONSUMER),
        ]
    }

    /// Judges the runs and writes all files into `folder`; where they are.
    pub(crate) fn write(mut self, runs: &Measurements, folder: &Path) -> Result<Vec<PathBuf>> {
        self.targets = targets::judge(runs);
        self.disturbed = conditions::is_disturbed(runs, self.machine.cores);
        self.runs.clone_from(&runs.0);
        std::fs::create_dir_all(folder).context("make the folder for results")?;
        let name = format!(
            "{}-{}-{}",
            self.date.replace([':', 'T'], "-").trim_end_matches('Z'),
            self.machine.slug(),
            self.profile.name
        );
        let mut written = Vec::new();
        let mut write = |end: &str, text: String| -> Result<String> {
            let file = format!("{name}{end}");
            let path = folder.join(&file);
            std::fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
            written.push(path);
            Ok(file)
        };
        write(".json", serde_json::to_string_pretty(&self)? + "\n")?;
        let mut plots = Vec::new();
        for (end, plot) in plot::all(runs) {
            plots.push(write(&format!("-{end}.svg"), plot)?);
        }
        write(".md", markdown::page(&self, runs, &plots))?;
        Ok(written)
    }
}
