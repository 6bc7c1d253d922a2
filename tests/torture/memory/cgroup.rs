//! A cgroup with a memory limit, of version 1 or 2, whichever the machine has.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tests::wait;

use crate::child;

const ROOT: &str = "/sys/fs/cgroup";

/// A group that goes when its last process has gone.
#[derive(Debug)]
pub(super) struct Cgroup(PathBuf);

impl Cgroup {
    /// Makes one with this limit, or says why it cannot.
    pub(super) fn make(limit_bytes: u64) -> Result<Self, String> {
        let first = Path::new(ROOT).join("memory");
        let (parent, limit) = if first.is_dir() {
            (first, "memory.limit_in_bytes")
        } else {
            (ROOT.into(), "memory.max")
        };
        let group = Self(parent.join(format!("eddyline-torture-{}", std::process::id())));
        std::fs::create_dir(&group.0).map_err(|error| format!("make it: {error}"))?;
        let limited = std::fs::write(group.0.join(limit), limit_bytes.to_string());
        limited.map_err(|error| format!("limit it: {error}"))?;
        Ok(group)
    }

    /// A command that runs in the group from its first moment.
    pub(super) fn command(&self, words: &[String]) -> Command {
        let script = format!("echo $$ >{}/cgroup.procs && exec \"$@\"", self.0.display());
        let mut command = child::bound("sh");
        command.args(["-c", &script, "sh"]).args(words);
        command
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // The kernel lets go of a killed process a little later.
        for _ in 0..100 {
            if std::fs::remove_dir(&self.0).is_ok() {
                return;
            }
            wait::pass(Duration::from_millis(20));
        }
    }
}
