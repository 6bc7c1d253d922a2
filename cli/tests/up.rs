//! `eddyline up` as a process: what it takes, what it says, and how it ends. What flows through it is the pipeline suite's.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a suite of tests: helpers fail like the tests that call them"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const CLUSTER: &str = "apiVersion: eddyline.dev/v1alpha1\nkind: Cluster\nmetadata: {name: t}\n";
const TOPIC: &str = "---\napiVersion: eddyline.dev/v1alpha1\nkind: Topic\nmetadata: {name: orders}\n\
    spec: {cluster: t, partitions: 2}\n";

/// Folders of one test: every process of it sees its own home.
struct World {
    folder: TempDir,
}

/// A process that never outlives its test.
struct Running {
    child: Child,
    ready: Value,
}

impl World {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eddyline"));
        command
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
            .env("HOME", self.path())
            .env("XDG_RUNTIME_DIR", self.path().join("run"))
            .env_remove("XDG_DATA_HOME");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// Starts a command that prints one JSON line when it is ready.
    fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        command
            .args(["-o", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Running::of(command.spawn().unwrap())
    }

    fn up(&self, more: &[&str]) -> Running {
        self.start(&[&["up", "--any-port", "-f", "file.yaml"], more].concat())
    }
}

impl Running {
    fn of(mut child: Child) -> Self {
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Ok(ready) = serde_json::from_str(&line) else {
            let mut talk = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut talk)
                .unwrap();
            panic!("not ready: {line}{talk}");
        };
        Self { child, ready }
    }

    fn text(&self, field: &str) -> &str {
        self.ready[field].as_str().unwrap()
    }

    /// Sends a signal and gives the exit code and all that was said.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        let mut talk = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut talk)
            .unwrap();
        (self.child.wait().unwrap().code(), talk)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn talk(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_screen_tells_what_runs_and_sigterm_ends_it() {
    let world = World::new();
    world.write(
        "file.yaml",
        &format!("{CLUSTER}spec: {{storage: {{size: 5Gi}}}}\n{TOPIC}"),
    );
    let up = world.up(&[]);
    assert_eq!(up.text("cluster"), "default/t");
    assert!(
        up.text("dataDir")
            .ends_with(".local/share/eddyline/default/t")
    );
    let kafka = up.text("kafka").to_owned();
    let (code, talk) = up.end("-TERM");
    assert_eq!(code, Some(0), "{talk}");
    for words in [
        &*kafka,
        "~/.local/share/eddyline/default/t",
        "orders (2)",
        "eddyline consume orders -n 5",
        "spec.storage.size is noted and not enforced",
        "eddyline up -f file.yaml --any-port --fresh",
        "Ctrl-C again to force",
    ] {
        assert!(talk.contains(words), "no {words:?} in:\n{talk}");
    }
    assert!(!talk.contains('\u{1b}'), "no colours without a terminal");
}

#[test]
fn the_hand_tools_find_the_only_one_that_runs() {
    let world = World::new();
    world.write("file.yaml", &format!("{CLUSTER}spec: {{}}\n{TOPIC}"));
    let nobody = world.run(&["topic", "list"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(
        talk(&nobody).contains("eddyline up -f FILE"),
        "{}",
        talk(&nobody)
    );

    let up = world.up(&[]);
    let topics = world.run(&["topic", "list", "-o", "json"]);
    let topics: Value = serde_json::from_slice(&topics.stdout).unwrap();
    assert_eq!(topics[0]["name"], "orders");
    let connectors = world.run(&["connector", "list", "-o", "json"]);
    assert_eq!(String::from_utf8_lossy(&connectors.stdout).trim(), "[]");
    let config = world.run(&["client-config", "--lang", "kcat"]);
    assert!(String::from_utf8_lossy(&config.stdout).contains(up.text("kafka")));
}

#[test]
fn every_finding_is_told_and_nothing_is_started() {
    let world = World::new();
    world.write(
        "file.yaml",
        &format!("{CLUSTER}spec: {{config: {{num.partitons: \"3\"}}}}\n"),
    );
    world.write(
        "other.yaml",
        &TOPIC.replace("partitions: 2", "partitons: 2, flush: sync"),
    );
    let refused = world.run(&["up", "-f", "other.yaml", "-f", "file.yaml"]);
    assert_eq!(refused.status.code(), Some(1));
    let talk_of_other = talk(&refused);
    assert!(
        talk_of_other.contains("other.yaml:5:20: unknown field \"partitons\""),
        "{talk_of_other}"
    );
    assert!(
        talk_of_other.contains("other.yaml:5:41: spec.flush cannot be \"sync\""),
        "{talk_of_other}"
    );
    assert!(
        talk_of_other.contains("file.yaml:4:17: unknown setting \"num.partitons\""),
        "settings are looked at too: {talk_of_other}"
    );
    assert!(
        talk_of_other.contains("3 problems in the files; nothing was started"),
        "{talk_of_other}"
    );
    assert!(!world.path().join(".local").exists(), "nothing was started");
}

#[test]
fn a_file_may_come_by_standard_input() {
    let world = World::new();
    let mut command = world.command(&["up", "-f", "-", "--any-port", "-o", "json"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("{CLUSTER}spec: {{}}\n").as_bytes())
        .unwrap();
    let up = Running::of(child);
    assert_eq!(up.end("-INT").0, Some(0));
}

#[test]
fn an_external_kafka_gets_topics_and_no_broker() {
    let world = World::new();
    let broker = world.start(&[
        "broker",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
    ]);
    let kafka = broker.text("kafka").to_owned();
    let spec = format!("spec: {{engine: External, bootstrapServers: [\"{kafka}\"]}}\n");
    world.write("file.yaml", &format!("{CLUSTER}{spec}{TOPIC}"));
    let up = world.up(&[]);
    assert_eq!(up.text("kafka"), kafka);
    let topics = world.run(&["topic", "list", "-o", "json", "--bootstrap", &kafka]);
    assert!(String::from_utf8_lossy(&topics.stdout).contains("\"orders\""));
    let data = Path::new(up.text("dataDir")).to_owned();
    assert!(data.join("objects.json").exists() && !data.join("broker").exists());
    let (code, talk) = up.end("-INT");
    assert_eq!(code, Some(0), "{talk}");
    assert!(
        talk.contains("(External)") && !talk.contains("--fresh"),
        "{talk}"
    );
}

#[test]
fn containers_get_a_listener_of_their_own_name() {
    let world = World::new();
    world.write("file.yaml", &format!("{CLUSTER}spec: {{}}\n"));
    let (_, talk) = world.up(&["--containers"]).end("-INT");
    let line = talk
        .lines()
        .find(|line| line.contains("host.docker.internal:"));
    assert!(
        line.is_some_and(|line| line.contains("for containers")),
        "{talk}"
    );
}

#[test]
fn fresh_begins_anew_and_only_where_the_folder_is_ours() {
    let world = World::new();
    world.write("file.yaml", &format!("{CLUSTER}spec: {{}}\n{TOPIC}"));
    let up = world.up(&["--data-dir", "data"]);
    let before = fs::read_to_string(world.path().join("data/objects.json")).unwrap();
    up.end("-INT");
    // Fewer partitions than the topic has: fine for a new one.
    world.write(
        "file.yaml",
        &format!("{CLUSTER}spec: {{}}\n{}", TOPIC.replace('2', "1")),
    );
    world.up(&["--data-dir", "data", "--fresh"]).end("-INT");
    assert_ne!(
        before,
        fs::read_to_string(world.path().join("data/objects.json")).unwrap()
    );

    world.write("data/thesis.txt", "mine");
    let refused = world.run(&[
        "up",
        "-f",
        "file.yaml",
        "--any-port",
        "--data-dir",
        "data",
        "--fresh",
    ]);
    assert!(talk(&refused).contains("thesis.txt"), "{}", talk(&refused));
    assert!(
        world.path().join("data/broker").exists(),
        "nothing was removed"
    );
}

#[test]
fn a_folder_belongs_to_one_cluster() {
    let world = World::new();
    world.write("file.yaml", &format!("{CLUSTER}spec: {{}}\n"));
    world.up(&["--data-dir", "data"]).end("-INT");
    world.write(
        "file.yaml",
        &format!("{}spec: {{}}\n", CLUSTER.replace("name: t", "name: u")),
    );
    let refused = world.run(&["up", "-f", "file.yaml", "--any-port", "--data-dir", "data"]);
    assert!(
        talk(&refused).contains("holds the data of Cluster default/t"),
        "{}",
        talk(&refused)
    );
}
