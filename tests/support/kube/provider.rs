//! Where a Kubernetes comes from: the commands of `tests/cluster/{local,kind,existing}`, and that none is left running.

#![expect(
    clippy::panic,
    reason = "test support: a failure here is the test's failure"
)]

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use crate::paths;

/// One cluster of one place.
#[derive(Clone, Debug)]
pub struct Provider {
    folder: PathBuf,
    name: String,
}

/// What the cluster can do; tests skip by these, never by the name of the place.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Facts {
    /// The server's version, `v1.36.3`.
    pub k8s_version: String,
    /// Whether pods run.
    pub nodes: bool,
    /// The default storage class; empty when there is none.
    pub storage_class: String,
    /// Whether `load-image` works.
    pub can_load_image: bool,
    /// Whether `kill-process` works.
    pub can_kill_process: bool,
    /// The API server's audit log; empty when it cannot be read.
    pub audit_log: String,
}

/// Ends the cluster when the test process ends, however it ends: it waits for the end of its standard input.
#[derive(Debug)]
pub struct Guard {
    _child: Option<Child>,
}

impl Provider {
    /// The cluster compiled from Go modules, named `name`.
    pub fn local(name: &str) -> Self {
        Self {
            folder: paths::root().join("tests/cluster/local"),
            name: name.to_owned(),
        }
    }

    /// The place `EDDYLINE_CLUSTER` names: `local` (the default), `kind` or `existing`.
    #[track_caller]
    pub fn chosen(name: &str) -> Self {
        let place = variable("EDDYLINE_CLUSTER").unwrap_or_else(|| "local".to_owned());
        let folder = paths::root().join("tests/cluster").join(&place);
        assert!(
            folder.join("up").is_file(),
            "EDDYLINE_CLUSTER={place}: use local, kind or existing"
        );
        Self {
            folder,
            name: name.to_owned(),
        }
    }

    /// One of its commands.
    pub fn command(&self, command: &str) -> Command {
        let mut process = Command::new(self.folder.join(command));
        process.env("NAME", &self.name).stdin(Stdio::null());
        process
    }

    /// Runs one of its commands to its end; what it printed.
    #[track_caller]
    pub fn call(&self, command: &str, arguments: &[&str]) -> String {
        let output = self.command(command).args(arguments).output();
        let output = output.unwrap_or_else(|error| panic!("run {command}: {error}"));
        let (said, talk) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(
            output.status.success(),
            "{command} {arguments:?}: {}\n{said}{talk}",
            output.status
        );
        said.trim().to_owned()
    }

    /// Starts the cluster and sees to its end. `EDDYLINE_KEEP_CLUSTER` leaves it running for a look.
    #[track_caller]
    pub fn up(&self, shape: &[&str]) -> Guard {
        let keep = variable("EDDYLINE_KEEP_CLUSTER").is_some();
        if !keep {
            self.call("down", &[]);
        }
        let child = (!keep).then(|| self.guard());
        self.call("up", shape);
        Guard { _child: child }
    }

    fn guard(&self) -> Child {
        let mut command = Command::new("setsid");
        command
            .args(["sh", "-c", "cat >/dev/null; exec \"$0\"/down"])
            .arg(&self.folder)
            .env("NAME", &self.name)
            .stdin(Stdio::piped());
        command
            .spawn()
            .unwrap_or_else(|error| panic!("start the guard of {}: {error}", self.name))
    }

    /// What it can do.
    #[track_caller]
    pub fn facts(&self) -> Facts {
        let said = self.call("facts", &[]);
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{said}: {error}"))
    }
}

fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.into_string().ok()?;
    (!value.is_empty()).then_some(value)
}
