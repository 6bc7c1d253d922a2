//! kubectl, and any other command, inside a cluster's network.

#![expect(
    clippy::panic,
    reason = "test support: a failure here is the test's failure"
)]

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::audit::Audit;
use super::provider::{Facts, Provider};

/// A running cluster, as its administrator sees it.
#[derive(Clone, Debug)]
pub struct Kube {
    provider: Provider,
    /// What it can do.
    pub facts: Facts,
}

impl Kube {
    /// The cluster of `provider`, which must be up.
    #[track_caller]
    pub fn new(provider: Provider) -> Self {
        let facts = provider.facts();
        Self { provider, facts }
    }

    /// A command that runs where the cluster's addresses can be reached, with kubectl and helm on its path.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.provider.command("run");
        command.args(words).env("NO_COLOR", "1");
        command
    }

    /// Runs a command in there to its end, giving it `input`: what it printed, or what it complained about.
    pub fn attempt(&self, words: &[&str], input: &str) -> Result<String, String> {
        let mut command = self.command(words);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that ends without reading is judged by how it ends.
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child
            .wait_with_output()
            .map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(format!("{}{}", text(&output.stdout), text(&output.stderr)))
        }
    }

    /// Runs a command that must succeed; what it printed.
    #[track_caller]
    pub fn run(&self, words: &[&str]) -> String {
        self.run_with(words, "")
    }

    /// The same with `input` on its standard input.
    #[track_caller]
    pub fn run_with(&self, words: &[&str], input: &str) -> String {
        self.attempt(words, input)
            .unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// `kubectl WORDS…`, which must succeed.
    #[track_caller]
    pub fn kubectl(&self, words: &[&str]) -> String {
        self.run(&[&["kubectl"], words].concat())
    }

    /// `kubectl WORDS…`, or its complaint.
    pub fn try_kubectl(&self, words: &[&str]) -> Result<String, String> {
        self.attempt(&[&["kubectl"], words].concat(), "")
    }

    /// One object (or list) as JSON; `None` when it is not there.
    #[track_caller]
    pub fn json(&self, words: &[&str]) -> Option<Value> {
        let words = [
            &["kubectl", "get", "--ignore-not-found", "-o", "json"],
            words,
        ]
        .concat();
        let said = self.run(&words);
        let read = || serde_json::from_str(&said);
        (!said.trim().is_empty())
            .then(|| read().unwrap_or_else(|error| panic!("{words:?}: {error}\n{said}")))
    }

    /// The audit log; `None` where the cluster shows none.
    pub fn audit(&self) -> Option<Audit> {
        let path = &self.facts.audit_log;
        (!path.is_empty()).then(|| Audit::new(path.into()))
    }

    /// SIGKILL to the program in a pod, from outside.
    #[track_caller]
    pub fn kill_process(&self, pod_uid: &str) {
        self.provider.call("kill-process", &[pod_uid]);
    }

    /// Makes an image known to the nodes.
    #[track_caller]
    pub fn load_image(&self, file: &str) -> String {
        self.provider.call("load-image", &[file])
    }
}
