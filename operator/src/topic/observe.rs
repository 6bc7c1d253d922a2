//! What a Topic's reconciling looks at. Asks no broker and no API server: everything is read from
//! what watches and the cluster's task have brought.

use std::sync::Arc;

use crds::{
    Cluster, Topic,
    condition::{READY, Status},
};
use kube::ResourceExt;

use super::claims::{Claim, owners};
use crate::{
    names::{ObjectName, kafka_topic},
    snapshots::View,
};

/// What is known around one Topic.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Its Cluster, where there is one.
    pub cluster: Option<Arc<Cluster>>,
    /// The Kafka side of the Cluster; `None` when nobody looks at it.
    pub view: Option<View>,
    /// The older object that owns the topic.
    pub owner: Option<ObjectName>,
    /// The object that has the topic once this one is gone.
    pub heir: Option<ObjectName>,
}

/// Whether a Cluster says that it serves.
pub fn is_ready(cluster: &Cluster) -> bool {
    let conditions = cluster.status.iter().flat_map(|status| &status.conditions);
    let mut ready = conditions.filter(|condition| condition.type_ == READY);
    ready.any(|condition| condition.status == Status::True.as_str())
}

/// The identity of the Cluster that `topic` names.
pub fn cluster_of(topic: &Topic) -> ObjectName {
    ObjectName {
        namespace: topic.metadata.namespace.clone().unwrap_or_default(),
        name: topic.spec.cluster.clone(),
    }
}

/// Whether two objects name the same topic of the same Cluster.
pub fn same_topic(one: &Topic, other: &Topic) -> bool {
    one.metadata.namespace == other.metadata.namespace
        && one.spec.cluster == other.spec.cluster
        && kafka_topic(one) == kafka_topic(other)
}

/// Who owns the topic if not `topic`, and who has it after `topic`, among all objects that name it.
pub fn rivals(topic: &Topic, claimants: &[Arc<Topic>]) -> (Option<ObjectName>, Option<ObjectName>) {
    let own = name_of(topic);
    let others = claimants.iter().filter(|other| name_of(other) != own);
    let others: Vec<_> = others.collect();
    let mut claims: Vec<_> = others.iter().map(|other| claim(other)).collect();
    let staying = others.iter().zip(&claims);
    let heirs: Vec<_> = staying
        .filter(|(other, _)| other.metadata.deletion_timestamp.is_none())
        .map(|(_, claim)| claim.clone())
        .collect();
    claims.push(claim(topic));
    let owner = owners(&claims).into_values().next().cloned();
    let heir = owners(&heirs).into_values().next().cloned();
    (owner.filter(|owner| *owner != own), heir)
}

fn claim(topic: &Topic) -> Claim {
    let created = topic.metadata.creation_timestamp.as_ref();
    Claim {
        object: name_of(topic),
        topic: kafka_topic(topic).to_owned(),
        created: created.map_or(i64::MAX, |created| created.0.as_second()),
    }
}

fn name_of(topic: &Topic) -> ObjectName {
    ObjectName {
        namespace: topic.metadata.namespace.clone().unwrap_or_default(),
        name: topic.name_any(),
    }
}
