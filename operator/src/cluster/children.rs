//! What a Cluster owns in Kubernetes: a ConfigMap with the broker's settings, a Service for clients, a
//! headless one for the pod's name, and a StatefulSet of one broker. Pure.

mod pod;

use std::{collections::BTreeMap, fmt::Write};

use crds::{Cluster, cluster::ClusterState};
use k8s_openapi::{
    api::{
        apps::v1::{StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec},
        core::v1::{
            ConfigMap, PersistentVolumeClaim, PersistentVolumeClaimSpec, Service, ServicePort,
            ServiceSpec, VolumeResourceRequirements,
        },
    },
    apimachinery::pkg::{
        api::resource::Quantity,
        apis::meta::v1::{LabelSelector, ObjectMeta},
    },
};
use kube::ResourceExt;

use crate::{
    children::{CLUSTER_LABEL, labels as labels_of, owner_reference},
    context::Kind,
    kubernetes::difference::fingerprint,
    names,
};

/// Where clients in Kubernetes connect.
pub const KAFKA_PORT: u16 = 9092;
/// Where clients behind `kubectl port-forward` connect: advertised as `localhost`.
pub const FORWARDED_PORT: u16 = 9094;
/// Where health and metrics are served.
pub const ADMIN_PORT: u16 = 9600;
/// The volume and its claim template.
pub const VOLUME: &str = "data";

/// The one key of the `ConfigMap`.
const SETTINGS_KEY: &str = "broker.properties";
/// Old pod templates that are kept; nobody rolls back by hand what an operator owns.
const REVISIONS_KEPT: i32 = 2;
/// What a cluster of ours differs in from a broker alone, unless its `config` says otherwise.
const DEFAULTS: [(&str, &str); 1] = [("auto.create.topics.enable", "false")];

/// Everything that a Cluster owns.
#[derive(Clone, Debug, PartialEq)]
pub struct Children {
    /// The broker's settings.
    pub settings: ConfigMap,
    /// Where clients connect.
    pub clients: Service,
    /// The name of the broker's pod.
    pub headless: Service,
    /// The broker.
    pub brokers: StatefulSet,
}

/// The children of `cluster`, whose pods run `image`.
pub fn children(cluster: &Cluster, image: &str) -> Children {
    let settings = settings(cluster);
    let mark = format!("{:016x}", fingerprint(settings.as_bytes()));
    Children {
        settings: ConfigMap {
            metadata: metadata(cluster, names::broker(&cluster.name_any())),
            data: Some([(SETTINGS_KEY.to_owned(), settings)].into()),
            ..ConfigMap::default()
        },
        clients: clients(cluster),
        headless: headless(cluster),
        brokers: brokers(cluster, image, &mark),
    }
}

/// Where clients in Kubernetes find the bundled broker: a contract.
pub fn bootstrap(cluster: &Cluster) -> String {
    format!("{}:{KAFKA_PORT}", host(cluster))
}

fn host(cluster: &Cluster) -> String {
    let namespace = cluster.namespace().unwrap_or_default();
    format!("{}.{namespace}.svc", cluster.name_any())
}

/// The broker's settings as it reads them: a line each.
fn settings(cluster: &Cluster) -> String {
    let mut all: BTreeMap<&str, &str> = DEFAULTS.into();
    let given = cluster.spec.config.iter();
    all.extend(given.map(|(name, value)| (name.as_str(), value.as_str())));
    let mut text = String::new();
    for (name, value) in all {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name}={value}");
    }
    text
}

fn clients(cluster: &Cluster) -> Service {
    Service {
        metadata: metadata(cluster, cluster.name_any()),
        spec: Some(ServiceSpec {
            ports: Some(vec![
                port("kafka", KAFKA_PORT),
                port("forwarded", FORWARDED_PORT),
            ]),
            selector: Some(selector(cluster)),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn headless(cluster: &Cluster) -> Service {
    Service {
        metadata: metadata(cluster, names::broker(&cluster.name_any())),
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".to_owned()),
            ports: Some(vec![port("kafka", KAFKA_PORT), port("admin", ADMIN_PORT)]),
            publish_not_ready_addresses: Some(true),
            selector: Some(selector(cluster)),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn port(name: &str, port: u16) -> ServicePort {
    ServicePort {
        name: Some(name.to_owned()),
        port: port.into(),
        ..ServicePort::default()
    }
}

fn brokers(cluster: &Cluster, image: &str, settings_mark: &str) -> StatefulSet {
    let spec = &cluster.spec;
    let when_deleted = if spec.storage.retain {
        "Retain"
    } else {
        "Delete"
    };
    let stops = spec.state == ClusterState::Stopped;
    StatefulSet {
        metadata: metadata(cluster, names::broker(&cluster.name_any())),
        spec: Some(StatefulSetSpec {
            persistent_volume_claim_retention_policy: Some(
                StatefulSetPersistentVolumeClaimRetentionPolicy {
                    when_deleted: Some(when_deleted.to_owned()),
                    when_scaled: Some("Retain".to_owned()),
                },
            ),
            // A template that was wrong is replaced without waiting for its pod.
            pod_management_policy: Some("Parallel".to_owned()),
            replicas: Some(if stops { 0 } else { spec.replicas }),
            revision_history_limit: Some(REVISIONS_KEPT),
            selector: LabelSelector {
                match_labels: Some(selector(cluster)),
                ..LabelSelector::default()
            },
            service_name: Some(names::broker(&cluster.name_any())),
            template: pod::template(cluster, image, settings_mark),
            volume_claim_templates: (!spec.storage.ephemeral).then(|| vec![claim(cluster)]),
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    }
}

fn claim(cluster: &Cluster) -> PersistentVolumeClaim {
    let storage = &cluster.spec.storage;
    let size = Quantity(storage.size.to_string());
    PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(VOLUME.to_owned()),
            labels: Some(labels(cluster)),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some([("storage".to_owned(), size)].into()),
                ..VolumeResourceRequirements::default()
            }),
            storage_class_name: storage.class_name.clone(),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}

fn metadata(cluster: &Cluster, name: String) -> ObjectMeta {
    ObjectMeta {
        name: Some(name),
        namespace: cluster.namespace(),
        labels: Some(labels(cluster)),
        owner_references: owner_reference(cluster).map(|owner| vec![owner]),
        ..ObjectMeta::default()
    }
}

fn labels(cluster: &Cluster) -> BTreeMap<String, String> {
    let name = cluster.name_any();
    labels_of(Kind::Cluster, &name, "broker", &name)
}

/// Labels that no edit of the object changes.
fn selector(cluster: &Cluster) -> BTreeMap<String, String> {
    let component = "app.kubernetes.io/component".to_owned();
    [
        (component, "broker".to_owned()),
        (CLUSTER_LABEL.to_owned(), cluster.name_any()),
    ]
    .into()
}

#[cfg(test)]
mod tests;
