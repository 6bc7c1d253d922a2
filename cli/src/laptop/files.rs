//! The files of `up` as the API server would take them: read, checked, one Cluster chosen. Changes nothing.

use std::path::{Path, PathBuf};

use crds::Cluster;
use crds::cluster::{ClusterState, Engine};
use operator::topic::validate::{Note, without_effect};

use crate::environment::Environment;
use crate::failure::Failure;
use crate::laptop::choice::{Chosen, pick};
use crate::laptop::documents::{self, Id, Known, Object, Objects};
use crate::laptop::findings::Finding;
use crate::laptop::schemas::Schemas;
use crate::laptop::sources::{Source, Sources};
use crate::laptop::state::State;
use crate::laptop::{consistency, folder};

/// What the files are read with.
#[derive(Debug)]
pub struct Files {
    pub sources: Sources,
    pub schemas: Schemas,
    /// `--cluster`.
    pub cluster: Option<String>,
}

/// Why the files are not taken.
#[derive(Debug, Default)]
pub struct Refusal {
    /// All that is wrong in the files.
    findings: Vec<Finding>,
    /// What else is in the way: there is no one Cluster, or its folder is not to be used.
    obstacle: Option<Failure>,
}

/// A version of the files that can be carried out.
#[derive(Debug)]
pub struct Good {
    pub chosen: Chosen,
    /// What was skipped, what names a Cluster that is not there, what has no effect here.
    pub notes: Vec<String>,
}

/// The texts behind `-f`, and what could not be read of them.
type Texts = (Vec<Source>, Vec<Finding>);

/// The files beside what was good before.
struct Judged {
    /// The Cluster to run, which may have findings; or why there is none, where that can be told.
    picked: Result<Id, Option<Failure>>,
    objects: Objects,
    findings: Vec<Finding>,
    notes: Vec<String>,
}

impl Files {
    /// Reads the files beside what was good before.
    ///
    /// # Errors
    /// All findings, or that there is no one Cluster.
    pub fn read(&self, known: &Known) -> Result<Good, Refusal> {
        self.judge(&self.sources.read(), known).take()
    }

    /// As [`Files::read`] for a start: finds the data folder, and judges beside what is remembered there.
    ///
    /// # Errors
    /// As [`Files::read`], or the folder belongs to another Cluster, or the Cluster is not to run.
    pub fn first(&self, place: &Place<'_>) -> Result<(Good, PathBuf), Refusal> {
        let texts = self.sources.read();
        let mut judged = self.judge(&texts, &Known::new());
        let folder = match &judged.picked {
            Ok(id) => place.folder(id).map_err(Some),
            Err(why) => Err(why.clone()),
        };
        let path = match folder {
            Ok((path, known)) => {
                judged = self.judge(&texts, &known);
                path
            }
            Err(why) => {
                judged.picked = Err(why);
                PathBuf::new()
            }
        };
        let good = judged.take()?;
        let Object { id, value, .. } = &good.chosen.cluster;
        if value.spec.state == ClusterState::Stopped {
            return Err(Refusal {
                obstacle: Some(Failure::new(
                    format!("{id} is Stopped: there is nothing to run"),
                    "write state: Running, or leave state out",
                )),
                ..Refusal::default()
            });
        }
        Ok((good, path))
    }

    fn judge(&self, (sources, unreadable): &Texts, known: &Known) -> Judged {
        let reading = documents::read(sources, &self.schemas, known);
        let all = &reading.all;
        let mut findings = unreadable.clone();
        findings.extend(reading.findings);
        findings.extend(consistency::findings(all, &findings));
        // What is missing may stand in a document that could not be read.
        let gaps = reading.gaps || !unreadable.is_empty();
        if !findings.is_empty() && !gaps {
            findings.extend(consistency::conditions(all));
        }
        findings.sort();
        let ids = all.iter().map(|object| &object.id);
        let clusters: Vec<&Id> = ids.filter(|id| id.kind == "Cluster").collect();
        let picked = pick(&clusters, self.cluster.as_deref());
        let picked = picked.map_err(|why| Some(why).filter(|_| !gaps));
        let mut notes = reading.notes;
        notes.extend(consistency::strays(all).iter().map(ToString::to_string));
        Judged {
            picked,
            objects: reading.objects,
            findings,
            notes,
        }
    }
}

impl Judged {
    fn take(self) -> Result<Good, Refusal> {
        let Self {
            picked,
            objects,
            findings,
            mut notes,
        } = self;
        let chosen = match picked {
            Ok(id) if findings.is_empty() => Chosen::of(objects, &id).ok_or(None),
            Ok(_) => Err(None),
            Err(obstacle) => Err(obstacle),
        };
        let chosen = chosen.map_err(|obstacle| Refusal { findings, obstacle })?;
        notes.extend(without_consequence(&chosen.cluster));
        Ok(Good { chosen, notes })
    }
}

/// What the Cluster says and this machine does not do, a line each.
fn without_consequence(cluster: &Object<Cluster>) -> Vec<String> {
    let spec = &cluster.value.spec;
    let mut notes = Vec::new();
    for path in ["spec.storage.size", "spec.resources"] {
        if cluster.gives(path) {
            let place = cluster.place_of(path);
            notes.push(format!("{place}: {path} is noted and not enforced here"));
        }
    }
    if spec.engine == Engine::Bundled {
        notes.extend(without_effect(&spec.config).map(|note| {
            let place = match &note {
                Note::NoEffect { setting, .. } => {
                    cluster.place_of(&format!("spec.config.{setting}"))
                }
                Note::OneReplica { .. } => cluster.place_of("spec.replicas"),
            };
            format!("{place}: {note}")
        }));
    }
    if spec.paused {
        let (place, id) = (cluster.place_of("spec.paused"), &cluster.id);
        notes.push(format!(
            "{place}: {id} is paused: it is left as it is; its Topics and Connectors are kept as the files say"
        ));
    }
    notes
}

/// Where the data goes.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub data_dir: Option<&'a Path>,
    pub environment: &'a Environment,
    /// What is remembered goes too.
    pub fresh: bool,
}

impl Place<'_> {
    /// The data folder of a Cluster and what was good there before.
    fn folder(&self, id: &Id) -> Result<(PathBuf, Known), Failure> {
        let path = folder::place(self.data_dir, self.environment, &id.namespace, &id.name)?;
        if self.fresh {
            return Ok((path, Known::new()));
        }
        let state = State::load(&path)?;
        belongs(&state, id, &path)?;
        Ok((path, state.known()))
    }
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
    /// The lines to show, one for each finding; what else is in the way comes last, with what to do.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.findings.iter().map(ToString::to_string).collect();
        if let Some(failure) = &self.obstacle {
            lines.push(failure.what.clone());
            lines.extend(failure.help.lines().map(|line| format!("  {line}")));
        }
        lines
    }

    /// The failure of a start.
    pub fn into_failure(self) -> Failure {
        let lines = self.lines();
        let count = match self.findings.len() + self.obstacle.iter().count() {
            1 => "1 problem".to_owned(),
            count => format!("{count} problems"),
        };
        match self.obstacle {
            Some(failure) if self.findings.is_empty() => failure,
            _ => Failure::new(
                format!("{count} in the files; nothing was started"),
                lines.join("\n"),
            ),
        }
    }
}

#[cfg(test)]
mod tests;
