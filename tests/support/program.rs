//! The real program as a child process that never outlives its test.

#![expect(
    clippy::panic,
    reason = "test support: a failure here is the test's failure"
)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::{paths, wait};

/// A running `eddyline`; killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    talk: Arc<Mutex<String>>,
    lines: Arc<Mutex<Vec<String>>>,
}

/// Addresses that `up -o json` printed when ready.
#[derive(Clone, Debug)]
pub struct Ready {
    /// `host:port` of the Kafka listener.
    pub kafka: String,
    /// `host:port` or URL of the Connect REST interface.
    pub connect: String,
    /// `host:port` or URL of the admin interface.
    pub admin: String,
}

/// A command of the built program.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(paths::eddyline());
    command
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// Runs the built program to its end.
#[track_caller]
pub fn run(arguments: &[&str]) -> Output {
    match command(arguments).output() {
        Ok(output) => output,
        Err(error) => panic!("run {}: {error}", paths::eddyline().display()),
    }
}

impl Program {
    /// Starts `command`, collecting what it prints.
    #[track_caller]
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("start {command:?}: {error}"),
        };
        let (talk, lines) = (Arc::default(), Arc::default());
        if let Some(stderr) = child.stderr.take() {
            collect(stderr, Arc::clone(&talk), |talk: &mut String, line| {
                talk.push_str(&line);
                talk.push('\n');
            });
        }
        if let Some(stdout) = child.stdout.take() {
            collect(
                stdout,
                Arc::clone(&lines),
                |lines: &mut Vec<String>, line| lines.push(line),
            );
        }
        Self { child, talk, lines }
    }

    /// Starts `eddyline up -f FILE` on free ports with its data in `data`, and waits until it is ready.
    #[track_caller]
    pub fn up(file: &Path, data: &Path, more: &[&str]) -> (Self, Ready) {
        let mut command = command(&["up", "-o", "json", "--any-port"]);
        command
            .arg("-f")
            .arg(file)
            .arg("--data-dir")
            .arg(data)
            .args(more);
        let mut program = Self::start(command);
        let line = program.first_line(Duration::from_secs(30));
        let value: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        (
            program,
            Ready {
                kafka: text("kafka"),
                connect: text("connect"),
                admin: text("admin"),
            },
        )
    }

    /// The first line on standard output.
    #[track_caller]
    pub fn first_line(&mut self, limit: Duration) -> String {
        wait::until("the first line of output", limit, || {
            if let Some(status) = self.ended() {
                panic!("ended with {status}:\n{}", self.talk());
            }
            locked(&self.lines).first().cloned()
        })
    }

    /// How it ended; `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The lines on standard output so far.
    pub fn lines(&self) -> Vec<String> {
        locked(&self.lines).clone()
    }

    /// What it said on standard error so far.
    pub fn talk(&self) -> String {
        locked(&self.talk).clone()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGINT as from Ctrl-C; the exit code when it has ended within `limit`.
    #[track_caller]
    pub fn interrupt(mut self, limit: Duration) -> Option<i32> {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &id]).status();
        wait::until("the program to end after an interrupt", limit, || {
            self.child.try_wait().ok().flatten()
        })
        .code()
    }

    /// Resident memory in KiB, as the kernel counts it.
    pub fn resident_kib(&self) -> Option<u64> {
        self.status_kib("VmRSS:")
    }

    /// The most that was resident so far, in KiB.
    pub fn peak_kib(&self) -> Option<u64> {
        self.status_kib("VmHWM:")
    }

    fn status_kib(&self, field: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with(field))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect<T: Send + 'static>(
    from: impl Read + Send + 'static,
    into: Arc<Mutex<T>>,
    add: impl Fn(&mut T, String) + Send + 'static,
) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            add(&mut locked(&into), line);
        }
    });
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
