//! From what is known around a Topic to what to do or say: validates and plans. Pure.

use crds::{Topic, cluster::ClusterState, cluster::Engine, topic::DriftPolicy};

use super::{
    memory,
    observe::{Observed, is_ready, is_silent},
    plan::{History, Plan, plan},
    situation::{Situation, There},
    validate::{ClusterFacts, ValidatedTopic, validate},
};
use crate::{
    ports::broker_admin::{ObservedTopic, Snapshot},
    snapshots::View,
};

/// What to do about a Topic that is not being deleted.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Nothing is known yet, and what its status says may well still hold.
    Wait,
    /// Say how it is; nothing has to be done.
    Report(Situation, Option<Box<Look>>),
    /// Change the topic.
    Carry(Box<Look>),
}

/// A Topic beside its topic.
#[derive(Clone, Debug)]
pub struct Look {
    /// What the object asks for.
    pub valid: ValidatedTopic,
    /// What was remembered.
    pub history: History,
    /// The topic, where it is there.
    pub before: Option<ObservedTopic>,
    /// The cluster that this was seen in.
    pub cluster_id: Option<String>,
    /// What is to be done.
    pub plan: Plan,
}

/// Decides about `topic`.
pub fn decide(topic: &Topic, observed: &Observed) -> Decision {
    if topic.spec.paused {
        return Decision::Report(Situation::Paused, None);
    }
    if let Some(owner) = &observed.owner {
        return Decision::Report(Situation::Conflict(owner.clone()), None);
    }
    let Some(cluster) = &observed.cluster else {
        return Decision::Report(Situation::ClusterNotFound, None);
    };
    let spec = &cluster.spec;
    if cluster.metadata.deletion_timestamp.is_some() {
        return Decision::Report(Situation::ClusterGoing, None);
    }
    if spec.engine == Engine::Bundled && spec.state == ClusterState::Stopped {
        return Decision::Report(Situation::ClusterStopped, None);
    }
    let ready = is_ready(cluster);
    match &observed.view {
        Some(View::Seen(snapshot)) => {
            let facts = ClusterFacts {
                engine: spec.engine,
                brokers: snapshot.brokers,
                config: &spec.config,
            };
            compare(topic, &facts, snapshot)
        }
        // The Cluster finds the same a moment later; that must not be a second change of each Topic.
        Some(View::Unreachable(why)) if ready || is_silent(cluster) => {
            Decision::Report(Situation::BrokerUnreachable(why.clone()), None)
        }
        Some(View::Unreachable(_)) => Decision::Report(Situation::ClusterNotReady, None),
        // A new operator has yet to ask, and the Cluster's account is what Topics say already.
        Some(View::Unseen) | None if is_silent(cluster) && topic.status.is_some() => Decision::Wait,
        _ if !ready => Decision::Report(Situation::ClusterNotReady, None),
        Some(View::Unseen) | None if topic.status.is_some() => Decision::Wait,
        Some(View::Unseen) | None => Decision::Report(Situation::Unseen, None),
    }
}

fn compare(topic: &Topic, facts: &ClusterFacts<'_>, snapshot: &Snapshot) -> Decision {
    let valid = match validate(topic, facts) {
        Ok(valid) => valid,
        Err(findings) => return Decision::Report(Situation::Invalid(findings), None),
    };
    let history = memory::history(topic);
    let before = snapshot.topics.get(&valid.name).cloned();
    let cluster_id = snapshot.cluster_id.clone();
    let plan = plan(&valid, before.as_ref(), &history, cluster_id.as_deref());
    let look = Box::new(Look {
        valid,
        history,
        before,
        cluster_id,
        plan,
    });
    match &look.before {
        Some(there) if look.plan.actions.is_empty() || cannot_be_helped(topic, &look) => {
            let there = look.there(there);
            Decision::Report(Situation::There(Box::new(there)), Some(look))
        }
        _ => Decision::Carry(look),
    }
}

/// Whether the very same drift was left by the last attempt to correct it: the broker keeps values
/// in a way of its own, and trying at each look would change nothing but the list of Events.
fn cannot_be_helped(topic: &Topic, look: &Look) -> bool {
    let left = topic.status.as_ref().map(|status| &status.drift);
    look.plan.settled
        && look.valid.drift_policy == DriftPolicy::Correct
        && left.is_some_and(|left| *left == look.plan.drift)
}

impl Look {
    /// How the topic is when all that could be done was done and `topic` is what came of it.
    pub fn there(&self, topic: &ObservedTopic) -> There {
        let history = History {
            origin: Some(self.plan.origin),
            cluster_id: self.cluster_id.clone(),
            topic_id: topic.id.clone(),
            intent: false,
            settled: true,
        };
        let cluster_id = self.cluster_id.as_deref();
        let now = plan(&self.valid, Some(topic), &history, cluster_id);
        // What a spec asks for in vain is its own fault until it was carried out once; from then on
        // it is somebody else's doing.
        let in_vain = !self.plan.settled && !self.plan.refusals.is_empty();
        There {
            topic: topic.clone(),
            cluster_id: self.cluster_id.clone(),
            origin: self.plan.origin,
            drift: if in_vain { Vec::new() } else { now.drift },
            refusals: if in_vain { now.refusals } else { Vec::new() },
            kept: now.kept,
            drift_policy: self.valid.drift_policy,
            amount: None,
        }
    }
}
