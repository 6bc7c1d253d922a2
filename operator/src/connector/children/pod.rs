//! The pod of a worker: passes the *restricted* Pod Security level, has probes and limits, and holds
//! nothing but its configuration. Pure.

use std::collections::BTreeMap;

use crds::{Connector, pod};
use k8s_openapi::{
    api::core::v1::{
        Capabilities, ConfigMapVolumeSource, Container, ContainerPort, EnvVar, EnvVarSource,
        HTTPGetAction, LocalObjectReference, ObjectFieldSelector, PodSecurityContext, PodSpec,
        PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile, SecurityContext, Volume,
        VolumeMount,
    },
    apimachinery::pkg::{
        api::resource::Quantity, apis::meta::v1::ObjectMeta, util::intstr::IntOrString,
    },
};

use super::{ADMIN_PORT, REST_PORT, Start, labels, worker_name};

/// The user and group of every process of ours.
const USER: i64 = 65_532;

/// Where the configuration is mounted: a folder, so that an edit arrives.
const CONFIG_FOLDER: &str = "/etc/eddyline/connector";

const GRACE_SECONDS: i64 = 30;

/// What a worker is given where the object names neither a request nor a limit.
const REQUESTS: [(&str, &str); 2] = [("cpu", "20m"), ("memory", "32Mi")];
const LIMITS: [(&str, &str); 2] = [("cpu", "2"), ("memory", "256Mi")];

pub(super) fn template(connector: &Connector, start: Start<'_>) -> PodTemplateSpec {
    let pod = connector.spec.pod.clone().unwrap_or_default();
    let mut labels_all = pod.labels.clone();
    labels_all.extend(labels(connector));
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(labels_all),
            annotations: (!pod.annotations.is_empty()).then_some(pod.annotations.clone()),
            ..ObjectMeta::default()
        }),
        spec: Some(spec(connector, start, pod)),
    }
}

fn spec(connector: &Connector, start: Start<'_>, pod: pod::Pod) -> PodSpec {
    let secrets: Vec<_> = pod
        .image_pull_secrets
        .into_iter()
        .map(|secret| LocalObjectReference { name: secret.name })
        .collect();
    PodSpec {
        affinity: pod.affinity,
        automount_service_account_token: Some(false),
        containers: vec![container(connector, start)],
        enable_service_links: Some(false),
        image_pull_secrets: (!secrets.is_empty()).then_some(secrets),
        node_selector: (!pod.node_selector.is_empty()).then_some(pod.node_selector),
        priority_class_name: pod.priority_class_name,
        security_context: Some(PodSecurityContext {
            fs_group: Some(USER),
            run_as_group: Some(USER),
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                ..SeccompProfile::default()
            }),
            ..PodSecurityContext::default()
        }),
        termination_grace_period_seconds: Some(GRACE_SECONDS),
        tolerations: (!pod.tolerations.is_empty()).then_some(pod.tolerations),
        volumes: Some(vec![Volume {
            name: "config".to_owned(),
            config_map: Some(ConfigMapVolumeSource {
                name: worker_name(connector),
                ..ConfigMapVolumeSource::default()
            }),
            ..Volume::default()
        }]),
        ..PodSpec::default()
    }
}

fn container(connector: &Connector, start: Start<'_>) -> Container {
    let port = |name: &str, port: u16| ContainerPort {
        name: Some(name.to_owned()),
        container_port: port.into(),
        ..ContainerPort::default()
    };
    Container {
        name: "worker".to_owned(),
        image: Some(start.image.to_owned()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        command: Some(command(connector, start.bootstrap)),
        env: Some(vec![
            field("EDDYLINE_POD_NAME", "metadata.name"),
            field("EDDYLINE_POD_UID", "metadata.uid"),
        ]),
        ports: Some(vec![port("rest", REST_PORT), port("admin", ADMIN_PORT)]),
        startup_probe: Some(probe("/livez", "admin", 1, 60)),
        readiness_probe: Some(probe("/connectors", "rest", 2, 3)),
        liveness_probe: Some(probe("/livez", "admin", 10, 3)),
        resources: Some(resources(connector)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                ..Capabilities::default()
            }),
            read_only_root_filesystem: Some(true),
            ..SecurityContext::default()
        }),
        volume_mounts: Some(vec![VolumeMount {
            name: "config".to_owned(),
            mount_path: CONFIG_FOLDER.to_owned(),
            read_only: Some(true),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    }
}

fn command(connector: &Connector, bootstrap: &str) -> Vec<String> {
    let namespace = connector.metadata.namespace.as_deref().unwrap_or_default();
    let peers = format!("{}.{namespace}.svc", worker_name(connector));
    let rest = format!("0.0.0.0:{REST_PORT}");
    let admin = format!("0.0.0.0:{ADMIN_PORT}");
    [
        "/eddyline",
        "worker",
        "--bootstrap",
        bootstrap,
        "--config-dir",
        CONFIG_FOLDER,
        "--listen",
        &rest,
        "--admin-listen",
        &admin,
        "--peer-service",
        &peers,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// An environment variable with a field of the pod itself.
fn field(name: &str, path: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                field_path: path.to_owned(),
                ..ObjectFieldSelector::default()
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}

fn probe(path: &str, port: &str, period_seconds: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(port.to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period_seconds),
        timeout_seconds: Some(2),
        failure_threshold: Some(failures),
        ..Probe::default()
    }
}

/// The object's amounts; ours where it says nothing of a resource. A request alone is its own limit:
/// ours could be below it.
fn resources(connector: &Connector) -> ResourceRequirements {
    let given = connector.spec.resources.clone().unwrap_or_default();
    let named = |key: &str| given.requests.contains_key(key) || given.limits.contains_key(key);
    let ours = |amounts: [(&str, &str); 2]| -> BTreeMap<String, Quantity> {
        amounts
            .into_iter()
            .filter(|(key, _)| !named(key))
            .map(|(key, amount)| (key.to_owned(), Quantity(amount.to_owned())))
            .collect()
    };
    let (mut requests, mut limits) = (ours(REQUESTS), ours(LIMITS));
    limits.extend(given.requests.clone());
    limits.extend(given.limits.clone());
    requests.extend(given.requests.clone());
    ResourceRequirements {
        requests: Some(requests),
        limits: Some(limits),
        ..ResourceRequirements::default()
    }
}
