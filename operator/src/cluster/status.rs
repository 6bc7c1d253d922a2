//! What a Cluster's status says: from what was seen to conditions and counts. Pure; the only place that
//! decides a Cluster's conditions.

mod verdict;

use crds::{
    Cluster, Reason,
    cluster::{ClusterState, ClusterStatus, Engine, UnmanagedTopics},
    condition::{self, Status},
};
use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Condition, jiff::Timestamp};

use super::{children, observe::Observed};
use crate::{
    Finding,
    kubernetes::{events::Note, status::Difference},
    names::is_internal,
    pods::is_ready,
    ports::broker_admin::Snapshot,
};

/// Names of topics that no object names; more would only make the object large.
const UNMANAGED_NAMES: usize = 50;

/// Everything that a status is made from.
#[derive(Clone, Debug)]
pub struct Look<'a> {
    /// The object.
    pub cluster: &'a Cluster,
    /// What keeps it from being carried out.
    pub obstacle: Option<Obstacle>,
    /// What there is around it.
    pub observed: &'a Observed,
    /// Why its volume does not grow as it should.
    pub growth: Option<String>,
    /// The image that brokers are to run, and the version that is in it.
    pub release: Release<'a>,
    /// The time.
    pub now: Timestamp,
}

/// An image and its version.
#[derive(Clone, Copy, Debug)]
pub struct Release<'a> {
    /// The image's name.
    pub image: &'a str,
    /// The version of the program in it.
    pub version: &'a str,
}

/// What keeps a Cluster from being carried out, by the operator's own look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// `paused: true`.
    Paused,
    /// The spec cannot be carried out.
    Invalid(Vec<Finding>),
    /// The API server has an object that cannot be read.
    Unreadable(String),
    /// A child's name is taken; the text says what has it.
    NameTaken(String),
    /// The API server refuses a child as it is asked for.
    Refused(String),
}

/// The status of what was seen. `previous` keeps what nothing new is known of: when `Ready` last
/// flipped, and counts while no broker answers.
pub fn status(look: &Look<'_>, previous: Option<&ClusterStatus>) -> ClusterStatus {
    let cluster = look.cluster;
    let generation = cluster.metadata.generation.unwrap_or(0);
    let known = previous.cloned().unwrap_or_default();
    let (reason, message) = verdict::verdict(look, ready(&known));
    let mut conditions = known.conditions;
    let ready = condition::ready(reason, message, generation, look.now);
    condition::upsert(&mut conditions, ready);

    let snapshot = snapshot(look.observed);
    let (wanted, available) = brokers(look, snapshot, reason);
    let image = image(look.observed);
    let is_external = cluster.spec.engine == Engine::External;
    ClusterStatus {
        observed_generation: Some(generation),
        conditions,
        bootstrap_servers: Some(if is_external {
            cluster.spec.bootstrap_servers.join(",")
        } else {
            children::bootstrap(cluster)
        }),
        cluster_id: snapshot
            .and_then(|snapshot| snapshot.cluster_id.clone())
            .or(known.cluster_id),
        ready: Some(format!("{available}/{wanted}")),
        replicas: Some(wanted),
        ready_replicas: Some(available),
        version: image.map(|image| version(image, look.release)),
        image: image.map(str::to_owned),
        topics: snapshot
            .map(|snapshot| count(users(snapshot).count()))
            .or(known.topics),
        connectors: Some(count(look.observed.connectors)),
        unmanaged_topics: snapshot
            .map(|snapshot| unmanaged(snapshot, look.observed))
            .or(known.unmanaged_topics),
    }
}

/// What differs between two statuses.
pub fn difference(previous: Option<&ClusterStatus>, next: &ClusterStatus) -> Difference {
    let Some(previous) = previous else {
        return Difference::State;
    };
    if previous == next {
        return Difference::None;
    }
    let with_counters_of_next = ClusterStatus {
        topics: next.topics,
        connectors: next.connectors,
        unmanaged_topics: next.unmanaged_topics.clone(),
        ..previous.clone()
    };
    // The first counts are news; later ones change with every topic that is made.
    if previous.topics.is_some() == next.topics.is_some() && with_counters_of_next == *next {
        Difference::Counters
    } else {
        Difference::State
    }
}

/// The Event of a change of `Ready`'s reason; none at the very first, as long as nothing is known.
pub fn event(previous: Option<&ClusterStatus>, next: &ClusterStatus) -> Option<Note> {
    let before = previous.and_then(ready);
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

/// The Event of a volume that does not grow; the brokers run on.
pub fn growth_refused(size: &str, why: &str) -> Note {
    Note {
        warning: true,
        reason: "VolumeNotGrown",
        action: "Reconcile",
        text: format!("the volume cannot grow to {size}: {why}"),
    }
}

/// Something is about to change by itself, or to be late.
pub fn is_on_its_way(status: &ClusterStatus) -> bool {
    ready(status).is_some_and(|ready| ready.status == Status::Unknown.as_str())
}

/// A broker is ready that nobody has had an answer of: it is worth asking again now.
pub fn is_worth_asking(observed: &Observed) -> bool {
    let is_up = observed.pods.first().is_some_and(|pod| is_ready(pod));
    is_up && observed.view.is_some() && snapshot(observed).is_none()
}

fn ready(status: &ClusterStatus) -> Option<&Condition> {
    let mut conditions = status.conditions.iter();
    conditions.find(|condition| condition.type_ == condition::READY)
}

fn snapshot(observed: &Observed) -> Option<&Snapshot> {
    observed.view.as_ref().and_then(|view| view.snapshot())
}

/// Brokers wanted and brokers ready.
fn brokers(look: &Look<'_>, snapshot: Option<&Snapshot>, reason: Reason) -> (i32, i32) {
    if look.cluster.spec.engine == Engine::External {
        let known = look.cluster.status.as_ref();
        let before = known.and_then(|status| status.replicas).unwrap_or(0);
        // Running without a snapshot: they were there when an operator looked last.
        let there = if reason == Reason::Running { before } else { 0 };
        return snapshot.map_or((before, there), |snapshot| {
            (snapshot.brokers, snapshot.brokers)
        });
    }
    let set = look.observed.set.as_deref();
    let wanted = set.and_then(|set| set.spec.as_ref()?.replicas);
    let ready = look
        .observed
        .pods
        .iter()
        .filter(|pod| is_ready(pod) && pod.metadata.deletion_timestamp.is_none());
    let stops = look.cluster.spec.state == ClusterState::Stopped;
    let unmade = if stops { 0 } else { look.cluster.spec.replicas };
    let wanted = wanted.unwrap_or(unmade);
    (wanted, count(ready.count()))
}

fn image(observed: &Observed) -> Option<&str> {
    let pod = observed.pods.first()?;
    pod.spec.as_ref()?.containers.first()?.image.as_deref()
}

/// A broker of this operator's image has its version; of another image only the tag is known.
fn version(image: &str, release: Release<'_>) -> String {
    if image == release.image {
        return release.version.to_owned();
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    let tag = name.split('@').next().unwrap_or(name).split_once(':');
    tag.map_or_else(|| "unknown".to_owned(), |(_, tag)| tag.to_owned())
}

fn users(snapshot: &Snapshot) -> impl Iterator<Item = &String> {
    snapshot.topics.keys().filter(|name| !is_internal(name))
}

fn unmanaged(snapshot: &Snapshot, observed: &Observed) -> UnmanagedTopics {
    let all = users(snapshot).filter(|name| !observed.named_topics.contains(*name));
    let names: Vec<_> = all.cloned().collect();
    UnmanagedTopics {
        count: count(names.len()),
        names: names.into_iter().take(UNMANAGED_NAMES).collect(),
    }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
