//! A Topic's status: from how it is to what it says. Pure, and the only place that decides a
//! Topic's conditions.

use crds::{
    Reason, Topic,
    condition::{self, DRIFTED, READY, Status},
    topic::{Drift, DriftPolicy, TopicStatus},
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::{
    effective,
    plan::Origin,
    situation::{Making, Situation, There},
};
use crate::names::kafka_topic;

#[cfg(test)]
mod tests;

/// Drifted settings that a status lists; the schema's bound.
const MOST_DRIFTS: usize = 64;

/// The status of `topic` in `situation`. What the situation does not speak of stays as it was:
/// a broker that does not answer makes nobody forget who made the topic.
pub fn status(topic: &Topic, situation: &Situation, now: Timestamp) -> TopicStatus {
    let generation = topic.metadata.generation.unwrap_or_default();
    let mut status = topic.status.clone().unwrap_or_default();
    status.observed_generation = Some(generation);
    status.topic_name = Some(kafka_topic(topic).to_owned());
    match situation {
        Situation::Making(making) => forget(&mut status, making),
        // The intent is void: the topic is not the one that was to be made.
        Situation::Taken => status.adopted = None,
        Situation::There(there) => remember(&mut status, there),
        _ => {}
    }
    let (reason, message) = (reason(situation), message(topic, situation));
    let ready = condition::ready(reason, message, generation, now);
    condition::upsert(&mut status.conditions, ready);
    if let Situation::There(there) = situation {
        // Its generation says that the spec was carried out; see `memory`.
        if there.refusals.is_empty() {
            condition::upsert(&mut status.conditions, drifted(there, generation, now));
        }
    }
    status
}

/// What is written before a topic is made: enough to know it again should the answer be lost.
fn forget(status: &mut TopicStatus, making: &Making) {
    status.adopted = Some(false);
    status.cluster_id.clone_from(&making.cluster_id);
    if making.again {
        status.recreations = Some(status.recreations.unwrap_or_default().saturating_add(1));
    }
    status.topic_id = None;
    status.partitions = None;
    status.replicas = None;
    status.retention = None;
    status.cleanup_policy = None;
    status.drift = Vec::new();
    status.records = None;
    status.size_bytes = None;
}

fn remember(status: &mut TopicStatus, there: &There) {
    let topic = &there.topic;
    status.adopted = Some(there.origin == Origin::Adopted);
    status.cluster_id.clone_from(&there.cluster_id);
    status.topic_id.clone_from(&topic.id);
    status.partitions = Some(topic.partitions);
    status.replicas = Some(topic.replicas);
    status.retention = effective::retention(&topic.settings);
    status.cleanup_policy = effective::cleanup_policy(&topic.settings);
    if let Some(amount) = there.amount {
        status.records = Some(amount.records);
        status.size_bytes = Some(amount.bytes);
    }
    status.drift = there.drift.iter().take(MOST_DRIFTS).cloned().collect();
}

fn reason(situation: &Situation) -> Reason {
    match situation {
        Situation::Paused => Reason::Paused,
        Situation::ClusterNotFound => Reason::ClusterNotFound,
        Situation::ClusterGoing | Situation::ClusterStopped | Situation::ClusterNotReady => {
            Reason::ClusterNotReady
        }
        Situation::BrokerUnreachable(_) | Situation::Leaving(_) | Situation::Postponed(_) => {
            Reason::BrokerUnreachable
        }
        Situation::Unseen | Situation::Making(_) | Situation::Made(_) | Situation::Taken => {
            Reason::Pending
        }
        Situation::Conflict(_) => Reason::Conflict,
        Situation::Invalid(_) | Situation::Refused(_) => Reason::InvalidConfig,
        Situation::There(there) if !there.refusals.is_empty() => Reason::InvalidConfig,
        Situation::There(there) if !there.drift.is_empty() => Reason::Drifted,
        Situation::There(_) => Reason::Reconciled,
    }
}

fn message(topic: &Topic, situation: &Situation) -> String {
    let cluster = &topic.spec.cluster;
    let namespace = topic.metadata.namespace.as_deref().unwrap_or_default();
    let name = kafka_topic(topic);
    match situation {
        Situation::Paused => {
            "paused: nothing is done about it until spec.paused is taken out".to_owned()
        }
        Situation::ClusterNotFound => {
            format!(
                "there is no Cluster {cluster} in namespace {namespace}: apply one of this name"
            )
        }
        Situation::ClusterGoing => {
            format!(
                "Cluster {cluster} is being deleted: apply it again once it is gone, or delete this Topic"
            )
        }
        Situation::ClusterStopped => {
            format!("Cluster {cluster} is stopped: set its spec.state to Running")
        }
        Situation::ClusterNotReady => {
            format!(
                "Cluster {cluster} is not ready: kubectl describe cluster.eddyline.dev {cluster} says why"
            )
        }
        Situation::BrokerUnreachable(why) => format!("{why}; tried again until it answers"),
        Situation::Leaving(why) => {
            format!(
                "being deleted, and the topic could not be deleted yet: {why}; tried again for a while, then the topic is left where it is"
            )
        }
        Situation::Unseen => format!("the broker of Cluster {cluster} was not looked at yet"),
        Situation::Making(_) => format!("topic {name} is being made"),
        Situation::Made(_) => format!("topic {name} is made and the brokers do not show it yet"),
        Situation::Taken => {
            format!("somebody else made topic {name} in this moment: it is looked at again")
        }
        Situation::Conflict(owner) => {
            format!(
                "topic {name} belongs to the older Topic {owner}: write another topicName in a new Topic, or delete one of the two"
            )
        }
        Situation::Invalid(findings) => lines(findings),
        Situation::Refused(error) => format!("the broker refuses to {error}: correct the spec"),
        Situation::Postponed(error) => format!("the broker could not {error}; tried again"),
        Situation::There(there) => there_message(there),
    }
}

fn there_message(there: &There) -> String {
    if !there.refusals.is_empty() {
        return lines(&there.refusals);
    }
    if !there.drift.is_empty() {
        let drifts: Vec<_> = there.drift.iter().map(difference).collect();
        let policy = match there.drift_policy {
            DriftPolicy::Correct => "it cannot be set right",
            DriftPolicy::Warn => "driftPolicy Warn leaves it",
            DriftPolicy::Ignore => "driftPolicy Ignore leaves it",
        };
        return format!("changed elsewhere, and {policy}: {}", drifts.join("; "));
    }
    let kept = if there.kept.is_empty() {
        String::new()
    } else {
        let names = there.kept.join(", ");
        format!("; it keeps {names}, which this object does not name")
    };
    match there.origin {
        Origin::Created => "the topic is as written".to_owned(),
        Origin::Adopted => format!("the topic, which was there before, is as written{kept}"),
    }
}

fn lines(findings: &[crate::Finding]) -> String {
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// One drift in words.
pub(super) fn difference(drift: &Drift) -> String {
    let found = drift.found.as_deref().unwrap_or("unset");
    let want = drift.want.as_deref().unwrap_or("unset");
    format!("{} is {found}, wanted {want}", drift.key)
}

fn drifted(there: &There, generation: i64, now: Timestamp) -> Condition {
    let (status, reason, message) = if there.drift.is_empty() {
        (Status::False, "AsWritten", String::new())
    } else {
        let keys: Vec<_> = there.drift.iter().map(|drift| drift.key.as_str()).collect();
        let message = format!("differs in {}: see status.drift", keys.join(", "));
        (Status::True, Reason::Drifted.as_str(), message)
    };
    Condition {
        last_transition_time: Time(now),
        message,
        observed_generation: Some(generation),
        reason: reason.to_owned(),
        status: status.as_str().to_owned(),
        type_: DRIFTED.to_owned(),
    }
}

/// The `Ready` condition of a status.
pub(crate) fn ready(status: &TopicStatus) -> Option<&Condition> {
    let conditions = &status.conditions;
    conditions.iter().find(|condition| condition.type_ == READY)
}
