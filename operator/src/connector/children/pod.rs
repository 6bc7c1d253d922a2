//! The pod of a worker: holds nothing but its configuration. Pure.

use std::collections::BTreeMap;

use crds::Connector;
use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, Container, ContainerPort, EnvVar, EnvVarSource, ObjectFieldSelector,
    PodTemplateSpec, Volume, VolumeMount,
};

use super::{ADMIN_PORT, REST_PORT, Start, labels, worker_name};
use crate::restricted::{self, probe, resources, security};

/// Where the configuration is mounted: a folder, so that an edit arrives.
const CONFIG_FOLDER: &str = "/etc/eddyline/connector";

/// What a worker is given where the object names neither a request nor a limit.
const REQUESTS: [(&str, &str); 2] = [("cpu", "20m"), ("memory", "32Mi")];
const LIMITS: [(&str, &str); 2] = [("cpu", "2"), ("memory", "256Mi")];

pub(super) fn template(connector: &Connector, start: Start<'_>) -> PodTemplateSpec {
    let config = Volume {
        name: "config".to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: worker_name(connector),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    };
    restricted::template(
        &connector.spec.pod.clone().unwrap_or_default(),
        labels(connector),
        BTreeMap::new(),
        container(connector, start),
        vec![config],
    )
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
        resources: Some(resources(
            connector.spec.resources.as_ref(),
            &REQUESTS,
            &LIMITS,
        )),
        security_context: Some(security()),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
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
