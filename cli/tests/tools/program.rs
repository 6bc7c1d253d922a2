//! The built program in a home of its own: nothing of the user's is read or written.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// How long a process may take to start or to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a run of the program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Holds the exit code and every byte.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, out: &str, err: &str) {
        assert_eq!((self.out.as_str(), self.err.as_str()), (out, err));
        assert_eq!(self.code, Some(code));
    }

    /// Holds the exit code and words on standard error.
    #[track_caller]
    pub(crate) fn says(&self, code: i32, words: &[&str]) {
        for word in words {
            assert!(self.err.contains(word), "no {word:?} in:\n{}", self.err);
        }
        assert_eq!(self.code, Some(code), "{}", self.err);
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The built program.
pub(crate) fn eddyline(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eddyline"));
    command.args(words);
    command
}

/// A home folder.
#[derive(Debug)]
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Where a broker keeps its data unless told otherwise.
    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join(".local/share/eddyline/broker")
    }

    fn settle(&self, command: &mut Command) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.0.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Said {
        self.run_with(words, "")
    }

    /// Runs the program to its end with this on its standard input.
    pub(crate) fn run_with(&self, words: &[&str], input: &str) -> Said {
        let mut command = eddyline(words);
        self.settle(&mut command);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // It may end without reading: what it says then is what counts.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// A broker on free ports.
    pub(crate) fn broker(&self, more: &[&str]) -> Broker {
        self.start(eddyline(&[]), more)
    }

    /// A broker on free ports, by a command that takes the program's arguments.
    pub(crate) fn start(&self, mut command: Command, more: &[&str]) -> Broker {
        command.args(["broker", "-o", "json", "--listen", "127.0.0.1:0"]);
        command.args(["--admin-listen", "127.0.0.1:0"]).args(more);
        self.settle(&mut command);
        let mut child = command.spawn().unwrap();
        let line = first_line(child.stdout.take().unwrap());
        let mut broker = Broker {
            child,
            kafka: String::new(),
            ready: Value::Null,
        };
        match line.and_then(|line| serde_json::from_str(&line).ok()) {
            Some(ready) => broker.ready = ready,
            None => panic!("it is not ready: {:?}", broker.wait()),
        }
        broker.kafka = broker.ready["kafka"].as_str().unwrap().to_owned();
        broker
    }
}

fn first_line(out: ChildStdout) -> Option<String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let mut lines = BufReader::new(out).lines();
        let _ = sender.send(lines.next());
        // Until its end, so that the process never writes into a closed pipe.
        lines.for_each(drop);
    });
    receiver.recv_timeout(PATIENCE).ok()??.ok()
}

/// A running broker; killed when dropped.
#[derive(Debug)]
pub(crate) struct Broker {
    child: Child,
    /// Where clients reach it.
    pub(crate) kafka: String,
    /// What it printed when it was ready.
    pub(crate) ready: Value,
}

impl Broker {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGINT, as from Ctrl-C; the exit code.
    pub(crate) fn interrupt(self) -> Option<i32> {
        let id = self.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
        self.wait().code
    }

    /// Waits for its end; a process that hangs is killed, which shows in the code.
    pub(crate) fn wait(mut self) -> Said {
        let mut talk = self.child.stderr.take().unwrap();
        let (sender, receiver) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let mut err = String::new();
            let _ = talk.read_to_string(&mut err);
            let _ = sender.send(err);
        });
        let err = receiver.recv_timeout(PATIENCE);
        if err.is_err() {
            let _ = self.child.kill();
        }
        Said {
            code: self.child.wait().unwrap().code(),
            out: String::new(),
            err: err.unwrap_or_else(|_| format!("it still ran after {PATIENCE:?}")),
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
