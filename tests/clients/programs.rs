//! The programs that `eddyline client-config` prints, run as they stand: each reads a topic from its beginning, and leaves its
//! group at Ctrl-C, so that the next start need not wait for it to be missed. The one in Rust is compiled.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tests::program::{self, Program};
use tests::{java, paths, wait};

use crate::python;
use crate::servers::{self, Broker, client, text};

/// A virtual machine or a download may take its time.
const PATIENCE: Duration = Duration::from_mins(2);

/// A topic with three records, and a folder for the program that reads it.
struct Desk {
    broker: Broker,
    folder: TempDir,
}

impl Desk {
    fn set_up() -> Self {
        let broker = servers::broker(&[]);
        servers::topic(&broker.kafka, "t", 2);
        let words = ["produce", "t", "-K", ":", "-b", &broker.kafka];
        client(&mut program::command(&words), "k1:v1\nk2:v2\nk3:v3\n");
        let folder = tempfile::tempdir().unwrap();
        Self { broker, folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Prints the program for a language into a file of this name.
    fn print(&self, language: &str, file: &str) -> PathBuf {
        let words = ["client-config", "--lang", language, "--topic", "t", "-b"];
        let printed = client(program::command(&words).arg(&self.broker.kafka), "");
        let path = self.path().join(file);
        std::fs::write(&path, printed.stdout).unwrap();
        path
    }

    /// Runs the program until it has read everything, and then ends it as Ctrl-C does.
    #[track_caller]
    fn reads(&self, command: Command, group: &str) {
        let program = Program::start(command);
        wait::until("all records", PATIENCE, || {
            let lines = program.lines();
            let all = ["v1", "v2", "v3"]
                .iter()
                .all(|value| lines.iter().any(|line| line.ends_with(value)));
            all.then_some(())
        });
        program.interrupt(PATIENCE);
        let words = ["group", "describe", group, "-o", "json", "-b"];
        let described = client(program::command(&words).arg(&self.broker.kafka), "");
        let described: Value = serde_json::from_slice(&described.stdout).unwrap();
        assert_eq!(described["state"], "Empty", "it has left: {described}");
    }
}

/// The program in Rust, with its gaps open: that it compiles is its test.
#[expect(
    dead_code,
    clippy::print_stdout,
    reason = "nobody runs it here; it prints records, as its reader wants"
)]
mod in_rust {
    include!("../../cli/src/client_config/rust.txt");
}

/// The first of these tools that is missing: its test is left out, unless the tier that always has it is required.
fn missing(tools: &[&'static str], tier: &str) -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |tool: &str| std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
    let tool = tools.iter().find(|tool| !there(tool))?;
    let required = std::env::var_os("EDDYLINE_REQUIRE").unwrap_or_default();
    let required = required.to_string_lossy();
    let must = required.split(',').any(|one| one == tier);
    assert!(!must, "{tool} is required and missing");
    Some(tool)
}

#[test]
fn the_program_in_python_runs() {
    let desk = Desk::set_up();
    let mut command = Command::new(python::python());
    command.arg(desk.print("python", "read.py"));
    desk.reads(command, "my-python-group");
}

#[test]
fn the_program_in_java_runs() {
    let desk = Desk::set_up();
    let mut command = Command::new("java");
    command.args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp"]);
    command.arg(java::classes());
    command.arg(desk.print("java", "Read.java"));
    desk.reads(command, "my-java-group");
}

#[test]
fn the_program_in_go_runs() {
    // The tier of the YAML's rules is written in it.
    if let Some(tool) = missing(&["go", "gofmt"], "crd-rules") {
        return println!("left out, for {tool} is missing");
    }
    let desk = Desk::set_up();
    let source = desk.print("go", "main.go");
    let unformatted = client(Command::new("gofmt").arg("-l").arg(&source), "");
    assert_eq!(text(&unformatted.stdout), "");
    for file in ["go.mod", "go.sum"] {
        let pinned = paths::root().join("tests/clients/go").join(file);
        std::fs::copy(pinned, desk.path().join(file)).unwrap();
    }
    let go = |words: &[&str]| {
        let mut command = Command::new("go");
        client(command.args(words).current_dir(desk.path()), "");
    };
    go(&["vet", "."]);
    go(&["build", "-o", "read", "."]);
    desk.reads(Command::new(desk.path().join("read")), "my-go-group");
}

#[test]
fn the_program_for_node_runs() {
    // No tier needs it: it is tried where it is.
    if let Some(tool) = missing(&["node", "npm"], "node") {
        return println!("left out, for {tool} is missing");
    }
    let desk = Desk::set_up();
    let pinned = paths::root().join("tests/clients/node/package.json");
    std::fs::copy(pinned, desk.path().join("package.json")).unwrap();
    let source = desk.print("node", "read.mjs");
    let mut install = Command::new("npm");
    install.args(["install", "--silent", "--no-audit", "--no-fund"]);
    client(install.current_dir(desk.path()), "");
    let mut command = Command::new("node");
    command.arg(source);
    desk.reads(command, "my-node-group");
}

#[test]
fn the_commands_of_kcat_run() {
    let desk = Desk::set_up();
    let page = std::fs::read_to_string(desk.print("kcat", "kcat.sh")).unwrap();
    let commands = page
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let commands: Vec<&str> = commands.collect();
    assert_eq!(commands.len(), 4, "{page}");
    let run = |command: &str| text(&client(Command::new("sh").args(["-c", command]), "").stdout);
    let mut values: Vec<String> = run(commands[0]).lines().map(str::to_owned).collect();
    values.sort();
    assert_eq!(values, ["v1", "v2", "v3"]);
    let mut member = Command::new("sh");
    // Into a pipe it prints in large pieces unless told otherwise.
    let unbuffered = commands[1].replacen("kcat", "exec kcat -u", 1);
    member.args(["-c", &unbuffered]);
    desk.reads(member, "my-group");
    run(commands[2]);
    assert!(run(commands[0]).lines().any(|line| line == "value"));
    assert!(run(commands[3]).contains("topic \"t\" with 2 partitions"));
}
