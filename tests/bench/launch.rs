//! Child processes that end with the bench, however it ends, each in a cgroup of its own. The bench starts itself as
//! a launcher, which makes the bond, enters the cgroup, notes the moment and becomes the program.
//! It must not know which program that is.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use ::tests::wait;

use crate::cgroup::Cgroup;
use crate::platform;

/// The first word of the launcher's command line.
pub(crate) const LAUNCH: &str = "launch";
const NO_CGROUP: &str = "-";

/// The children that run now, for the way out after an interrupt.
static LIVE: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// A running program; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Goes after the child.
    cgroup: Option<Cgroup>,
    started: PathBuf,
}

/// The launcher: `PARENT CGROUP STARTED PROGRAM ARGUMENT…`. Returns only when it cannot start the program.
pub(crate) fn launcher(words: &[String]) -> ExitCode {
    let [parent, cgroup, started, program, arguments @ ..] = words else {
        return ExitCode::FAILURE;
    };
    if platform::die_with_parent().is_err()
        || std::os::unix::process::parent_id().to_string() != *parent
    {
        return ExitCode::FAILURE;
    }
    if cgroup != NO_CGROUP && Cgroup::enter(Path::new(cgroup)).is_err() {
        return ExitCode::FAILURE;
    }
    if std::fs::write(started, now_ns().to_string()).is_err() {
        return ExitCode::FAILURE;
    }
    let _ = Command::new(program).args(arguments).exec();
    ExitCode::FAILURE
}

impl Process {
    /// Starts `command` in a cgroup called `name`; what it says goes to `log`. Only the main thread may call it: the
    /// kernel ends a child with the thread that started it.
    pub(crate) fn start(command: &Command, name: &str, log: &Path) -> Result<Self> {
        let cgroup = Cgroup::create(name);
        let started = log.with_extension("started");
        let output = File::create(log).context("create the log")?;
        let mut launcher = Command::new(std::env::current_exe()?);
        launcher
            .args([LAUNCH, &std::process::id().to_string()])
            .arg(cgroup.as_ref().map_or(Path::new(NO_CGROUP), Cgroup::path))
            .arg(&started)
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => launcher.env(key, value),
                None => launcher.env_remove(key),
            };
        }
        let child = launcher.spawn().with_context(|| format!("start {name}"))?;
        live().push(child.id());
        Ok(Self {
            child,
            cgroup,
            started,
        })
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its cgroup, when it has one.
    pub(crate) fn cgroup(&self) -> Option<&Cgroup> {
        self.cgroup.as_ref()
    }

    /// How it ended; `None` while it runs.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Milliseconds since the launcher became the program.
    pub(crate) fn age_ms(&self) -> Result<f64> {
        let started: u128 = std::fs::read_to_string(&self.started)?.trim().parse()?;
        let age_us = now_ns().saturating_sub(started) / 1_000;
        Ok(f64::from(u32::try_from(age_us)?) / 1_000.0)
    }

    /// Asks it to end in order, and waits until it has.
    pub(crate) fn stop(mut self, limit: Duration) -> Result<()> {
        platform::signal(self.child.id(), Signal::TERM)?;
        let begun = Instant::now();
        while self.ended().is_none() {
            if begun.elapsed() > limit {
                bail!("it did not end within {limit:?}");
            }
            wait::pass(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        live().retain(|id| *id != self.child.id());
    }
}

/// Kills every child that still runs: for the way out after an interrupt.
pub(crate) fn kill_all() {
    for id in live().drain(..) {
        let _ = platform::signal(id, Signal::KILL);
    }
}

fn live() -> std::sync::MutexGuard<'static, Vec<u32>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now_ns() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_nanos()
}
