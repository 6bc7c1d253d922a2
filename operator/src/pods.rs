//! What keeps a pod from running, in the words of Kubernetes. Pure.
//!
//! Knows pods; whose they are, and what is said about it, is each kind's.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

/// The end of what a container said last is enough; an API object must not grow with it.
const LAST_WORDS_CHARACTERS: usize = 300;

/// What keeps a pod from running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Its image cannot be pulled.
    Image(String),
    /// Its container keeps ending.
    Crash(String),
    /// No node takes it.
    Placement(String),
    /// Its container cannot be made.
    Container(String),
}

/// What keeps `pod` from running.
pub fn trouble(pod: &Pod) -> Option<Trouble> {
    containers(pod)
        .find_map(container_trouble)
        .or_else(|| placement(pod))
}

/// Its containers.
pub fn containers(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let statuses = pod
        .status
        .iter()
        .filter_map(|status| status.container_statuses.as_ref());
    statuses.flatten()
}

/// Its containers are ready.
pub fn is_ready(pod: &Pod) -> bool {
    let conditions = pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref());
    conditions
        .unwrap_or_default()
        .iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn placement(pod: &Pod) -> Option<Trouble> {
    let conditions = pod.status.as_ref()?.conditions.as_deref()?;
    let condition = conditions.iter().find(|condition| {
        condition.type_ == "PodScheduled" && condition.reason.as_deref() == Some("Unschedulable")
    })?;
    let text = condition.message.as_deref().unwrap_or("no node takes it");
    Some(Trouble::Placement(text.to_owned()))
}

fn container_trouble(container: &ContainerStatus) -> Option<Trouble> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let text = waiting.message.as_deref().unwrap_or_default();
    match waiting.reason.as_deref()? {
        "ErrImagePull"
        | "ImagePullBackOff"
        | "InvalidImageName"
        | "ErrImageNeverPull"
        | "ImageInspectError"
        | "RegistryUnavailable" => Some(Trouble::Image(container.image.clone())),
        "CrashLoopBackOff" => Some(Trouble::Crash(last_end(container))),
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            Some(Trouble::Container(text.to_owned()))
        }
        _ => None,
    }
}

/// How the container ended last, for example `OOMKilled (code 137)`, and its last words where it left
/// any.
fn last_end(container: &ContainerStatus) -> String {
    let ended = container
        .last_state
        .as_ref()
        .and_then(|state| state.terminated.as_ref());
    let Some(ended) = ended else {
        return "it ended".to_owned();
    };
    let reason = ended.reason.as_deref().unwrap_or("Error");
    let words = ended.message.as_deref().map(last_words).unwrap_or_default();
    let gap = if words.is_empty() { "" } else { ": " };
    format!("{reason} (code {}){gap}{words}", ended.exit_code)
}

fn last_words(message: &str) -> String {
    let words: Vec<_> = message.split_whitespace().collect();
    let text = words.join(" ");
    let count = text.chars().count();
    text.chars()
        .skip(count.saturating_sub(LAST_WORDS_CHARACTERS))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(status: &Value) -> Pod {
        serde_json::from_value(json!({"metadata": {"name": "p"}, "status": status})).unwrap()
    }

    fn waiting(reason: &str, last: &Value) -> Value {
        json!({"containerStatuses": [{
            "name": "c", "image": "i:1", "imageID": "", "ready": false, "restartCount": 1,
            "state": {"waiting": {"reason": reason, "message": "why"}},
            "lastState": last,
        }]})
    }

    #[test]
    fn every_trouble_has_its_words() {
        let words = "x".repeat(400) + "\nunknown setting";
        let ended = |message: Value| json!({"terminated": {"exitCode": 1, "reason": "Error", "message": message}});
        let unscheduled = json!({"conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"},
        ]});
        let short = format!("Error (code 1): {} unknown setting", "x".repeat(284));
        for (status, expected) in [
            (json!({}), None),
            (waiting("ContainerCreating", &json!({})), None),
            (
                waiting("ImagePullBackOff", &json!({})),
                Some(Trouble::Image("i:1".into())),
            ),
            (
                waiting("CrashLoopBackOff", &json!({})),
                Some(Trouble::Crash("it ended".into())),
            ),
            (
                waiting("CrashLoopBackOff", &ended(Value::Null)),
                Some(Trouble::Crash("Error (code 1)".into())),
            ),
            (
                waiting("CrashLoopBackOff", &ended(json!(words))),
                Some(Trouble::Crash(short)),
            ),
            (
                waiting("CreateContainerConfigError", &json!({})),
                Some(Trouble::Container("why".into())),
            ),
            (unscheduled, Some(Trouble::Placement("0/1 nodes".into()))),
        ] {
            assert_eq!(trouble(&pod(&status)), expected, "{status}");
        }
    }
}
