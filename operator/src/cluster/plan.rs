//! Compares what a Cluster should own with what is there and says what to do. Pure; it cannot fail.

use std::sync::Arc;

use k8s_openapi::api::{
    apps::v1::{StatefulSet, StatefulSetSpec},
    core::v1::{PersistentVolumeClaim, Pod},
};
use kube::ResourceExt;
use serde::Serialize;

use super::{children::Children, observe::Observed};
use crate::{
    kubernetes::difference::{amount, covers},
    pods::{is_ready, trouble},
};

/// The label by which a pod says which template it was made from.
const REVISION: &str = "controller-revision-hash";

/// What to do for a Cluster.
#[derive(Clone, Debug)]
pub enum Action {
    /// Delete the `StatefulSet` and leave its pods and volumes: what differs cannot be changed in place.
    /// The next look makes it again, and it takes its pods back.
    Remake(Arc<StatefulSet>),
    /// Make the children be as rendered; writes only what differs.
    Apply(Box<Children>),
    /// Make the volume larger.
    Grow {
        /// Its claim.
        claim: Arc<PersistentVolumeClaim>,
        /// The size.
        size: String,
    },
    /// Delete a pod that does not come up from a template that is no longer wanted.
    Replace(Arc<Pod>),
}

/// What to do, in order. `wanted` is nothing for a Cluster whose brokers are elsewhere.
pub fn plan(wanted: Option<Children>, observed: &Observed) -> Vec<Action> {
    let Some(wanted) = wanted else {
        return Vec::new();
    };
    let remake = observed
        .set
        .clone()
        .filter(|set| must_be_remade(&wanted.brokers, set));
    let grow = observed
        .claim
        .clone()
        .and_then(|claim| grow(&wanted.brokers, claim));
    let pods = observed.pods.iter();
    let stuck = pods.filter(|pod| is_stuck(pod, observed.set.as_deref()));
    let replace: Vec<_> = stuck.cloned().map(Action::Replace).collect();
    let remake = remake.map(Action::Remake);
    let apply = Action::Apply(Box::new(wanted));
    remake
        .into_iter()
        .chain([apply])
        .chain(grow)
        .chain(replace)
        .collect()
}

/// Whether a field differs that a `StatefulSet` keeps from its first day to its last.
fn must_be_remade(wanted: &StatefulSet, found: &StatefulSet) -> bool {
    if found.metadata.deletion_timestamp.is_some() {
        return false;
    }
    let differ = |field: fn(&StatefulSetSpec) -> serde_json::Value| {
        let of = |set: &StatefulSet| set.spec.as_ref().map(field).unwrap_or_default();
        !covers(&of(wanted), &of(found))
    };
    differ(|spec| json(&spec.volume_claim_templates))
        || differ(|spec| json(&spec.selector))
        || differ(|spec| json(&spec.service_name))
        || differ(|spec| json(&spec.pod_management_policy))
}

fn json(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// A claim that asks for less than the template does. One that asks for more stays: volumes do not
/// shrink. One that has no volume yet cannot change.
fn grow(wanted: &StatefulSet, claim: Arc<PersistentVolumeClaim>) -> Option<Action> {
    let size = |claim: &PersistentVolumeClaim| {
        let resources = claim.spec.as_ref()?.resources.as_ref()?;
        Some(resources.requests.as_ref()?.get("storage")?.0.clone())
    };
    let phase = claim.status.as_ref()?.phase.as_deref();
    let templates = wanted.spec.as_ref()?.volume_claim_templates.as_ref()?;
    let wanted = size(templates.first()?)?;
    let found = size(&claim)?;
    let is_less = amount(&found)? < amount(&wanted)?;
    (is_less && phase == Some("Bound")).then_some(Action::Grow {
        claim,
        size: wanted,
    })
}

/// Whether a pod of an old template does not come up: it would hold the new one back.
fn is_stuck(pod: &Pod, set: Option<&StatefulSet>) -> bool {
    let Some(set) = set else { return false };
    let Some(status) = set.status.as_ref() else {
        return false;
    };
    let is_current = status.observed_generation >= set.metadata.generation;
    let revision = pod.labels().get(REVISION);
    is_current
        && pod.metadata.deletion_timestamp.is_none()
        && status.update_revision.is_some()
        && revision.is_some()
        && revision != status.update_revision.as_ref()
        && !is_ready(pod)
        && trouble(pod).is_some()
}

#[cfg(test)]
mod tests {
    use crds::Cluster;
    use serde_json::json;

    use super::{super::children::children, *};

    fn wanted(size: &str) -> Children {
        let spec = json!({"storage": {"size": size}});
        let mut cluster = Cluster::new("c", serde_json::from_value(spec).unwrap());
        cluster.metadata.namespace = Some("n".into());
        cluster.metadata.uid = Some("u".into());
        children(&cluster, "i:1")
    }

    fn verbs(wanted: Option<Children>, observed: &Observed) -> Vec<String> {
        let actions = plan(wanted, observed).into_iter();
        let verb = |action| match action {
            Action::Remake(set) => format!("remake {}", set.name_any()),
            Action::Apply(_) => "apply".to_owned(),
            Action::Grow { claim, size } => format!("grow {} to {size}", claim.name_any()),
            Action::Replace(pod) => format!("replace {}", pod.name_any()),
        };
        actions.map(verb).collect()
    }

    fn claim(size: &str) -> Arc<PersistentVolumeClaim> {
        let claim = json!({
            "metadata": {"name": "data-c-broker-0"},
            "spec": {"resources": {"requests": {"storage": size}}}, "status": {"phase": "Bound"},
        });
        Arc::new(serde_json::from_value(claim).unwrap())
    }

    #[test]
    fn elsewhere_nothing_is_made() {
        assert_eq!(verbs(None, &Observed::default()), Vec::<String>::new());
    }

    #[test]
    fn a_set_stays_until_something_unchangeable_differs() {
        let mut found = wanted("2Gi").brokers;
        if let Some(spec) = &mut found.spec {
            // What the API server fills in.
            spec.min_ready_seconds = Some(0);
            spec.replicas = Some(0);
        }
        let observed = Observed {
            set: Some(Arc::new(found)),
            claim: Some(claim("2048Mi")),
            ..Observed::default()
        };
        assert_eq!(verbs(Some(wanted("2Gi")), &observed), ["apply"]);
        assert_eq!(
            verbs(Some(wanted("4Gi")), &observed),
            ["remake c-broker", "apply", "grow data-c-broker-0 to 4Gi"]
        );
        assert_eq!(
            verbs(Some(wanted("1Gi")), &observed),
            ["remake c-broker", "apply"],
            "a volume that is larger stays"
        );
    }

    #[test]
    fn a_pod_of_an_old_template_that_does_not_come_up_is_replaced() {
        let mut set = wanted("2Gi").brokers;
        set.metadata.generation = Some(2);
        let status = json!({"replicas": 1, "observedGeneration": 2, "updateRevision": "new"});
        set.status = Some(serde_json::from_value(status).unwrap());
        let pod = |revision: &str, reason: &str| -> Arc<Pod> {
            let pod = json!({
                "metadata": {"name": "c-broker-0", "labels": {REVISION: revision}},
                "status": {"containerStatuses": [{
                    "name": "broker", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
                    "state": {"waiting": {"reason": reason}},
                }]},
            });
            Arc::new(serde_json::from_value(pod).unwrap())
        };
        for (revision, reason, is_replaced) in [
            ("old", "ImagePullBackOff", true),
            ("old", "CrashLoopBackOff", true),
            ("old", "ContainerCreating", false),
            ("new", "ImagePullBackOff", false),
        ] {
            let observed = Observed {
                set: Some(Arc::new(set.clone())),
                pods: vec![pod(revision, reason)],
                ..Observed::default()
            };
            let verbs = verbs(Some(wanted("2Gi")), &observed);
            let replaced = verbs.contains(&"replace c-broker-0".to_owned());
            assert_eq!(replaced, is_replaced, "{revision} {reason}");
        }
    }
}
