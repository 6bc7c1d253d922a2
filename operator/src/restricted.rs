//! What all pods of ours have in common: they pass the *restricted* Pod Security level, have probes and
//! limits, no token and a read-only root. Pure.
//!
//! Knows pods; what runs in them is each kind's.

use std::collections::BTreeMap;

use crds::pod;
use k8s_openapi::{
    api::core::v1::{
        Capabilities, Container, HTTPGetAction, LocalObjectReference, PodSecurityContext, PodSpec,
        PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile, SecurityContext, Volume,
    },
    apimachinery::pkg::{
        api::resource::Quantity, apis::meta::v1::ObjectMeta, util::intstr::IntOrString,
    },
};

use crate::{Finding, kubernetes::difference::amount};

/// The user and group of every process of ours.
const USER: i64 = 65_532;
/// How long a process may take to end; ours take a few seconds.
const GRACE_SECONDS: i64 = 30;
/// How long a probe waits for its answer.
const PROBE_SECONDS: i32 = 2;

/// A pod of one container. `labels` win over those of `given`.
pub fn template(
    given: &pod::Pod,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    container: Container,
    volumes: Vec<Volume>,
) -> PodTemplateSpec {
    let mut all_labels = given.labels.clone();
    all_labels.extend(labels);
    let mut all_annotations = given.annotations.clone();
    all_annotations.extend(annotations);
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(all_labels),
            annotations: (!all_annotations.is_empty()).then_some(all_annotations),
            ..ObjectMeta::default()
        }),
        spec: Some(spec(given, container, volumes)),
    }
}

fn spec(given: &pod::Pod, container: Container, volumes: Vec<Volume>) -> PodSpec {
    let secrets = given.image_pull_secrets.iter();
    let secrets: Vec<_> = secrets
        .map(|secret| LocalObjectReference {
            name: secret.name.clone(),
        })
        .collect();
    PodSpec {
        affinity: given.affinity.clone(),
        automount_service_account_token: Some(false),
        containers: vec![container],
        enable_service_links: Some(false),
        image_pull_secrets: (!secrets.is_empty()).then_some(secrets),
        node_selector: (!given.node_selector.is_empty()).then(|| given.node_selector.clone()),
        priority_class_name: given.priority_class_name.clone(),
        security_context: Some(PodSecurityContext {
            fs_group: Some(USER),
            // A large volume need not be walked at every start.
            fs_group_change_policy: Some("OnRootMismatch".to_owned()),
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
        tolerations: (!given.tolerations.is_empty()).then(|| given.tolerations.clone()),
        volumes: (!volumes.is_empty()).then_some(volumes),
        ..PodSpec::default()
    }
}

/// What every container of ours may do: nothing.
pub fn security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            ..Capabilities::default()
        }),
        read_only_root_filesystem: Some(true),
        ..SecurityContext::default()
    }
}

/// A probe of a named port by HTTP.
pub fn probe(path: &str, port: &str, period_seconds: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(port.to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period_seconds),
        timeout_seconds: Some(PROBE_SECONDS),
        failure_threshold: Some(failures),
        ..Probe::default()
    }
}

/// The object's amounts; ours where it says nothing of a resource. A request alone is its own limit:
/// ours could be below it.
pub fn resources(
    given: Option<&pod::Resources>,
    our_requests: &[(&str, &str)],
    our_limits: &[(&str, &str)],
) -> ResourceRequirements {
    let given = given.cloned().unwrap_or_default();
    let is_named = |key: &str| given.requests.contains_key(key) || given.limits.contains_key(key);
    let ours = |amounts: &[(&str, &str)]| -> BTreeMap<String, Quantity> {
        amounts
            .iter()
            .filter(|(key, _)| !is_named(key))
            .map(|(key, amount)| ((*key).to_owned(), Quantity((*amount).to_owned())))
            .collect()
    };
    let (mut requests, mut limits) = (ours(our_requests), ours(our_limits));
    limits.extend(given.requests.clone());
    limits.extend(given.limits.clone());
    requests.extend(given.requests.clone());
    ResourceRequirements {
        requests: Some(requests),
        limits: Some(limits),
        ..ResourceRequirements::default()
    }
}

/// What is set aside must be within what may be used: the API server refuses the pods else.
pub fn excesses(resources: &pod::Resources) -> Vec<Finding> {
    let excess = |(name, request): (&String, &Quantity)| {
        let limit = resources.limits.get(name)?;
        let is_more = amount(&request.0)? > amount(&limit.0)?;
        let (request, limit) = (&request.0, &limit.0);
        is_more.then(|| {
            let message = format!("{request} is more than the limit of {limit}: raise the limit");
            Finding::new(format!("spec.resources.requests.{name}"), message)
        })
    };
    resources.requests.iter().filter_map(excess).collect()
}
