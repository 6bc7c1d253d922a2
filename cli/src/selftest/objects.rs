//! The objects that the self-test makes, and what their conditions say. Pure.

use crds::cluster::Storage;
use crds::topic::{DeletionPolicy, Retention};
use crds::{Cluster, ClusterSpec, Topic, TopicSpec, condition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, OwnerReference};
use kube::core::ObjectMeta;

/// Marks what a self-test made, for whoever finds it.
const MARK: (&str, &str) = ("eddyline.dev/selftest", "true");
const PARTITIONS: i32 = 2;

/// The pod that the objects belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) name: String,
    pub(super) uid: String,
}

/// What a run calls its objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) namespace: String,
    /// The Cluster in use.
    pub(super) cluster: String,
    /// Whether the test makes that Cluster, and so deletes it.
    pub(super) makes_cluster: bool,
    pub(super) topic: String,
    owner: Option<Owner>,
}

impl Names {
    /// Names that no other run has: `id` differs from run to run.
    pub(super) fn new(
        id: &str,
        cluster: Option<String>,
        namespace: String,
        owner: Option<Owner>,
    ) -> Self {
        let topic = format!("selftest-{id}");
        Self {
            namespace,
            makes_cluster: cluster.is_none(),
            cluster: cluster.unwrap_or_else(|| topic.clone()),
            topic,
            owner,
        }
    }

    /// The Cluster to make: it keeps nothing.
    pub(super) fn new_cluster(&self) -> Cluster {
        let storage = Storage {
            ephemeral: true,
            ..Storage::default()
        };
        let spec = ClusterSpec {
            replicas: 1,
            storage,
            ..ClusterSpec::default()
        };
        let mut cluster = Cluster::new(&self.cluster, spec);
        cluster.metadata = self.metadata(&self.cluster);
        cluster
    }

    /// The Topic to make.
    pub(super) fn new_topic(&self) -> Topic {
        let retention = Retention {
            time: "1h".parse().ok(),
            size: None,
        };
        let spec = TopicSpec {
            cluster: self.cluster.clone(),
            partitions: Some(PARTITIONS),
            retention: Some(retention),
            deletion_policy: Some(DeletionPolicy::Delete),
            ..TopicSpec::default()
        };
        let mut topic = Topic::new(&self.topic, spec);
        topic.metadata = self.metadata(&self.topic);
        topic
    }

    fn metadata(&self, name: &str) -> ObjectMeta {
        let owner = self.owner.as_ref().map(|owner| OwnerReference {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            name: owner.name.clone(),
            uid: owner.uid.clone(),
            ..OwnerReference::default()
        });
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(self.namespace.clone()),
            labels: Some([(MARK.0.to_owned(), MARK.1.to_owned())].into()),
            owner_references: owner.map(|owner| vec![owner]),
            ..ObjectMeta::default()
        }
    }
}

/// What an object says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    Ready,
    /// Not yet; with reason and message, empty where nobody has looked at the object yet.
    NotYet(String),
}

/// Reads the condition `Ready`; it counts when it speaks of this generation of the spec.
pub(super) fn readiness(conditions: &[Condition], generation: Option<i64>) -> Readiness {
    let Some(ready) = conditions
        .iter()
        .find(|known| known.type_ == condition::READY)
    else {
        return Readiness::NotYet(String::new());
    };
    if ready.observed_generation < generation {
        return Readiness::NotYet(String::new());
    }
    if ready.status == condition::Status::True.as_str() {
        return Readiness::Ready;
    }
    Readiness::NotYet(format!("{}: {}", ready.reason, ready.message))
}

#[cfg(test)]
mod tests {
    use crds::Reason;
    use k8s_openapi::jiff::Timestamp;

    use super::*;

    fn names(cluster: Option<&str>) -> Names {
        let owner = Owner {
            name: "pod".to_owned(),
            uid: "u-1".to_owned(),
        };
        Names::new(
            "0a1b",
            cluster.map(str::to_owned),
            "ns".to_owned(),
            Some(owner),
        )
    }

    #[test]
    fn everything_belongs_to_the_pod() {
        let names = names(None);
        for metadata in [names.new_cluster().metadata, names.new_topic().metadata] {
            assert_eq!(metadata.name.as_deref(), Some("selftest-0a1b"));
            assert_eq!(metadata.namespace.as_deref(), Some("ns"));
            let owners = metadata.owner_references.unwrap();
            assert_eq!(
                (owners[0].kind.as_str(), owners[0].uid.as_str()),
                ("Pod", "u-1")
            );
        }
    }

    #[test]
    fn a_given_cluster_is_not_made() {
        assert!(names(None).makes_cluster);
        let given = names(Some("tutorial"));
        assert!(!given.makes_cluster);
        assert_eq!(given.new_topic().spec.cluster, "tutorial");
    }

    #[test]
    fn the_spec_is_what_the_schema_takes() {
        let names = names(None);
        let cluster = serde_json::to_value(names.new_cluster().spec).unwrap();
        assert_eq!(cluster["storage"]["ephemeral"], true);
        assert_eq!(cluster["replicas"], 1);
        let topic = serde_json::to_value(names.new_topic().spec).unwrap();
        assert_eq!(topic["retention"]["time"], "1h");
        assert_eq!(topic["partitions"], 2);
    }

    #[test]
    fn only_a_condition_of_this_generation_counts() {
        let condition = |reason, generation| {
            vec![condition::ready(
                reason,
                "text".to_owned(),
                generation,
                Timestamp::UNIX_EPOCH,
            )]
        };
        let unseen = Readiness::NotYet(String::new());
        let table = [
            (vec![], Some(1), unseen.clone()),
            (condition(Reason::Running, 1), Some(2), unseen),
            (condition(Reason::Running, 2), Some(2), Readiness::Ready),
            (
                condition(Reason::ImagePull, 2),
                Some(2),
                Readiness::NotYet("ImagePull: text".to_owned()),
            ),
        ];
        for (conditions, generation, expected) in table {
            assert_eq!(readiness(&conditions, generation), expected);
        }
    }
}
