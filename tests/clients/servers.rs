//! A broker of its own for a test, and running a client to its end.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tests::program::{self, Program};

/// A broker alone, on free ports, with its data in a folder that goes with it.
pub(crate) struct Broker {
    pub(crate) program: Program,
    pub(crate) kafka: String,
    pub(crate) data: TempDir,
}

pub(crate) fn broker(more: &[&str]) -> Broker {
    let data = tempfile::tempdir().unwrap();
    let (program, kafka) = start(data.path(), more);
    Broker {
        program,
        kafka,
        data,
    }
}

/// `eddyline broker` on free ports; its address.
pub(crate) fn start(data: &Path, more: &[&str]) -> (Program, String) {
    let mut command = program::command(&["broker", "-o", "json", "--admin-listen", "127.0.0.1:0"]);
    command.arg("--data-dir").arg(data).args(more);
    if !more.contains(&"--listener") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    ready(Program::start(command))
}

/// Waits for the one line that says where the broker listens.
pub(crate) fn ready(mut program: Program) -> (Program, String) {
    let line = program.first_line(Duration::from_secs(30));
    let value: Value =
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let kafka = value["kafka"].as_str().unwrap_or_default().to_owned();
    assert!(!kafka.is_empty(), "no address in {line}");
    (program, kafka)
}

/// Makes a topic with our own tool.
pub(crate) fn topic(kafka: &str, name: &str, partitions: u32) {
    let partitions = partitions.to_string();
    let made = program::run(&[
        "topic",
        "create",
        name,
        "--partitions",
        &partitions,
        "--bootstrap",
        kafka,
    ]);
    assert!(made.status.success(), "{made:?}");
}

/// Runs a client, giving it `input`; fails the test when it fails.
pub(crate) fn client(command: &mut Command, input: &str) -> Output {
    use std::io::Write;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("start {command:?}: {error}"));
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{talk}",
        output.status
    );
    output
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
