//! What a Connector owns in Kubernetes: a ConfigMap with its configuration, a headless Service and a
//! StatefulSet of workers. Pure.
//!
//! The pod template depends on `resources`, `pod`, the image and the Cluster's address alone. Every
//! other field reaches running workers by the ConfigMap and by REST, and restarts no pod.
//!
//! Deleting a Connector needs no finalizer: the garbage collector takes the children by their owner
//! reference, and what the workers stored stays under the object's uid until the next worker of that
//! name, which has another uid, writes tombstones over it.

mod pod;

use std::collections::BTreeMap;

use crds::Connector;
use k8s_openapi::{
    api::{
        apps::v1::{StatefulSet, StatefulSetSpec},
        core::v1::{ConfigMap, Service, ServicePort, ServiceSpec},
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference},
};
use kube::Resource;

use super::pods::REST_PORT;
use crate::{
    children::{CONNECTOR_LABEL, labels as labels_of},
    context::Kind,
    names,
    ports::connect_api::Config,
};

/// The one key of the ConfigMap.
pub const CONFIG_KEY: &str = "connector.json";

/// Where workers serve health and metrics.
const ADMIN_PORT: u16 = 9600;

/// Old pod templates that are kept; nobody rolls back by hand what an operator owns.
const REVISIONS_KEPT: i32 = 2;

/// Everything that a Connector owns.
#[derive(Clone, Debug, PartialEq)]
pub struct Children {
    /// The configuration that workers mount.
    pub config: ConfigMap,
    /// The names of the worker pods.
    pub service: Service,
    /// The worker pods.
    pub workers: StatefulSet,
}

/// What workers are started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start<'a> {
    /// The image of the pods.
    pub image: &'a str,
    /// Where the Cluster's brokers are, as `host:port`, several separated by commas.
    pub bootstrap: &'a str,
}

/// The children of `connector`; `config` is what its workers follow.
pub fn children(connector: &Connector, config: &Config, start: Start<'_>) -> Children {
    Children {
        config: config_map(connector, config),
        service: service(connector),
        workers: stateful_set(connector, start),
    }
}

/// The configuration that `map` holds; `None` where it holds none that can be read.
pub fn config_of(map: &ConfigMap) -> Option<Config> {
    serde_json::from_str(map.data.as_ref()?.get(CONFIG_KEY)?).ok()
}

/// Selects the worker pods, as `status.selector` says it.
pub fn selector_text(connector: &Connector) -> String {
    let pairs: Vec<_> = selector(connector)
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    pairs.join(",")
}

fn config_map(connector: &Connector, config: &Config) -> ConfigMap {
    let mut text = serde_json::to_string_pretty(config).unwrap_or_default();
    text.push('\n');
    ConfigMap {
        metadata: metadata(connector),
        data: Some(BTreeMap::from([(CONFIG_KEY.to_owned(), text)])),
        ..ConfigMap::default()
    }
}

fn service(connector: &Connector) -> Service {
    let port = |name: &str, port: u16| ServicePort {
        name: Some(name.to_owned()),
        port: port.into(),
        ..ServicePort::default()
    };
    Service {
        metadata: metadata(connector),
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".to_owned()),
            ports: Some(vec![port("rest", REST_PORT), port("admin", ADMIN_PORT)]),
            // Peers ask each other before they are ready.
            publish_not_ready_addresses: Some(true),
            selector: Some(selector(connector)),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn stateful_set(connector: &Connector, start: Start<'_>) -> StatefulSet {
    StatefulSet {
        metadata: metadata(connector),
        spec: Some(StatefulSetSpec {
            // All at once, and a template that was wrong is replaced without waiting for its pods.
            pod_management_policy: Some("Parallel".to_owned()),
            replicas: Some(connector.spec.workers),
            revision_history_limit: Some(REVISIONS_KEPT),
            selector: LabelSelector {
                match_labels: Some(selector(connector)),
                ..LabelSelector::default()
            },
            service_name: Some(worker_name(connector)),
            template: pod::template(connector, start),
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    }
}

/// The name of every child.
fn worker_name(connector: &Connector) -> String {
    names::worker(connector.metadata.name.as_deref().unwrap_or_default())
}

fn metadata(connector: &Connector) -> ObjectMeta {
    ObjectMeta {
        name: Some(worker_name(connector)),
        namespace: connector.metadata.namespace.clone(),
        labels: Some(labels(connector)),
        owner_references: owner(connector).map(|owner| vec![owner]),
        ..ObjectMeta::default()
    }
}

/// The children go with the object, and in a foreground deletion before it.
fn owner(connector: &Connector) -> Option<OwnerReference> {
    Some(OwnerReference {
        block_owner_deletion: Some(true),
        ..connector.controller_owner_ref(&())?
    })
}

/// Labels that no edit of the object changes.
fn selector(connector: &Connector) -> BTreeMap<String, String> {
    let name = connector.metadata.name.clone().unwrap_or_default();
    BTreeMap::from([
        (
            "app.kubernetes.io/component".to_owned(),
            "worker".to_owned(),
        ),
        (CONNECTOR_LABEL.to_owned(), name),
    ])
}

fn labels(connector: &Connector) -> BTreeMap<String, String> {
    let name = connector.metadata.name.as_deref().unwrap_or_default();
    labels_of(Kind::Connector, name, "worker", &connector.spec.cluster)
}

#[cfg(test)]
mod tests;
