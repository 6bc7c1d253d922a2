//! What a person can get wrong at the start: refused with what to do, and nothing touched.

use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use tests::manifest::{self, Manifest};
use tests::program::{self, Program};
use tests::{kafka, wait};

const PATIENCE: Duration = Duration::from_secs(30);

fn up(file: &Path, data: &Path, more: &[&str]) -> Output {
    let mut command = program::command(&["up"]);
    command
        .arg("-f")
        .arg(file)
        .arg("--data-dir")
        .arg(data)
        .args(more);
    command.output().unwrap()
}

#[track_caller]
fn assert_refused(output: &Output, words: &[&str]) {
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{talk}");
    for word in words {
        assert!(talk.contains(word), "no {word:?} in:\n{talk}");
    }
}

#[test]
fn a_port_in_use_names_the_process_and_the_flag() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = Manifest::topic("orders").write(files.path());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let id = std::process::id().to_string();
    for flag in ["--kafka-port", "--connect-port", "--admin-port"] {
        let mut ports = vec![
            "--kafka-port",
            "0",
            "--connect-port",
            "0",
            "--admin-port",
            "0",
        ];
        let at = ports.iter().position(|word| *word == flag).unwrap();
        ports[at + 1] = &port;
        let output = up(&file, data.path(), &ports);
        assert_refused(&output, &[&port, &id, flag, "--any-port"]);
    }
}

#[test]
fn a_data_folder_in_use_is_left_alone() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = Manifest::topic("orders").orders("50").write(files.path());
    let (_up, ready) = Program::up(&file, data.path(), &[]);
    let second = up(&file, data.path(), &["--any-port"]);
    assert_refused(&second, &[data.path().to_str().unwrap(), "--data-dir"]);
    let fresh = up(&file, data.path(), &["--any-port", "--fresh"]);
    assert_refused(&fresh, &[data.path().to_str().unwrap()]);
    let before = kafka::count(&ready.kafka, "orders");
    wait::until("the first to go on", PATIENCE, || {
        (kafka::count(&ready.kafka, "orders") > before).then_some(())
    });
}

#[test]
fn a_folder_of_another_format_is_refused_with_what_to_do() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = Manifest::topic("orders").write(files.path());
    let (running, _) = Program::up(&file, data.path(), &[]);
    assert_eq!(running.interrupt(PATIENCE), Some(0));
    let format = find(data.path(), "format");
    let text = std::fs::read_to_string(&format).unwrap();
    let (words, _) = text.trim_end().rsplit_once(' ').unwrap();
    std::fs::write(&format, format!("{words} 99\n")).unwrap();
    let output = up(&file, data.path(), &["--any-port"]);
    assert_refused(&output, &["99", "--fresh"]);
    assert!(
        std::fs::read_to_string(&format).unwrap().contains("99"),
        "nothing touched"
    );
}

/// The file of this name somewhere below `folder`.
fn find(folder: &Path, name: &str) -> std::path::PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.file_name() == name {
                return entry.path();
            }
        }
    }
    panic!("no file {name} below {}", folder.display());
}

#[test]
fn shrinking_and_renaming_are_refused_with_what_to_write() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut manifest = Manifest::topic("orders");
    manifest.partitions = 3;
    manifest.topic_spec = "  topicName: shop.orders\n".to_owned();
    let file = manifest.write(files.path());
    let (running, _) = Program::up(&file, data.path(), &[]);
    assert_eq!(running.interrupt(PATIENCE), Some(0));
    manifest.partitions = 2;
    manifest.write(files.path());
    assert_refused(
        &up(&file, data.path(), &["--any-port"]),
        &["file.yaml:", "partitions", "3"],
    );
    manifest.partitions = 3;
    manifest.topic_spec = "  topicName: shop.renamed\n".to_owned();
    manifest.write(files.path());
    assert_refused(
        &up(&file, data.path(), &["--any-port"]),
        &["file.yaml:", "topicName", "shop.orders"],
    );
}

#[test]
fn a_bad_duration_says_what_a_good_one_is() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut manifest = Manifest::topic("orders");
    manifest.topic_spec = "  retention:\n    time: 1 day\n".to_owned();
    let file = manifest.write(files.path());
    assert_refused(
        &up(&file, data.path(), &["--any-port"]),
        &["file.yaml:15:", "1 day", "1d"],
    );
    assert!(
        std::fs::read_dir(data.path()).unwrap().next().is_none(),
        "nothing was started"
    );
}

#[test]
fn wrong_settings_are_found_before_anything_starts() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut manifest = Manifest::topic("orders");
    manifest.topic_spec =
        "  config:\n    max.mesage.bytes: \"1\"\n    segment.ms: soon\n".to_owned();
    let file = manifest::write(
        files.path(),
        &manifest
            .text()
            .replace("spec: {}", "spec: {config: {num.partitions: x}}"),
    );
    assert_refused(
        &up(&file, data.path(), &["--any-port"]),
        &[
            "3 problems in the files; nothing was started",
            "did you mean \"max.message.bytes\"?",
            "segment.ms cannot be \"soon\"; expected a whole number of at least 1",
            "num.partitions cannot be \"x\"",
        ],
    );
    assert!(
        std::fs::read_dir(data.path()).unwrap().next().is_none(),
        "nothing was started"
    );
}

#[test]
fn two_clusters_want_a_choice_and_none_wants_one() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let cluster = |name: &str| {
        format!(
            "apiVersion: eddyline.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: {name}\nspec: {{}}\n"
        )
    };
    let two = format!("{}---\n{}", cluster("one"), cluster("two"));
    let file = manifest::write(files.path(), &two);
    assert_refused(
        &up(&file, data.path(), &["--any-port"]),
        &["one", "two", "--cluster"],
    );
    let none = Manifest::topic("orders").text();
    let topic = none.split("---\n").nth(1).unwrap().to_owned();
    let file = manifest::write(files.path(), &topic);
    assert_refused(&up(&file, data.path(), &["--any-port"]), &["kind: Cluster"]);
}
