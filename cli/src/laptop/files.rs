//! The files of `up` as the API server would take them: read, checked, one Cluster chosen. Changes nothing.

use std::path::{Path, PathBuf};

use crds::cluster::ClusterState;

use crate::environment::Environment;
use crate::failure::Failure;
use crate::laptop::choice::{Chosen, choose};
use crate::laptop::documents::{self, Id, Known};
use crate::laptop::findings::Finding;
use crate::laptop::schemas::Schemas;
use crate::laptop::sources::Sources;
use crate::laptop::state::State;
use crate::laptop::{engine, folder};

/// What the files are read with.
#[derive(Debug)]
pub struct Files {
    pub sources: Sources,
    pub schemas: Schemas,
    /// `--cluster`.
    pub cluster: Option<String>,
}

/// Why the files are not taken.
#[derive(Debug)]
pub enum Refusal {
    Findings(Vec<Finding>),
    Choice(Failure),
}

/// A version of the files that can be carried out.
#[derive(Debug)]
pub struct Good {
    pub chosen: Chosen,
    /// What was skipped, and what names a Cluster that is not there.
    pub notes: Vec<String>,
}

impl Files {
    /// Reads the files beside what was good before.
    ///
    /// # Errors
    /// All findings, or that there is no one Cluster.
    pub fn read(&self, known: &Known) -> Result<Good, Refusal> {
        let (sources, mut findings) = self.sources.read();
        let mut reading = documents::read(&sources, &self.schemas, known);
        findings.append(&mut reading.findings);
        if !findings.is_empty() {
            return Err(Refusal::Findings(findings));
        }
        let chosen = choose(reading.objects, self.cluster.as_deref()).map_err(Refusal::Choice)?;
        let findings = engine::findings(&chosen.cluster);
        if !findings.is_empty() {
            return Err(Refusal::Findings(findings));
        }
        let mut notes = reading.notes;
        notes.extend(chosen.strays.iter().cloned());
        let unused = ["spec.storage.size", "spec.resources"]
            .into_iter()
            .filter(|path| chosen.cluster.gives(path));
        notes.extend(unused.map(|path| {
            format!(
                "{}: {path} is noted and not enforced here",
                chosen.cluster.place_of(path)
            )
        }));
        Ok(Good { chosen, notes })
    }

    /// As [`Files::read`] for a start: finds the data folder, and reads again beside what is remembered there.
    ///
    /// # Errors
    /// As [`Files::read`], or the folder belongs to another Cluster, or the Cluster is not to run.
    pub fn first(&self, place: &Place<'_>) -> Result<(Good, PathBuf), Refusal> {
        let mut good = self.read(&Known::new())?;
        let id = good.chosen.cluster.id.clone();
        let path = folder::place(place.data_dir, place.environment, &id.namespace, &id.name)
            .map_err(Refusal::Choice)?;
        if !place.fresh {
            let state = State::load(&path).map_err(Refusal::Choice)?;
            belongs(&state, &id, &path).map_err(Refusal::Choice)?;
            good = self.read(&state.known())?;
        }
        if good.chosen.cluster.value.spec.state == ClusterState::Stopped {
            let what = format!("{id} is Stopped: there is nothing to run");
            return Err(Refusal::Choice(Failure::new(
                what,
                "write state: Running, or leave state out",
            )));
        }
        Ok((good, path))
    }
}

/// Where the data goes.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub data_dir: Option<&'a Path>,
    pub environment: &'a Environment,
    /// What is remembered goes too.
    pub fresh: bool,
}

fn belongs(state: &State, id: &Id, path: &Path) -> Result<(), Failure> {
    match state
        .objects
        .keys()
        .find(|known| known.kind == "Cluster" && *known != id)
    {
        None => Ok(()),
        Some(other) => Err(Failure::new(
            format!(
                "the data folder {} holds the data of {other}",
                path.display()
            ),
            "choose another folder with --data-dir FOLDER, or start anew, without the data: --fresh",
        )),
    }
}

impl Refusal {
    /// The lines to show, one for each finding.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Findings(findings) => findings.iter().map(ToString::to_string).collect(),
            Self::Choice(failure) => vec![failure.to_string()],
        }
    }

    /// The failure of a start.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Choice(failure) => failure,
            Self::Findings(findings) => {
                let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
                let count = if lines.len() == 1 {
                    "1 problem".to_owned()
                } else {
                    format!("{} problems", lines.len())
                };
                Failure::new(
                    format!("{count} in the files; nothing was started"),
                    lines.join("\n"),
                )
            }
        }
    }
}
