//! A namespace of a test's own: applying, waiting by `observedGeneration` and condition, and what is shown when the
//! test fails.

#![expect(
    clippy::panic,
    reason = "test support: a failure here is the test's failure"
)]

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::kubectl::Kube;
use crate::wait;

/// How long a wait may take at most: ten times what it takes on a small machine.
pub const PATIENCE: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A namespace; it goes with its test. When the test fails it says first what is in it.
#[derive(Debug)]
pub struct Namespace {
    /// The cluster.
    pub kube: Kube,
    /// Its name, `TEST-NUMBER`.
    pub name: String,
    /// More to show when the test fails: `(title, text)`.
    dumps: Vec<fn() -> (String, String)>,
}

/// A condition of an object, as of the generation it was read with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One CamelCase word.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
    /// Whether the condition and the status were written for the object's present generation.
    pub current: bool,
}

impl Namespace {
    /// A fresh namespace named after the test.
    #[track_caller]
    pub fn new(kube: &Kube, test: &str) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{test}-{}-{number}", std::process::id());
        kube.kubectl(&["create", "namespace", &name]);
        Self {
            kube: kube.clone(),
            name,
            dumps: Vec::new(),
        }
    }

    /// One more namespace for the same test.
    #[must_use]
    #[track_caller]
    pub fn beside(&self, test: &str) -> Self {
        let mut beside = Self::new(&self.kube, test);
        beside.dumps.clone_from(&self.dumps);
        beside
    }

    /// Also shows `dump` when the test fails.
    #[must_use]
    pub fn showing(mut self, dump: fn() -> (String, String)) -> Self {
        self.dumps.push(dump);
        self
    }

    fn words<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        [&["kubectl", "-n", &self.name], words].concat()
    }

    /// `kubectl WORDS…` here, which must succeed.
    #[track_caller]
    pub fn kubectl(&self, words: &[&str]) -> String {
        self.kube.run(&self.words(words))
    }

    /// `kubectl WORDS…` here, or its complaint.
    pub fn try_kubectl(&self, words: &[&str]) -> Result<String, String> {
        self.kube.attempt(&self.words(words), "")
    }

    /// `kubectl apply` of YAML, which must be taken.
    #[track_caller]
    pub fn apply(&self, yaml: &str) {
        let words = self.words(&["apply", "-f", "-"]);
        self.kube.run_with(&words, yaml);
    }

    /// `kubectl apply` of YAML, which must be refused; the refusal.
    #[track_caller]
    pub fn refused(&self, yaml: &str) -> String {
        let words = self.words(&["apply", "-f", "-"]);
        match self.kube.attempt(&words, yaml) {
            Ok(said) => panic!("{yaml}\nshould have been refused: {said}"),
            Err(refusal) => refusal,
        }
    }

    /// A merge patch of an object, `kind/name`.
    #[track_caller]
    pub fn patch(&self, object: &str, patch: &str) {
        self.kubectl(&["patch", object, "--type=merge", "-p", patch]);
    }

    /// The object `kind/name`; `None` when it is not there.
    #[track_caller]
    pub fn get(&self, object: &str) -> Option<Value> {
        self.kube.json(&["-n", &self.name, object])
    }

    /// The items of a list, `pods` with a selector of labels.
    #[track_caller]
    pub fn list(&self, kind: &str, selector: &str) -> Vec<Value> {
        let list = self.kube.json(&["-n", &self.name, kind, "-l", selector]);
        let items = list.and_then(|mut list| list["items"].as_array_mut().map(std::mem::take));
        items.unwrap_or_default()
    }

    /// The condition `kind` of an object; `None` while there is none.
    #[track_caller]
    pub fn condition(&self, object: &str, kind: &str) -> Option<Condition> {
        condition(&self.get(object)?, kind)
    }

    /// Waits until Ready is written for the present generation and has `reason`; its message.
    #[track_caller]
    pub fn ready_is(&self, object: &str, status: &str, reason: &str) -> String {
        let mut last = None;
        let found = look(PATIENCE, || {
            last = self.condition(object, "Ready");
            last.clone()
                .filter(|found| found.current && found.status == status && found.reason == reason)
        });
        match found {
            Some(found) => found.message,
            None => {
                panic!("{object}: waited {PATIENCE:?} for Ready={status} {reason}; it is {last:?}")
            }
        }
    }

    /// Waits until an object is Ready for the present generation; the reason.
    #[track_caller]
    pub fn ready(&self, object: &str) -> String {
        let mut last = None;
        let found = look(PATIENCE, || {
            last = self.condition(object, "Ready");
            last.clone()
                .filter(|found| found.current && found.status == "True")
        });
        match found {
            Some(found) => found.reason,
            None => panic!("{object}: waited {PATIENCE:?} for Ready=True; it is {last:?}"),
        }
    }

    /// Waits until `ready` gives a value, looking five times a second.
    #[track_caller]
    pub fn until<T>(&self, what: &str, limit: Duration, ready: impl FnMut() -> Option<T>) -> T {
        match look(limit, ready) {
            Some(found) => found,
            None => panic!("waited {limit:?} for {what}"),
        }
    }

    /// Waits until an object is gone; how long that took.
    #[track_caller]
    pub fn gone(&self, object: &str, limit: Duration) -> Duration {
        let begun = Instant::now();
        let what = format!("{object} to be gone");
        self.until(&what, limit, || self.get(object).is_none().then_some(()));
        begun.elapsed()
    }

    /// `Type Reason Message` of the events about an object, oldest first.
    #[track_caller]
    pub fn events(&self, object: &str) -> Vec<String> {
        let name = object.rsplit('/').next().unwrap_or(object);
        let selector = format!("regarding.name={name}");
        let words = [
            "events.events.k8s.io",
            "-n",
            &self.name,
            "--field-selector",
            &selector,
        ];
        let mut events = self
            .kube
            .json(&words)
            .and_then(|mut list| list["items"].as_array_mut().map(std::mem::take))
            .unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        events.sort_by_key(|event| (text(&event["eventTime"]), text(&event["metadata"]["name"])));
        let line = |event: &Value| {
            let (kind, reason, note) = (&event["type"], &event["reason"], &event["note"]);
            format!("{} {} {}", text(kind), text(reason), text(note))
        };
        events.iter().map(line).collect()
    }

    fn dump(&self) -> String {
        let mut text = format!("── what is in namespace {}\n", self.name);
        let mut add = |title: &str, words: &[&str]| {
            let found = self.try_kubectl(words).unwrap_or_else(|error| error);
            let _ = writeln!(text, "── {title}\n{found}");
        };
        let kinds = "clusters.eddyline.dev,topics.eddyline.dev,connectors.eddyline.dev";
        add("Eddyline objects", &["get", kinds, "-o", "yaml"]);
        let children = "statefulsets,services,configmaps,pods,persistentvolumeclaims";
        add("children", &["get", children, "-o", "wide"]);
        add("events", &["get", "events", "--sort-by=.lastTimestamp"]);
        let logs = ["logs", "--prefix", "--tail=60", "--ignore-errors", "-l"];
        let ours = ["app.kubernetes.io/managed-by=eddyline"];
        add("pod logs", &[&logs[..], &ours].concat());
        for dump in &self.dumps {
            let (title, more) = dump();
            let _ = writeln!(text, "── {title}\n{more}");
        }
        if let Some(audit) = self.kube.audit() {
            let mut entries = audit.since(audit.beginning());
            entries.retain(|entry| entry.namespace == self.name && entry.is_write());
            let _ = writeln!(text, "── the last writes here");
            for entry in entries.iter().rev().take(40).rev() {
                let _ = writeln!(text, "{entry}");
            }
        }
        text
    }
}

impl Drop for Namespace {
    #[expect(clippy::print_stdout, reason = "shown with the failed test")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.dump());
        }
        let delete = ["delete", "namespace", &self.name, "--wait=false"];
        let _ = self.kube.try_kubectl(&delete);
    }
}

fn look<T>(limit: Duration, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        if let Some(value) = ready() {
            return Some(value);
        }
        if begun.elapsed() >= limit {
            return None;
        }
        wait::pass(BETWEEN_LOOKS);
    }
}

/// The condition `kind` in an object's status.
pub fn condition(object: &Value, kind: &str) -> Option<Condition> {
    let status = &object["status"];
    let conditions = status["conditions"].as_array()?;
    let found = conditions.iter().find(|found| found["type"] == kind)?;
    let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
    let generation = &object["metadata"]["generation"];
    Some(Condition {
        status: text("status"),
        reason: text("reason"),
        message: text("message"),
        current: status["observedGeneration"] == *generation
            && found["observedGeneration"] == *generation,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_of_an_older_generation_is_not_current() {
        let object = |observed: u64, own: u64| {
            json!({
                "metadata": {"generation": 2},
                "status": {"observedGeneration": observed, "conditions": [
                    {"type": "Ready", "status": "True", "reason": "Running", "message": "m", "observedGeneration": own}
                ]},
            })
        };
        let current = |object: &Value| condition(object, "Ready").unwrap().current;
        assert!(current(&object(2, 2)));
        assert!(!current(&object(2, 1)));
        assert!(!current(&object(1, 2)));
        assert_eq!(condition(&json!({"metadata": {}}), "Ready"), None);
    }
}
