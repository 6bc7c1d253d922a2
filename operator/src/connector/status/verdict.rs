//! Why a Connector is ready or not, in one word and one sentence that says what to do next. Pure.

use crds::{Connector, Reason};

use super::{Look, Obstacle, report};
use crate::{
    connector::pods::{Trouble, WorkerPod},
    ports::connect_api::{ConnectError, Report, TaskReport},
};

/// The reason and the message of `Ready`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The reason.
    pub reason: Reason,
    /// The sentence.
    pub message: String,
}

/// What one look at a Connector comes to.
pub(super) fn verdict(look: &Look<'_>) -> Verdict {
    let (reason, message) = obstacle(look)
        .or_else(|| pod_trouble(look))
        .or_else(|| report(look).map(|report| reported(look, report)))
        .unwrap_or_else(|| unanswered(look));
    Verdict { reason, message }
}

type Judged = (Reason, String);

fn obstacle(look: &Look<'_>) -> Option<Judged> {
    let cluster = &look.connector.spec.cluster;
    let namespace = namespace(look.connector);
    Some(match look.obstacle.as_ref()? {
        Obstacle::Paused => (
            Reason::Paused,
            "paused: true stops the carrying out of edits, not the data; remove it to go on"
                .to_owned(),
        ),
        Obstacle::Invalid(findings) => {
            let texts: Vec<_> = findings.iter().map(ToString::to_string).collect();
            (Reason::InvalidConfig, texts.join("; "))
        }
        Obstacle::Unreadable(text) => (
            Reason::InvalidConfig,
            format!(
                "the object cannot be read: {text}; apply it again with the CRDs of this version"
            ),
        ),
        Obstacle::NameTaken(text) => (
            Reason::NameConflict,
            format!("{text}: delete that, or give this Connector another name"),
        ),
        Obstacle::Refused(text) => (
            Reason::InvalidConfig,
            format!("the API server refuses what this Connector asks for: {text}"),
        ),
        Obstacle::NoCluster => (
            Reason::ClusterNotFound,
            format!(
                "Cluster {cluster} does not exist in namespace {namespace}: create it; the connector waits for it"
            ),
        ),
        Obstacle::ClusterNotReady(reason) if reason.as_deref() == Some("Stopped") => (
            Reason::ClusterNotReady,
            format!("Cluster {cluster} is stopped: write state: Running there to go on"),
        ),
        Obstacle::ClusterNotReady(reason)
            if reason.as_deref().is_none_or(|reason| reason == "Pending") =>
        {
            (
                Reason::ClusterNotReady,
                format!("Cluster {cluster} is not ready yet; the connector waits for it"),
            )
        }
        Obstacle::ClusterNotReady(reason) => {
            let why = reason
                .as_ref()
                .map_or_else(String::new, |reason| format!(" ({reason})"));
            (
                Reason::ClusterNotReady,
                format!(
                    "Cluster {cluster} is not ready{why}: see kubectl describe edc -n {namespace} {cluster}"
                ),
            )
        }
    })
}

/// The first wanted pod that cannot run, or has not become ready in time.
fn pod_trouble(look: &Look<'_>) -> Option<Judged> {
    let wanted = usize::try_from(look.connector.spec.workers).unwrap_or(0);
    let mut pods = look.pods.iter().filter(|pod| pod.ordinal < wanted);
    pods.find_map(|pod| troubled(look, pod))
}

fn troubled(look: &Look<'_>, pod: &WorkerPod) -> Option<Judged> {
    let (namespace, name) = (namespace(look.connector), &pod.name);
    Some(match pod.trouble.as_ref() {
        Some(Trouble::Image(image)) => (
            Reason::ImagePull,
            format!(
                "worker pod {name} cannot pull image {image}: check its name, and pod.imagePullSecrets if it needs credentials"
            ),
        ),
        Some(Trouble::Crash(end)) => (
            Reason::CrashLooping,
            format!(
                "worker pod {name} keeps ending, last with {end}: see kubectl logs -n {namespace} {name} --previous"
            ),
        ),
        Some(Trouble::Placement(text)) => (
            Reason::WorkerUnreachable,
            format!(
                "no node takes worker pod {name}: {text} Make room, or change resources or pod"
            ),
        ),
        Some(Trouble::Container(text)) => (
            Reason::WorkerUnreachable,
            format!(
                "worker pod {name} cannot start: {text}; see kubectl describe pod -n {namespace} {name}"
            ),
        ),
        None if pod.is_late(look.now) => (
            Reason::WorkerUnreachable,
            format!(
                "worker pod {name} is not ready after a minute: see kubectl describe pod -n {namespace} {name}"
            ),
        ),
        None => return None,
    })
}

/// No worker gave a report.
fn unanswered(look: &Look<'_>) -> Judged {
    let topic = &look.connector.spec.topic;
    match &look.answer {
        _ if look.lacks_topic => missing_topic(look),
        Some(Err(ConnectError::Unreachable { reason, .. })) => {
            let pods: Vec<_> = look.pods.iter().map(|pod| pod.name.as_str()).collect();
            let first = pods.first().copied().unwrap_or_default();
            (
                Reason::WorkerUnreachable,
                format!(
                    "no worker answers ({reason}): see kubectl logs -n {} {first}",
                    namespace(look.connector)
                ),
            )
        }
        Some(Err(ConnectError::Refused { message, .. })) => {
            (Reason::InvalidConfig, message.clone())
        }
        Some(Ok(_)) => (
            Reason::Pending,
            format!(
                "the workers have not read their configuration yet; topic {topic} gets no records so far"
            ),
        ),
        None => starting(look),
    }
}

fn starting(look: &Look<'_>) -> Judged {
    let ready = look.pods.iter().filter(|pod| pod.ready).count();
    let wanted = look.connector.spec.workers;
    (
        Reason::Pending,
        format!("worker pods are starting: {ready} of {wanted} ready"),
    )
}

fn reported(look: &Look<'_>, report: &Report) -> Judged {
    let spec = &look.connector.spec;
    let generation = look.connector.metadata.generation;
    if report.generation.is_some() && report.generation < generation {
        let message = "the workers are taking up the last edit".to_owned();
        return (Reason::Pending, message);
    }
    match report.state.as_str() {
        "PAUSED" => (
            Reason::Paused,
            "paused by state: Paused; write state: Running to go on".to_owned(),
        ),
        "STOPPED" => (
            Reason::Stopped,
            "stopped by state: Stopped; with state: Running it goes on where it left off"
                .to_owned(),
        ),
        "COMPLETED" => {
            let iterations = spec.datagen.as_ref().and_then(|datagen| datagen.iterations);
            let count = iterations.map_or_else(String::new, |count| format!("{count} "));
            (
                Reason::Completed,
                format!("all {count}records are sent; raise datagen.iterations to send more"),
            )
        }
        "RUNNING" => (Reason::Running, running(report)),
        "THROTTLED" => (
            Reason::Throttled,
            format!(
                "records are taken more slowly than asked{}; lower datagen.rate, or give the broker more",
                in_brackets(report.trace.as_deref())
            ),
        ),
        "UNASSIGNED" | "RESTARTING" | "FAILED" => {
            caused(look, report).unwrap_or_else(|| failed(look, report))
        }
        other => (
            Reason::Pending,
            format!("the workers report {other}, which this version of the operator does not know"),
        ),
    }
}

fn running(report: &Report) -> String {
    let tasks = report.tasks.len();
    let mut workers: Vec<_> = report
        .tasks
        .iter()
        .filter_map(|task| task.worker.as_ref())
        .collect();
    workers.sort_unstable();
    workers.dedup();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let (s, w) = (plural(tasks), workers.len());
    let runs = if tasks == 1 { "runs" } else { "run" };
    format!("{tasks} task{s} {runs} on {w} worker{}", plural(w))
}

/// A cause that the workers name themselves.
fn caused(look: &Look<'_>, report: &Report) -> Option<Judged> {
    let reasons = report
        .tasks
        .iter()
        .filter_map(|task| task.reason.as_deref());
    let reason = report
        .reason
        .as_deref()
        .or_else(|| reasons.into_iter().next())?;
    let traces = report.tasks.iter().filter_map(|task| task.error.as_deref());
    let text = report
        .trace
        .as_deref()
        .or_else(|| traces.into_iter().next());
    Some(match reason {
        "TopicNotFound" => missing_topic(look),
        "InvalidConfig" => (
            Reason::InvalidConfig,
            text.unwrap_or("the workers refuse the configuration")
                .to_owned(),
        ),
        "BrokerUnreachable" => (
            Reason::BrokerUnreachable,
            format!(
                "the workers do not reach the brokers of Cluster {}{}: see kubectl describe edc -n {} {}",
                look.connector.spec.cluster,
                in_brackets(text),
                namespace(look.connector),
                look.connector.spec.cluster
            ),
        ),
        "WorkerUnreachable" if all_ready(look) => {
            let lost = |task: &&TaskReport| task.reason.as_deref() == Some(reason);
            let worker = report
                .tasks
                .iter()
                .find(lost)
                .and_then(|task| task.worker.as_deref());
            let worker = worker.map_or_else(|| "a worker".to_owned(), super::pod_name);
            (
                Reason::WorkerUnreachable,
                format!(
                    "{worker} does not answer its peers: see kubectl logs -n {} {worker}",
                    namespace(look.connector)
                ),
            )
        }
        _ => return None,
    })
}

fn all_ready(look: &Look<'_>) -> bool {
    let ready = look.pods.iter().filter(|pod| pod.ready).count();
    usize::try_from(look.connector.spec.workers).is_ok_and(|wanted| ready >= wanted)
}

fn missing_topic(look: &Look<'_>) -> Judged {
    let spec = &look.connector.spec;
    (
        Reason::TopicNotFound,
        format!(
            "topic {} does not exist in Cluster {}: create a Topic for it; the connector waits for it",
            spec.topic, spec.cluster
        ),
    )
}

fn failed(look: &Look<'_>, report: &Report) -> Judged {
    let broken = |task: &&TaskReport| matches!(task.state.as_str(), "FAILED" | "RESTARTING");
    let tasks: Vec<_> = report.tasks.iter().filter(broken).collect();
    let error = tasks
        .iter()
        .find_map(|task| task.error.as_deref())
        .or(report.trace.as_deref())
        .unwrap_or("no error was given");
    let all_failed = report.tasks.iter().all(|task| task.state == "FAILED");
    if report.state == "FAILED" && all_failed {
        let name = look.connector.metadata.name.as_deref().unwrap_or_default();
        return (
            Reason::Failed,
            format!(
                "all tasks failed and no restart is left: {error}; mend that, then POST /connectors/{name}/restart?includeTasks=true"
            ),
        );
    }
    match tasks.first() {
        Some(first) => (
            Reason::Degraded,
            format!(
                "{} of {} tasks failed, task {} with: {error}",
                tasks.len(),
                report.tasks.len(),
                first.id
            ),
        ),
        None if report.state == "FAILED" => {
            (Reason::Failed, format!("the connector failed: {error}"))
        }
        None => unassigned(look, report),
    }
}

/// Tasks wait for a worker, or for the workers that had them before.
fn unassigned(look: &Look<'_>, report: &Report) -> Judged {
    if !all_ready(look) {
        return starting(look);
    }
    let running = report
        .tasks
        .iter()
        .filter(|task| task.state == "RUNNING")
        .count();
    (
        Reason::Pending,
        format!(
            "tasks are being handed out: {running} of {} run{}",
            look.connector.spec.tasks,
            in_brackets(report.trace.as_deref())
        ),
    )
}

fn in_brackets(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| format!(" ({text})"))
}

fn namespace(connector: &Connector) -> &str {
    connector.metadata.namespace.as_deref().unwrap_or_default()
}
