//! Why a Cluster is ready or not, in one word and one sentence that says what to do next. Pure.

use crds::{
    Reason,
    cluster::{ClusterState, Engine},
    condition::Status,
};
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Condition};
use kube::ResourceExt;

use super::{Look, Obstacle};
use crate::{
    names,
    pods::{Trouble, containers, is_ready, trouble},
    snapshots::View,
};

/// Seconds after which a start that has not ended is reported.
const LATE: i64 = 60;
/// Seconds after which a volume that is not there is reported.
const LATE_VOLUME: i64 = 20;
/// Seconds after which a start without an answer is reported.
const LATE_ANSWER: i64 = 20;

const NO_ANSWER_YET: &str = "waiting for the first answer of the brokers";

type Judged = (Reason, String);

/// What one look at a Cluster comes to. `before` is what the last one came to.
pub(super) fn verdict(look: &Look<'_>, before: Option<&Condition>) -> Judged {
    if let Some(obstacle) = &look.obstacle {
        return hindered(obstacle);
    }
    let stops = look.cluster.spec.state == ClusterState::Stopped;
    match look.cluster.spec.engine {
        Engine::External => answered(look, before),
        Engine::Bundled if stops => stopped(look),
        Engine::Bundled => {
            let waits = Waits { look, before };
            waits
                .for_pod()
                .or_else(|| waits.for_answer())
                .unwrap_or_else(|| answered(look, before))
        }
    }
}

fn hindered(obstacle: &Obstacle) -> Judged {
    match obstacle {
        Obstacle::Paused => (
            Reason::Paused,
            "paused: true stops the carrying out of edits, not the brokers; remove it to go on"
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
            format!("{text}: delete that, or give this Cluster another name"),
        ),
        Obstacle::Refused(text) => (
            Reason::InvalidConfig,
            format!("the API server refuses what this Cluster asks for: {text}"),
        ),
    }
}

fn stopped(look: &Look<'_>) -> Judged {
    match look.observed.pods.first() {
        Some(pod) => (
            Reason::Pending,
            format!("stopping: pod {} has not ended yet", pod.name_any()),
        ),
        None => (
            Reason::Stopped,
            "stopped by state: Stopped, with all data kept; write state: Running to go on"
                .to_owned(),
        ),
    }
}

/// What the brokers themselves say.
fn answered(look: &Look<'_>, before: Option<&Condition>) -> Judged {
    let cluster = look.cluster;
    match &look.observed.view {
        Some(View::Seen(_)) => (Reason::Running, running(look)),
        Some(View::Unreachable(why)) => {
            // Who asked what, before the cause, is known here.
            let cause = why
                .split_once(": ")
                .map_or(why.as_str(), |(_, cause)| cause);
            let next = match cluster.spec.engine {
                Engine::External => {
                    "check bootstrapServers, and that pods may connect there".to_owned()
                }
                Engine::Bundled => format!(
                    "see kubectl logs -n {} {}-0, and that network policies let the operator connect",
                    cluster.namespace().unwrap_or_default(),
                    names::broker(&cluster.name_any())
                ),
            };
            (
                Reason::BrokerUnreachable,
                format!("no broker answers ({cause}): {next}"),
            )
        }
        // A broker that did not answer and is asked anew has not answered yet; one that ran when an
        // operator looked last is not doubted because another operator has yet to ask it.
        Some(View::Unseen) | None => match before {
            Some(before) if before.reason == Reason::BrokerUnreachable.as_str() => {
                (Reason::BrokerUnreachable, before.message.clone())
            }
            Some(before)
                if before.reason == Reason::Running.as_str() && is_current(before, look) =>
            {
                (Reason::Running, before.message.clone())
            }
            _ => (Reason::Pending, NO_ANSWER_YET.to_owned()),
        },
    }
}

/// Whether a condition speaks of the spec as it is.
fn is_current(before: &Condition, look: &Look<'_>) -> bool {
    before.observed_generation == look.cluster.metadata.generation
}

fn running(look: &Look<'_>) -> String {
    let spec = &look.cluster.spec;
    let running = match spec.engine {
        Engine::External => "the brokers answer",
        Engine::Bundled if spec.storage.ephemeral => {
            "the broker runs; its data goes with its pod (storage.ephemeral)"
        }
        Engine::Bundled => "the broker runs",
    };
    match &look.growth {
        Some(why) => format!(
            "{running}, and its volume cannot grow to {}: {why}",
            spec.storage.size
        ),
        None => running.to_owned(),
    }
}

/// What is awaited before a bundled broker can answer.
struct Waits<'a> {
    look: &'a Look<'a>,
    before: Option<&'a Condition>,
}

impl Waits<'_> {
    fn for_pod(&self) -> Option<Judged> {
        let wanted = names::broker(&self.look.cluster.name_any());
        let Some(pod) = self.look.observed.pods.first() else {
            let next = format!(
                "no pod is made for StatefulSet {wanted}: see kubectl describe statefulset -n {} {wanted}",
                self.namespace()
            );
            return Some(self.late_or("the broker's pod is being made", next));
        };
        if is_ready(pod) && pod.metadata.deletion_timestamp.is_none() {
            return None;
        }
        Some(
            self.for_volume(pod)
                .or_else(|| self.with_trouble(pod))
                .unwrap_or_else(|| self.starting(pod)),
        )
    }

    /// A broker that was asked while it started did not answer; that is no news before it was asked again.
    fn for_answer(&self) -> Option<Judged> {
        let is_starting = self
            .before
            .is_none_or(|before| before.status == Status::Unknown.as_str());
        let has_failed = matches!(self.look.observed.view, Some(View::Unreachable(_)));
        (has_failed && is_starting && !self.is_late(LATE_ANSWER))
            .then(|| (Reason::Pending, NO_ANSWER_YET.to_owned()))
    }

    /// A pod waits for its volume as if no node had room: the volume is the thing to look at.
    fn for_volume(&self, pod: &Pod) -> Option<Judged> {
        let claim = self.look.observed.claim.as_ref()?;
        let phase = claim.status.as_ref()?.phase.as_deref()?;
        let has_node = pod
            .spec
            .as_ref()
            .is_some_and(|spec| spec.node_name.is_some());
        if phase == "Bound" || has_node || !self.is_late(LATE_VOLUME) {
            return None;
        }
        let name = claim.name_any();
        let class = claim
            .spec
            .as_ref()
            .and_then(|spec| spec.storage_class_name.as_deref());
        let class = class.filter(|class| !class.is_empty()).map_or_else(
            || "there is no default storage class".to_owned(),
            |class| format!("storage class {class}"),
        );
        Some((
            Reason::VolumePending,
            format!(
                "volume {name} is not bound ({class}): see kubectl describe pvc -n {} {name}, or name another storage.className",
                self.namespace()
            ),
        ))
    }

    fn with_trouble(&self, pod: &Pod) -> Option<Judged> {
        let (namespace, name) = (self.namespace(), pod.name_any());
        Some(match trouble(pod) {
            Some(Trouble::Image(image)) => (
                Reason::ImagePull,
                format!(
                    "pod {name} cannot pull image {image}: check its name, and pod.imagePullSecrets if it needs credentials"
                ),
            ),
            Some(Trouble::Crash(end)) => (
                Reason::CrashLooping,
                format!(
                    "pod {name} keeps ending, last with {end}; see kubectl logs -n {namespace} {name} --previous"
                ),
            ),
            Some(Trouble::Container(text)) => (
                Reason::BrokerUnreachable,
                format!(
                    "pod {name} cannot start: {text}; see kubectl describe pod -n {namespace} {name}"
                ),
            ),
            // A new pod has not found its node before somebody has looked for one.
            Some(Trouble::Placement(text)) if self.is_late(LATE_VOLUME) => (
                Reason::BrokerUnreachable,
                format!("no node takes pod {name}: {text} Make room, or change resources or pod"),
            ),
            // Between two ends it runs for a moment.
            None if self.was(Reason::CrashLooping) && restarts(pod) > 0 => {
                (Reason::CrashLooping, self.message_before())
            }
            Some(Trouble::Placement(_)) | None => return None,
        })
    }

    fn starting(&self, pod: &Pod) -> Judged {
        let name = pod.name_any();
        let next = format!(
            "pod {name} is not ready after a minute: see kubectl describe pod -n {} {name}",
            self.namespace()
        );
        self.late_or("the broker is starting", next)
    }

    fn late_or(&self, soon: &str, late: String) -> Judged {
        if self.is_late(LATE) {
            (Reason::BrokerUnreachable, late)
        } else {
            (Reason::Pending, soon.to_owned())
        }
    }

    /// Whether this has been awaited for so many seconds. What was late stays so until it is there.
    fn is_late(&self, seconds: i64) -> bool {
        let Some(before) = self.before else {
            return false;
        };
        let since = self.look.now.duration_since(before.last_transition_time.0);
        let waited = before.status == Status::Unknown.as_str() && since.as_secs() >= seconds;
        waited || self.was(Reason::BrokerUnreachable) || self.was(Reason::VolumePending)
    }

    fn was(&self, reason: Reason) -> bool {
        self.before
            .is_some_and(|before| before.reason == reason.as_str())
    }

    fn message_before(&self) -> String {
        self.before
            .map(|before| before.message.clone())
            .unwrap_or_default()
    }

    fn namespace(&self) -> String {
        self.look.cluster.namespace().unwrap_or_default()
    }
}

fn restarts(pod: &Pod) -> i32 {
    containers(pod).map(|one| one.restart_count).sum()
}
