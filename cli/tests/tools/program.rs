//! The built program in a home of its own: nothing of the user's is read or written.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
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
    pub(crate) fn broker(&self, more: &[&str]) -> Server {
        self.start(eddyline(&[]), more)
    }

    /// A broker on free ports, by a command that takes the program's arguments.
    pub(crate) fn start(&self, mut command: Command, more: &[&str]) -> Server {
        command.args(["broker", "--listen", "127.0.0.1:0"]);
        command.args(["--admin-listen", "127.0.0.1:0"]).args(more);
        self.serve(command)
    }

    /// `eddyline up` with these documents, on free ports unless told otherwise.
    pub(crate) fn up(&self, documents: &str, more: &[&str]) -> Server {
        let file = self.0.path().join("file.yaml");
        std::fs::write(&file, documents).unwrap();
        let mut command = eddyline(&["up", "--any-port", "-f"]);
        command.arg(file).args(more);
        self.serve(command)
    }

    /// Starts a command that runs until it is interrupted, and waits until it is ready.
    pub(crate) fn serve(&self, mut command: Command) -> Server {
        command.args(["-o", "json"]);
        self.settle(&mut command);
        let mut child = command.spawn().unwrap();
        let line = first_line(child.stdout.take().unwrap());
        let talk = collect(child.stderr.take().unwrap());
        let mut server = Server {
            child,
            talk,
            kafka: String::new(),
            ready: Value::Null,
        };
        match line.and_then(|line| serde_json::from_str(&line).ok()) {
            Some(ready) => server.ready = ready,
            None => panic!("it is not ready: {:?}", server.wait()),
        }
        server.kafka = server.ready["kafka"].as_str().unwrap().to_owned();
        server
    }

    /// Starts a tool whose input stays open and whose output is read line by line.
    pub(crate) fn tool(&self, words: &[&str]) -> Child {
        let mut command = eddyline(words);
        self.settle(&mut command);
        command.stdin(Stdio::piped()).spawn().unwrap()
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// The lines of a process's standard error, as they come.
fn collect(talk: ChildStderr) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(talk).lines().map_while(Result::ok) {
            // The test may have ended.
            let _ = sender.send(line);
        }
    });
    receiver
}

/// Sends a signal by its name to a process.
pub(crate) fn signal(name: &str, pid: u32) {
    let pid = pid.to_string();
    let sent = Command::new("kill").args([name, &pid]).status().unwrap();
    assert!(sent.success(), "kill {name} {pid}");
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

/// A running broker or `up`; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    talk: mpsc::Receiver<String>,
    /// Where clients reach it.
    pub(crate) kafka: String,
    /// What it printed when it was ready.
    pub(crate) ready: Value,
}

impl Server {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGINT, as from Ctrl-C; the exit code.
    pub(crate) fn interrupt(self) -> Option<i32> {
        signal("-INT", self.id());
        self.wait().code
    }

    /// The next line on standard error that has these words.
    pub(crate) fn line(&self, words: &str) -> String {
        loop {
            let line = self.talk.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no line with {words:?}"));
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Waits for its end; a process that hangs is killed, which shows in the code. What was said and not asked for yet
    /// comes with it.
    pub(crate) fn wait(mut self) -> Said {
        let mut err = String::new();
        loop {
            match self.talk.recv_timeout(PATIENCE) {
                Ok(line) => err = format!("{err}{line}\n"),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let _ = self.child.kill();
                    err = format!("{err}it still ran after {PATIENCE:?}");
                    break;
                }
            }
        }
        Said {
            code: self.child.wait().unwrap().code(),
            out: String::new(),
            err,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
