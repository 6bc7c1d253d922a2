//! The broker's pod. Pure.

use crds::Cluster;
use k8s_openapi::{
    api::core::v1::{
        ConfigMapVolumeSource, Container, ContainerPort, EmptyDirVolumeSource, EnvVar,
        PodTemplateSpec, Volume, VolumeMount,
    },
    apimachinery::pkg::api::resource::Quantity,
};
use kube::ResourceExt;

use super::{ADMIN_PORT, FORWARDED_PORT, KAFKA_PORT, SETTINGS_KEY, VOLUME, host, labels};
use crate::{
    names,
    restricted::{self, probe, resources, security},
};

/// Where the settings are mounted.
const SETTINGS_FOLDER: &str = "/etc/eddyline";
const SETTINGS_VOLUME: &str = "settings";
/// Where the volume is mounted.
const DATA_FOLDER: &str = "/data";
/// A folder of the broker's own: file systems keep a `lost+found` at the top of theirs.
const LOG_FOLDER: &str = "/data/broker";
/// Makes a broker start again when its settings change.
const SETTINGS_MARK: &str = "eddyline.dev/settings";
/// Seconds that a start may take: a large log is read after a crash.
const START_SECONDS: i32 = 900;

/// What a broker is given where the object names neither a request nor a limit.
const REQUESTS: [(&str, &str); 2] = [("cpu", "50m"), ("memory", "64Mi")];
const LIMITS: [(&str, &str); 2] = [("cpu", "2"), ("memory", "512Mi")];

pub(super) fn template(cluster: &Cluster, image: &str, settings_mark: &str) -> PodTemplateSpec {
    let settings = Volume {
        name: SETTINGS_VOLUME.to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: names::broker(&cluster.name_any()),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    };
    let storage = &cluster.spec.storage;
    let ephemeral = storage.ephemeral.then(|| Volume {
        name: VOLUME.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: Some(Quantity(storage.size.to_string())),
            ..EmptyDirVolumeSource::default()
        }),
        ..Volume::default()
    });
    restricted::template(
        &cluster.spec.pod.clone().unwrap_or_default(),
        labels(cluster),
        [(SETTINGS_MARK.to_owned(), settings_mark.to_owned())].into(),
        container(cluster, image),
        [settings].into_iter().chain(ephemeral).collect(),
    )
}

fn container(cluster: &Cluster, image: &str) -> Container {
    let port = |name: &str, port: u16| ContainerPort {
        name: Some(name.to_owned()),
        container_port: port.into(),
        ..ContainerPort::default()
    };
    let mount = |name: &str, path: &str, is_read_only: bool| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: is_read_only.then_some(true),
        ..VolumeMount::default()
    };
    let variable = |name: &str, value: String| EnvVar {
        name: name.to_owned(),
        value: Some(value),
        ..EnvVar::default()
    };
    Container {
        name: "broker".to_owned(),
        image: Some(image.to_owned()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        command: Some(command(cluster)),
        env: Some(vec![
            // The hand tools in this pod: `kubectl exec c-broker-0 -- /eddyline consume orders -n 5`.
            variable("EDDYLINE_BOOTSTRAP", format!("localhost:{FORWARDED_PORT}")),
            variable("EDDYLINE_LOG_FORMAT", "json".to_owned()),
        ]),
        ports: Some(vec![
            port("kafka", KAFKA_PORT),
            port("forwarded", FORWARDED_PORT),
            port("admin", ADMIN_PORT),
        ]),
        startup_probe: Some(probe("/livez", "admin", 1, START_SECONDS)),
        readiness_probe: Some(probe("/readyz", "admin", 2, 2)),
        liveness_probe: Some(probe("/livez", "admin", 10, 6)),
        resources: Some(resources(
            cluster.spec.resources.as_ref(),
            &REQUESTS,
            &LIMITS,
        )),
        security_context: Some(security()),
        // What a broker says as it ends stands in its Cluster's status.
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        volume_mounts: Some(vec![
            mount(VOLUME, DATA_FOLDER, false),
            mount(SETTINGS_VOLUME, SETTINGS_FOLDER, true),
        ]),
        ..Container::default()
    }
}

fn command(cluster: &Cluster) -> Vec<String> {
    let host = host(cluster);
    vec![
        "/eddyline".to_owned(),
        "broker".to_owned(),
        "--data-dir".to_owned(),
        LOG_FOLDER.to_owned(),
        "--listener".to_owned(),
        format!("internal=0.0.0.0:{KAFKA_PORT},advertise={host}:{KAFKA_PORT}"),
        "--listener".to_owned(),
        format!("forwarded=0.0.0.0:{FORWARDED_PORT},advertise=localhost:{FORWARDED_PORT}"),
        "--admin-listen".to_owned(),
        format!("0.0.0.0:{ADMIN_PORT}"),
        "--settings-file".to_owned(),
        format!("{SETTINGS_FOLDER}/{SETTINGS_KEY}"),
    ]
}
