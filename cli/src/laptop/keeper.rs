//! Keeps a Cluster's topics and connectors as the files say, and remembers them. Knows the broker by the operator's port and the
//! worker by the set of connectors it is told.

use std::collections::BTreeSet;
use std::path::PathBuf;

use connect_worker::ManagedConnector;
use operator::admin::KafkaAdmin;
use operator::ports::connect_api::Config;
use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;

use crate::failure::Failure;
use crate::laptop::choice::Chosen;
use crate::laptop::connectors::{Managed, managed, remembered, started_over};
use crate::laptop::documents::Id;
use crate::laptop::engine;
use crate::laptop::state::State;
use crate::laptop::topics::{self, Wish};

/// What a person is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// Something to do about.
    Problem(String),
    Note(String),
    Done(String),
}

/// See the module.
#[derive(Debug)]
pub struct Keeper {
    pub chosen: Chosen,
    /// The Cluster's spec as it was started with.
    pub started: Value,
    pub state: State,
    pub prune: bool,
    /// The data folder, where the state is written.
    pub folder: PathBuf,
    pub admin: KafkaAdmin,
    /// The whole set, each time.
    pub connectors: watch::Sender<Vec<ManagedConnector>>,
    /// Topics of the files that are there, with their partitions.
    pub topics: Vec<(String, i32)>,
    /// The lines of the last time, so that none is repeated.
    pub told: BTreeSet<Line>,
}

impl Keeper {
    /// Takes a new version of the files and carries it out; gives what there is to tell.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn take(&mut self, chosen: Chosen) -> Result<Vec<Line>, Failure> {
        let mut lines = Vec::new();
        let id = &chosen.cluster.id;
        let spec = &chosen.cluster.json["spec"];
        if *spec != self.chosen.cluster.json["spec"] {
            lines.push(if *spec == self.started {
                Line::Done(format!("{id} is as it was at the start again"))
            } else {
                let what = "was changed: that takes effect at the next start";
                Line::Note(format!("{id} {what}"))
            });
        }
        let before = self.generations();
        self.chosen = chosen;
        let carried_out = self.carry_out().await;
        lines.extend(changes(&before, &self.generations()).map(Line::Done));
        lines.extend(carried_out?);
        Ok(lines)
    }

    /// Makes topics and connectors as the files say; gives what is new to tell.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn carry_out(&mut self) -> Result<Vec<Line>, Failure> {
        let before = self.configurations();
        self.admit();
        let config = engine::settings(&self.chosen.cluster);
        let wish = Wish {
            topics: &self.chosen.topics,
            engine: self.chosen.cluster.value.spec.engine,
            config: &config,
            prune: self.prune,
        };
        let mut lines = BTreeSet::new();
        match topics::reconcile(&self.admin, wish, &mut self.state).await {
            Ok(report) => {
                lines.extend(report.problems.into_iter().map(Line::Problem));
                lines.extend(report.notes.into_iter().map(Line::Note));
                self.topics = report.present;
            }
            Err(error) => {
                lines.insert(Line::Problem(error.to_string()));
            }
        }
        let Managed {
            connectors,
            problems,
        } = managed(
            &self.chosen.connectors,
            &mut self.state,
            &self.connectors.borrow(),
        );
        lines.extend(problems.into_iter().map(Line::Problem));
        lines.extend(started_over(&before, &connectors).map(|name| {
            Line::Note(format!(
                "connector {name} makes other records now (its topic, data set or seed was changed): it begins again at the first"
            ))
        }));
        lines.extend(paused(&self.chosen).map(|id| {
            Line::Note(format!(
                "{id} is paused: nothing is done about it until paused is taken out"
            ))
        }));
        // Written before the worker hears of it: a uid that data hangs on must not be lost.
        self.state.save(&self.folder)?;
        self.connectors.send_if_modified(|known| {
            let changed = *known != connectors;
            *known = connectors;
            changed
        });
        let new = lines.difference(&self.told).cloned().collect();
        self.told = lines;
        Ok(new)
    }

    /// What the connectors were told last: by this process, or by the one before it.
    fn configurations(&self) -> Vec<Config> {
        let running = self.connectors.borrow();
        if running.is_empty() {
            return remembered(&self.state);
        }
        running.iter().map(|known| known.config.clone()).collect()
    }

    fn admit(&mut self) {
        let uid = || Uuid::new_v4().to_string();
        let chosen = &self.chosen;
        self.state
            .admit(&chosen.cluster.id, &chosen.cluster.json, uid);
        for topic in &chosen.topics {
            self.state.admit(&topic.id, &topic.json, uid);
        }
        for connector in &chosen.connectors {
            self.state.admit(&connector.id, &connector.json, uid);
        }
    }

    /// The Topics and Connectors that are in the files, with their generations.
    fn generations(&self) -> Vec<(Id, i64)> {
        let objects = self.state.objects.iter();
        // A Cluster's change takes effect later and is told apart.
        let present = objects.filter(|(id, known)| !known.left && id.kind != "Cluster");
        present
            .map(|(id, known)| (id.clone(), known.generation))
            .collect()
    }
}

/// What changed between two versions of the files, a line each.
fn changes(before: &[(Id, i64)], after: &[(Id, i64)]) -> impl Iterator<Item = String> {
    let find = |list: &[(Id, i64)], id: &Id| {
        list.iter()
            .find(|known| known.0 == *id)
            .map(|known| known.1)
    };
    let new_or_changed = after
        .iter()
        .filter_map(move |(id, generation)| match find(before, id) {
            None => Some(format!("{id} is taken in")),
            Some(old) if old != *generation => Some(format!("{id} is changed")),
            Some(_) => None,
        });
    let gone = before
        .iter()
        .filter(|(id, _)| find(after, id).is_none())
        .map(|(id, _)| format!("{id} left the files"));
    new_or_changed.chain(gone).collect::<Vec<_>>().into_iter()
}

/// The objects that are not to be reconciled.
fn paused(chosen: &Chosen) -> impl Iterator<Item = &Id> {
    let topics = chosen.topics.iter().filter(|topic| topic.value.spec.paused);
    let connectors = chosen
        .connectors
        .iter()
        .filter(|connector| connector.value.spec.paused);
    topics
        .map(|topic| &topic.id)
        .chain(connectors.map(|connector| &connector.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_by_object() {
        let id = |name: &str| Id {
            kind: "Topic".to_owned(),
            namespace: "default".to_owned(),
            name: name.to_owned(),
        };
        let lines: Vec<String> = changes(
            &[(id("a"), 1), (id("b"), 1), (id("c"), 1)],
            &[(id("b"), 2), (id("c"), 1), (id("d"), 1)],
        )
        .collect();
        assert_eq!(
            lines,
            [
                "Topic default/b is changed",
                "Topic default/d is taken in",
                "Topic default/a left the files"
            ]
        );
    }
}
