//! A Connector's worker pods: which there are, where they answer, and what keeps one from running.
//! Pure.

use std::net::{IpAddr, SocketAddr};

use k8s_openapi::{
    api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::ObjectMeta, jiff::Timestamp,
};

pub use crate::pods::Trouble;
use crate::pods::{containers, is_ready, trouble};

/// Where workers serve Connect's REST API.
pub const REST_PORT: u16 = 8083;

/// Ordinals from here on are none of ours: the kind allows 256 workers.
const ORDINALS_MAX: usize = 256;

/// How long a pod may take to become ready before that is reported.
const START_MAX_SECONDS: i64 = 60;

/// One worker pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerPod {
    /// Its number in the set, from 0.
    pub ordinal: usize,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// How often its container was started again.
    pub restarts: i32,
    /// Where its REST API is, once it has an address.
    pub rest: Option<SocketAddr>,
    /// Its containers are ready and it is not about to end.
    pub ready: bool,
    /// Since when it is there.
    pub since: Option<Timestamp>,
    /// What keeps it from running.
    pub trouble: Option<Trouble>,
}

/// The pods of the `StatefulSet` `set`, by ordinal. Pods that only carry its labels, or belong to one
/// of its name that is gone, are left out.
pub fn workers<'a>(pods: impl IntoIterator<Item = &'a Pod>, set: &ObjectMeta) -> Vec<WorkerPod> {
    let mut workers: Vec<_> = pods
        .into_iter()
        .filter_map(|pod| worker(pod, set))
        .collect();
    workers.sort_by_key(|pod| pod.ordinal);
    workers
}

/// The pods' uids by ordinal, an empty one where a pod is missing: of all `wanted` pods, and of those
/// beyond that are still there. A pod that is about to end is there until it has ended.
pub fn uids(pods: &[WorkerPod], wanted: i32) -> Vec<String> {
    let highest = pods.iter().map(|pod| pod.ordinal + 1).max().unwrap_or(0);
    let count = highest.max(usize::try_from(wanted).unwrap_or(0));
    let mut uids = vec![String::new(); count.min(ORDINALS_MAX)];
    for pod in pods {
        if let Some(uid) = uids.get_mut(pod.ordinal) {
            uid.clone_from(&pod.uid);
        }
    }
    uids
}

impl WorkerPod {
    /// It had time to become ready, and did not.
    pub fn is_late(&self, now: Timestamp) -> bool {
        let late = |since: Timestamp| now.duration_since(since).as_secs() >= START_MAX_SECONDS;
        !self.ready && self.since.is_some_and(late)
    }
}

fn worker(pod: &Pod, set: &ObjectMeta) -> Option<WorkerPod> {
    let metadata = &pod.metadata;
    let name = metadata.name.as_deref()?;
    let mut owners = metadata.owner_references.iter().flatten();
    owners.find(|owner| Some(&owner.uid) == set.uid.as_ref())?;
    let ordinal = name
        .strip_prefix(set.name.as_deref()?)?
        .strip_prefix('-')?
        .parse()
        .ok()?;
    if ordinal >= ORDINALS_MAX {
        return None;
    }
    let status = pod.status.as_ref();
    let ip = status.and_then(|status| status.pod_ip.as_deref()?.parse::<IpAddr>().ok());
    Some(WorkerPod {
        ordinal,
        name: name.to_owned(),
        uid: metadata.uid.clone()?,
        restarts: containers(pod).map(|one| one.restart_count).sum(),
        rest: ip.map(|ip| SocketAddr::new(ip, REST_PORT)),
        ready: is_ready(pod) && metadata.deletion_timestamp.is_none(),
        since: metadata.creation_timestamp.as_ref().map(|time| time.0),
        trouble: trouble(pod),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;

    fn pod(name: &str, status: &Value) -> Arc<Pod> {
        let pod = json!({
            "metadata": {
                "name": name, "uid": format!("uid-of-{name}"), "creationTimestamp": "2026-01-01T00:00:00Z",
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "gen-worker", "uid": "s", "controller": true}],
            },
            "status": status,
        });
        Arc::new(serde_json::from_value(pod).unwrap())
    }

    fn read(pods: &[Arc<Pod>]) -> Vec<WorkerPod> {
        let set = ObjectMeta {
            name: Some("gen-worker".into()),
            uid: Some("s".into()),
            ..ObjectMeta::default()
        };
        workers(pods.iter().map(Arc::as_ref), &set)
    }

    #[test]
    fn pods_are_read_by_ordinal_and_strangers_left_out() {
        let ready =
            json!({"podIP": "10.0.0.7", "conditions": [{"type": "Ready", "status": "True"}]});
        let mut stranger = (*pod("gen-worker-3", &json!({}))).clone();
        stranger.metadata.owner_references = None;
        let mut ending = (*pod("gen-worker-1", &ready)).clone();
        ending.metadata.deletion_timestamp = ending.metadata.creation_timestamp.clone();
        let pods = read(&[
            pod("gen-worker-10", &json!({"podIP": "fd00::7"})),
            Arc::new(ending),
            pod("gen-worker-0", &ready),
            pod("gen-worker-x", &json!({})),
            pod("gen-worker-99999", &json!({})),
            Arc::new(stranger),
        ]);
        let shown: Vec<_> = pods
            .iter()
            .map(|pod| {
                (
                    pod.ordinal,
                    pod.ready,
                    pod.rest.map(|rest| rest.to_string()),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                (0, true, Some("10.0.0.7:8083".to_owned())),
                (1, false, Some("10.0.0.7:8083".to_owned())),
                (10, false, Some("[fd00::7]:8083".to_owned())),
            ]
        );
    }

    #[test]
    fn uids_name_every_wanted_pod_and_those_still_there() {
        let pods = read(&[
            pod("gen-worker-0", &json!({})),
            pod("gen-worker-2", &json!({})),
        ]);
        let (first, third) = (
            "uid-of-gen-worker-0".to_owned(),
            "uid-of-gen-worker-2".to_owned(),
        );
        let none = String::new;
        assert_eq!(uids(&pods, 1), [first.clone(), none(), third.clone()]);
        assert_eq!(uids(&pods, 4), [first, none(), third, none()]);
        assert_eq!(uids(&[], 1), [none()]);
    }

    #[test]
    fn troubles_are_told_apart() {
        let waiting = |reason: &str| {
            json!({"containerStatuses": [{
                "name": "worker", "image": "registry.local/eddyline:0", "imageID": "", "ready": false, "restartCount": 3,
                "state": {"waiting": {"reason": reason, "message": "why"}},
                "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
            }]})
        };
        let placement = json!({"conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available"},
        ]});
        for (status, want) in [
            (waiting("ContainerCreating"), None),
            (
                waiting("ImagePullBackOff"),
                Some(Trouble::Image("registry.local/eddyline:0".into())),
            ),
            (
                waiting("CrashLoopBackOff"),
                Some(Trouble::Crash("OOMKilled (code 137)".into())),
            ),
            (
                waiting("CreateContainerError"),
                Some(Trouble::Container("why".into())),
            ),
            (
                placement,
                Some(Trouble::Placement("0/1 nodes are available".into())),
            ),
            (json!({}), None),
        ] {
            assert_eq!(
                read(&[pod("gen-worker-0", &status)])[0].trouble,
                want,
                "{status}"
            );
        }
    }

    #[test]
    fn a_pod_is_late_after_a_minute() {
        let pods = read(&[pod("gen-worker-0", &json!({}))]);
        let at = |time: &str| time.parse().unwrap();
        assert!(!pods[0].is_late(at("2026-01-01T00:00:59Z")));
        assert!(pods[0].is_late(at("2026-01-01T00:01:00Z")));
    }
}
