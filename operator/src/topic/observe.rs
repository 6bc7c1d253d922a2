//! What a Topic's reconciling looks at. Asks no broker and no API server: everything is read from
//! what watches and the cluster's task have brought.

use std::sync::Arc;

use crds::{
    Cluster, Reason, Topic,
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

/// Whether nothing but its brokers' silence keeps a Cluster from serving, by its own account.
pub fn is_silent(cluster: &Cluster) -> bool {
    let conditions = cluster.status.iter().flat_map(|status| &status.conditions);
    let mut ready = conditions.filter(|condition| condition.type_ == READY);
    ready.any(|condition| condition.reason == Reason::BrokerUnreachable.as_str())
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    /// A Topic made at `second` that names the topic `shared`.
    fn topic(name: &str, second: i64, going: bool) -> Arc<Topic> {
        let mut topic: Topic = serde_json::from_value(serde_json::json!({
            "apiVersion": "eddyline.dev/v1alpha1", "kind": "Topic",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"cluster": "tutorial", "topicName": "shared"},
        }))
        .unwrap();
        let at = |second| Time(Timestamp::from_second(second).unwrap());
        topic.metadata.creation_timestamp = Some(at(second));
        topic.metadata.deletion_timestamp = going.then(|| at(9));
        Arc::new(topic)
    }

    #[test]
    fn the_oldest_owns_and_the_oldest_that_stays_inherits() {
        let all = [
            topic("a", 3, false),
            topic("b", 1, true),
            topic("c", 2, true),
            topic("d", 3, false),
        ];
        for (own, owner, heir) in [
            ("a", Some("b"), Some("d")),
            ("b", None, Some("a")),
            ("c", Some("b"), Some("a")),
            ("d", Some("b"), Some("a")),
        ] {
            let topic = all.iter().find(|topic| topic.name_any() == own).unwrap();
            let found = rivals(topic, &all);
            let names = |name: Option<ObjectName>| name.map(|name| name.name);
            let found = (names(found.0), names(found.1));
            let expected = (owner.map(str::to_owned), heir.map(str::to_owned));
            assert_eq!(found, expected, "{own}");
        }
        assert_eq!(rivals(&all[0], &all[..1]), (None, None));
    }

    #[test]
    fn a_topic_is_the_same_by_its_name_in_kafka_within_one_cluster() {
        let one = topic("a", 1, false);
        let mut other = Topic::clone(&one);
        other.metadata.name = Some("shared".to_owned());
        other.spec.topic_name = None;
        assert!(same_topic(&one, &other));
        other.spec.cluster = "other".to_owned();
        assert!(!same_topic(&one, &other));
        let mut elsewhere = Topic::clone(&one);
        elsewhere.metadata.namespace = Some("other".to_owned());
        assert!(!same_topic(&one, &elsewhere));
    }
}
