//! Reads what concerns one Cluster: its children, its pod, its volume, its Kafka side, and who uses it.
//! Asks nobody: everything is read from what watches and the cluster's task have brought.

use std::{collections::BTreeSet, sync::Arc};

use crds::Cluster;
use k8s_openapi::{
    api::{
        apps::v1::StatefulSet,
        core::v1::{PersistentVolumeClaim, Pod},
    },
    apimachinery::pkg::apis::meta::v1::OwnerReference,
};
use kube::ResourceExt;

use super::children::VOLUME;
use crate::{
    children::labelled_for,
    context::{Context, Kind},
    names::{self, ObjectName, kafka_topic},
    snapshots::View,
};

/// What there is around a Cluster.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Its brokers' `StatefulSet`.
    pub set: Option<Arc<StatefulSet>>,
    /// The pods of that, by name.
    pub pods: Vec<Arc<Pod>>,
    /// The claim of the first broker's volume.
    pub claim: Option<Arc<PersistentVolumeClaim>>,
    /// Its Kafka side; `None` when nobody looks at it.
    pub view: Option<View>,
    /// The topics that Topic objects name.
    pub named_topics: BTreeSet<String>,
    /// How many Connectors name it.
    pub connectors: usize,
}

/// Reads from the stores.
pub fn observe(context: &Context, cluster: &Cluster, name: &ObjectName) -> Observed {
    let stores = &context.stores;
    let set_name = ObjectName {
        namespace: name.namespace.clone(),
        name: names::broker(&name.name),
    };
    let set = stores
        .stateful_sets
        .get(&set_name)
        .filter(|set| is_owned(set.owner_references(), cluster.uid().as_ref()));
    // A set that was made again takes its pods over: until then they have no owner.
    let is_own = |owners: &[OwnerReference]| {
        let owner = set.as_ref().and_then(|set| set.uid());
        owners.is_empty() || is_owned(owners, owner.as_ref())
    };
    let mut pods = stores.pods.select(|pod| {
        labelled_for(&pod.metadata).is_some_and(|(kind, of)| kind == Kind::Cluster && of == *name)
            && is_own(pod.owner_references())
    });
    pods.sort_by_key(|pod| pod.name_any());
    let claim_name = ObjectName {
        namespace: name.namespace.clone(),
        name: format!("{VOLUME}-{}-0", set_name.name),
    };
    let in_cluster = |namespace: Option<String>, cluster: &String| {
        namespace.as_ref() == Some(&name.namespace) && *cluster == name.name
    };
    let topics = stores
        .topics
        .select(|topic| in_cluster(topic.namespace(), &topic.spec.cluster));
    let connectors = stores
        .connectors
        .select(|connector| in_cluster(connector.namespace(), &connector.spec.cluster));
    Observed {
        set,
        pods,
        claim: stores.claims.get(&claim_name),
        view: context.snapshots.view(name),
        named_topics: topics
            .iter()
            .map(|topic| kafka_topic(topic).to_owned())
            .collect(),
        connectors: connectors.len(),
    }
}

fn is_owned(owners: &[OwnerReference], uid: Option<&String>) -> bool {
    uid.is_some() && owners.iter().any(|owner| Some(&owner.uid) == uid)
}
