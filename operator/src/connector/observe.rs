//! Reads what concerns one Connector: its Cluster, its children, its pods. The only step that reads.

use std::sync::Arc;

use crds::{Cluster, Connector, Reason, cluster::Engine, condition};
use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::Pod};
use kube::{ResourceExt, api::ListParams};

use super::{
    children::{config_of, selector_text},
    pods::{WorkerPod, workers},
};
use crate::{
    context::Context,
    kubernetes::{
        call::{self, CallError, within},
        store::name_of,
    },
    names::{self, ObjectName},
    ports::connect_api::Config,
    watches::is_serving,
};

/// Where the bundled broker listens inside of Kubernetes.
const KAFKA_PORT: u16 = 9092;

/// What there is around a Connector.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Its Cluster.
    pub cluster: Option<SeenCluster>,
    /// The configuration that its `ConfigMap` holds: what workers were given last.
    pub previous: Option<Config>,
    /// Its workers' `StatefulSet`.
    pub set: Option<Arc<StatefulSet>>,
    /// The pods of that.
    pub pods: Vec<WorkerPod>,
}

/// What a Connector needs to know of its Cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenCluster {
    /// Where its brokers are, or will be.
    pub bootstrap: String,
    /// It serves.
    pub serves: bool,
    /// The reason of its `Ready`.
    pub reason: Option<String>,
    /// The last look at it did not show the topic.
    pub lacks_topic: bool,
}

/// Reads from the stores, which hold our own writes at once.
pub fn observe(context: &Context, connector: &Connector) -> Observed {
    let stores = &context.stores;
    let name = name_of(&connector.metadata);
    let child = ObjectName {
        namespace: name.namespace.clone(),
        name: names::worker(&name.name),
    };
    let is_own = |owners: &[k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference]| {
        owners
            .iter()
            .any(|owner| Some(&owner.uid) == connector.metadata.uid.as_ref())
    };
    let set = stores
        .stateful_sets
        .get(&child)
        .filter(|set| is_own(set.owner_references()));
    let map = stores
        .config_maps
        .get(&child)
        .filter(|map| is_own(map.owner_references()));
    let pods = set.as_deref().map_or_else(Vec::new, |set| {
        let own = |pod: &Pod| pod.namespace().as_ref() == Some(&name.namespace);
        let pods = stores.pods.select(own);
        workers(pods.iter().map(Arc::as_ref), &set.metadata)
    });
    let of_spec = ObjectName {
        namespace: name.namespace,
        name: connector.spec.cluster.clone(),
    };
    Observed {
        cluster: stores.clusters.get(&of_spec).map(|cluster| SeenCluster {
            lacks_topic: lacks_topic(context, &of_spec, &connector.spec.topic),
            ..seen_cluster(&cluster)
        }),
        previous: map.as_deref().and_then(config_of),
        set,
        pods,
    }
}

/// Asks the API server itself for the pods: who owns the tasks of a layout that ends must not rest on
/// a cache.
pub async fn live_pods(
    context: &Context,
    connector: &Connector,
    set: Option<&StatefulSet>,
) -> Result<Vec<WorkerPod>, CallError> {
    let Some(set) = set else {
        return Ok(Vec::new());
    };
    let namespace = connector.namespace().unwrap_or_default();
    let api = call::api::<Pod>(&context.client, &namespace);
    let parameters = ListParams::default().labels(&selector_text(connector));
    let operation = || {
        format!(
            "list the worker pods of Connector {namespace}/{}",
            connector.name_any()
        )
    };
    let pods = within(operation, api.list(&parameters)).await?;
    Ok(workers(&pods.items, &set.metadata))
}

fn seen_cluster(cluster: &Cluster) -> SeenCluster {
    let status = cluster.status.as_ref();
    let mut conditions = status.iter().flat_map(|status| &status.conditions);
    let ready = conditions.find(|condition| condition.type_ == condition::READY);
    SeenCluster {
        bootstrap: bootstrap(cluster),
        serves: is_serving(cluster),
        reason: ready
            .map(|ready| ready.reason.clone())
            .filter(|reason| reason != Reason::Running.as_str()),
        lacks_topic: false,
    }
}

/// A contract: known before the Cluster serves, so that workers start beside the broker.
fn bootstrap(cluster: &Cluster) -> String {
    match cluster.spec.engine {
        Engine::External => cluster.spec.bootstrap_servers.join(","),
        Engine::Bundled => {
            let namespace = cluster.namespace().unwrap_or_default();
            format!("{}.{namespace}.svc:{KAFKA_PORT}", cluster.name_any())
        }
    }
}

fn lacks_topic(context: &Context, cluster: &ObjectName, topic: &str) -> bool {
    let view = context.snapshots.view(cluster);
    let snapshot = view.as_ref().and_then(|view| view.snapshot());
    snapshot.is_some_and(|snapshot| !snapshot.topics.contains_key(topic))
}
