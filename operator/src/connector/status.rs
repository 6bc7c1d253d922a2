//! What a Connector's status says: from what was seen to conditions, tasks and counters. Pure; the only
//! place that decides a Connector's conditions.

mod verdict;

use std::net::IpAddr;

use crds::{
    Connector,
    condition::{self, Status},
    connector::{ConnectorStatus, Fault, TaskStatus},
};
use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::Timestamp,
};

use super::{children, pods::WorkerPod};
use crate::{
    Finding,
    kubernetes::{events::Note, status::Difference},
    ports::connect_api::{ConnectError, Report, TaskReport},
};

pub use verdict::Verdict;

/// Everything that a status is made from.
#[derive(Clone, Debug)]
pub struct Look<'a> {
    /// The object.
    pub connector: &'a Connector,
    /// What keeps it from being carried out.
    pub obstacle: Option<Obstacle>,
    /// Its worker pods.
    pub pods: &'a [WorkerPod],
    /// What its workers say; `None` where there was none to ask.
    pub answer: Option<Result<Option<Report>, ConnectError>>,
    /// The Cluster was looked at and does not have the topic.
    pub lacks_topic: bool,
    /// The time.
    pub now: Timestamp,
}

/// What keeps a Connector from being carried out, by the operator's own look. Worst first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// `paused: true`.
    Paused,
    /// The spec cannot be carried out.
    Invalid(Vec<Finding>),
    /// The API server has an object that cannot be read.
    Unreadable(String),
    /// The API server refuses a child as it is asked for.
    Refused(String),
    /// The Cluster does not exist.
    NoCluster,
    /// A child's name is taken; the text says what has it.
    NameTaken(String),
    /// The Cluster cannot serve; its own reason, where it has one.
    ClusterNotReady(Option<String>),
}

/// The status of what was seen. `previous` keeps what nothing new is known of: when `Ready` last
/// flipped, and counters while no worker answers.
pub fn status(look: &Look<'_>, previous: Option<&ConnectorStatus>) -> ConnectorStatus {
    let connector = look.connector;
    let generation = connector.metadata.generation.unwrap_or(0);
    let verdict = verdict::verdict(look);
    let report = report(look);
    let known = previous.cloned().unwrap_or_default();
    let mut conditions = known.conditions;
    let ready = condition::ready(verdict.reason, verdict.message, generation, look.now);
    condition::upsert(&mut conditions, ready);
    let state = report.map_or_else(
        || verdict.reason.as_str().to_owned(),
        |report| word(&report.state),
    );
    let flows = matches!(state.as_str(), "Running" | "Throttled");
    ConnectorStatus {
        observed_generation: Some(generation),
        conditions,
        state: Some(state),
        workers: count(look.pods.len()),
        ready_workers: count(look.pods.iter().filter(|pod| pod.ready).count()),
        selector: Some(children::selector_text(connector)),
        tasks: report.map_or_else(Vec::new, |report| report.tasks.iter().map(task).collect()),
        restarts: report.and_then(|report| report.restarts).or(known.restarts),
        records: report.and_then(|report| report.records).or(known.records),
        // At rest the rate is nothing, at once and not only when the average has run out.
        rate: report
            .and_then(|report| report.rate)
            .map(|rate| if flows { rounded(rate) } else { 0.0 }),
    }
}

/// What differs between two statuses. Counters of a connector at rest count as state: they are its
/// last, and nothing is written after them.
pub fn difference(previous: Option<&ConnectorStatus>, next: &ConnectorStatus) -> Difference {
    let Some(previous) = previous else {
        return Difference::State;
    };
    if previous == next {
        return Difference::None;
    }
    let with_counters_of_next = ConnectorStatus {
        records: next.records,
        rate: next.rate,
        ..previous.clone()
    };
    let flows = matches!(next.state.as_deref(), Some("Running" | "Throttled"));
    if flows && with_counters_of_next == *next {
        Difference::Counters
    } else {
        Difference::State
    }
}

/// The Event of a change of `Ready`'s reason; none at the very first, as long as nothing is known.
pub fn event(previous: Option<&ConnectorStatus>, next: &ConnectorStatus) -> Option<Note> {
    let before = previous.and_then(|status| ready(status));
    let after = ready(next)?;
    let is_first = before.is_none() && after.status == Status::Unknown.as_str();
    if is_first || before.is_some_and(|before| before.reason == after.reason) {
        return None;
    }
    let reason = crds::Reason::ALL
        .into_iter()
        .find(|reason| reason.as_str() == after.reason)?;
    Some(Note {
        warning: reason.ready() == Status::False,
        reason: reason.as_str(),
        action: "Reconcile",
        text: after.message.clone(),
    })
}

/// Something is about to change by itself: it is worth looking again soon.
pub fn is_on_its_way(status: &ConnectorStatus) -> bool {
    ready(status).is_some_and(|ready| ready.status == Status::Unknown.as_str())
}

/// The Event of a change that makes other records: their numbers begin anew.
pub fn started_over(connector: &Connector) -> Note {
    Note {
        warning: false,
        reason: "StartedOver",
        action: "Reconcile",
        text: format!(
            "the topic or the source changed: records of topic {} start at the first one",
            connector.spec.topic
        ),
    }
}

fn ready(status: &ConnectorStatus) -> Option<&Condition> {
    let mut conditions = status.conditions.iter();
    conditions.find(|condition| condition.type_ == condition::READY)
}

/// The report, where a worker gave one.
fn report<'a>(look: &'a Look<'_>) -> Option<&'a Report> {
    look.answer.as_ref()?.as_ref().ok()?.as_ref()
}

fn count(number: usize) -> Option<i32> {
    i32::try_from(number).ok()
}

/// One decimal: more would only differ.
fn rounded(rate: f64) -> f64 {
    (rate * 10.0).round() / 10.0
}

fn task(report: &TaskReport) -> TaskStatus {
    let fault = report.fault.or_else(|| {
        let is_users = matches!(
            report.reason.as_deref(),
            Some("TopicNotFound" | "InvalidConfig")
        );
        report
            .error
            .as_ref()
            .map(|_| if is_users { Fault::User } else { Fault::System })
    });
    TaskStatus {
        id: report.id,
        state: word(&report.state),
        worker: report.worker.as_deref().map(pod_name),
        restarts: report.restarts,
        next_restart_time: report.next_restart.map(Time),
        last_error: report.error.clone(),
        fault,
    }
}

/// A worker's address begins with its pod's name, where it is no IP address.
fn pod_name(worker: &str) -> String {
    let host = worker.rsplit_once(':').map_or(worker, |(host, _)| host);
    let is_name = host.parse::<IpAddr>().is_err();
    let end = if is_name { host.find('.') } else { None };
    host[..end.unwrap_or(host.len())].to_owned()
}

/// `RUNNING` as `Running`.
fn word(state: &str) -> String {
    let (first, rest) = state.split_at(state.chars().next().map_or(0, char::len_utf8));
    first.to_uppercase() + &rest.to_lowercase()
}

#[cfg(test)]
mod tests;
