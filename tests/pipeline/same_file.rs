//! "The same file on a laptop", sentence by sentence, where no other test of this suite has the sentence: what `-f` takes, which
//! Cluster runs and where its data lives, what is noted and not done. What changes while it runs is in `changes`.

mod changes;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tests::program::{self, Program};
use tests::{manifest, wait};

const PATIENCE: Duration = Duration::from_secs(30);

const HEAD: &str = "apiVersion: eddyline.dev/v1alpha1\n";

fn document(kind: &str, name: &str, spec: &str) -> String {
    format!("---\n{HEAD}kind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n")
}

/// `eddyline up` with a home of its own below `home`; the caller adds its flags.
fn up(home: &Path) -> Command {
    at_home(home, &["up", "-o", "json", "--any-port"])
}

fn at_home(home: &Path, words: &[&str]) -> Command {
    let mut command = program::command(words);
    command
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_RUNTIME_DIR", home.join("run"));
    command
}

/// Starts it; gives what it printed when it was ready.
#[track_caller]
fn ready(command: Command) -> (Program, Value) {
    let mut program = Program::start(command);
    let line = program.first_line(PATIENCE);
    let value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
    (program, value)
}

/// The names of the topics that are there, the platform's own left out.
fn topics(ready: &Value) -> Vec<String> {
    let kafka = ready["kafka"].as_str().unwrap();
    let out = program::run(&["topic", "list", "-o", "json", "--bootstrap", kafka]);
    names(&out.stdout)
        .into_iter()
        .filter(|name| !name.starts_with("__"))
        .collect()
}

fn connectors(ready: &Value) -> Vec<String> {
    let connect = ready["connect"].as_str().unwrap();
    let out = program::run(&["connector", "list", "-o", "json", "--connect", connect]);
    names(&out.stdout)
}

fn names(list: &[u8]) -> Vec<String> {
    let list: Value = serde_json::from_slice(list).unwrap_or_default();
    let names = list.as_array().into_iter().flatten();
    names
        .filter_map(|one| one["name"].as_str().map(str::to_owned))
        .collect()
}

#[track_caller]
fn wait_for(up: &Program, words: &str) {
    wait::until(words, PATIENCE, || up.talk().contains(words).then_some(()));
}

#[test]
fn files_folders_and_standard_input_are_taken_together() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("manifests");
    fs::create_dir(&folder).unwrap();
    let cluster = document("Cluster", "t", "{}");
    let both = format!("{cluster}{}", document("Topic", "one", "{cluster: t}"));
    fs::write(folder.join("a.yaml"), both).unwrap();
    let list = r#"{"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "texts"}, "data": {"a": "b"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "words"}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}},
        {"apiVersion": "eddyline.dev/v1alpha1", "kind": "Topic", "metadata": {"name": "two"}, "spec": {"cluster": "t"}}]}"#;
    fs::write(folder.join("b.json"), list).unwrap();
    fs::write(folder.join("notes.txt"), "no manifest").unwrap();
    let file = manifest::write(home.path(), &document("Topic", "three", "{cluster: t}"));
    let input = home.path().join("input");
    fs::write(&input, document("Topic", "four", "{cluster: t}")).unwrap();
    let mut command = up(home.path());
    command.arg("-f").arg(&folder).args(["-f", "-"]);
    command.arg("-f").arg(&file);
    command.stdin(Stdio::from(File::open(&input).unwrap()));
    let (up, ready) = ready(command);
    assert_eq!(topics(&ready), ["four", "one", "three", "two"]);
    let talk = up.talk();
    assert!(
        talk.contains("b.json:4:9: skipped Deployment web (apps/v1)"),
        "{talk}"
    );
    assert!(
        !talk.contains("ConfigMap") && !talk.contains("Secret"),
        "they are sources of references, nothing to skip: {talk}"
    );
    assert_eq!(up.interrupt(PATIENCE), Some(0));
}

#[test]
fn one_of_several_clusters_is_chosen_by_name() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = document("Cluster", "two", "{}").replace("two}", "two, namespace: demo}");
    let topic =
        |name: &str, cluster: &str| document("Topic", name, &format!("{{cluster: {cluster}}}"));
    let text = [
        document("Cluster", "one", "{}"),
        elsewhere,
        topic("of-one", "one"),
        topic("of-two", "two").replace("of-two}", "of-two, namespace: demo}"),
    ];
    let file = manifest::write(home.path(), &text.concat());
    for (name, id, folder, topic) in [
        ("one", "default/one", "data/eddyline/default/one", "of-one"),
        ("demo/two", "demo/two", "data/eddyline/demo/two", "of-two"),
    ] {
        let mut command = up(home.path());
        command.arg("-f").arg(&file).args(["--cluster", name]);
        let (up, ready) = ready(command);
        assert_eq!(ready["cluster"], id);
        assert_eq!(
            ready["dataDir"].as_str().map(Path::new),
            Some(&*home.path().join(folder))
        );
        assert_eq!(topics(&ready), [topic]);
        assert_eq!(up.interrupt(PATIENCE), Some(0));
    }
    let mut command = up(home.path());
    command.arg("-f").arg(&file).args(["--cluster", "tow"]);
    let refused = command.output().unwrap();
    let talk = String::from_utf8_lossy(&refused.stderr);
    assert!(talk.contains("did you mean \"two\"?"), "{talk}");
}

#[test]
fn what_is_not_done_here_is_noted() {
    let home = tempfile::tempdir().unwrap();
    let cluster = "{paused: true, storage: {size: 5Gi}, resources: {limits: {memory: 1Gi}}, config: {min.insync.replicas: \"2\"}}";
    let text = [
        document("Cluster", "t", cluster),
        document("Topic", "held", "{cluster: t, paused: true}"),
        document(
            "Topic",
            "orders",
            "{cluster: t, replicas: 3, config: {min.insync.replicas: '2'}}",
        ),
        document("Topic", "lost", "{cluster: other}"),
        document(
            "Connector",
            "gen",
            "{cluster: t, topic: orders, paused: true, datagen: {quickstart: orders}}",
        ),
    ];
    let file = manifest::write(home.path(), &text.concat());
    let mut command = up(home.path());
    command.arg("-f").arg(&file);
    let (up, ready) = ready(command);
    let talk = up.talk();
    for words in [
        "spec.storage.size is noted and not enforced here",
        "spec.resources is noted and not enforced here",
        "Cluster default/t is paused: it is left as it is",
        "Topic default/held is paused: nothing is done about it until paused is taken out",
        "Connector default/gen is paused: nothing is done about it",
        "min.insync.replicas: 2 has no effect",
        "topic orders: min.insync.replicas: 2 has no effect",
        "topic orders: replicas: 3 is kept as 1",
        "Topic default/lost: ClusterNotFound: there is no Cluster default/other; expected t",
    ] {
        assert!(talk.contains(words), "no {words:?} in:\n{talk}");
    }
    assert_eq!(topics(&ready), ["orders"]);
    assert_eq!(connectors(&ready), Vec::<String>::new());
}

#[test]
fn a_stopped_cluster_is_not_run() {
    let home = tempfile::tempdir().unwrap();
    let file = manifest::write(home.path(), &document("Cluster", "t", "{state: Stopped}"));
    let mut command = up(home.path());
    let refused = command.arg("-f").arg(&file).output().unwrap();
    let talk = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{talk}");
    assert!(
        talk.contains("Cluster default/t is Stopped") && talk.contains("state: Running"),
        "{talk}"
    );
    assert!(!home.path().join("data").exists(), "nothing was started");
}

#[test]
fn the_hand_tools_take_the_only_one_that_runs() {
    let home = tempfile::tempdir().unwrap();
    let start = |cluster: &str, topic: &str| {
        let text = [
            document("Cluster", cluster, "{}"),
            document("Topic", topic, &format!("{{cluster: {cluster}}}")),
        ];
        let folder = home.path().join(cluster);
        fs::create_dir(&folder).unwrap();
        let mut command = up(home.path());
        command
            .arg("-f")
            .arg(manifest::write(&folder, &text.concat()));
        ready(command)
    };
    let (first, _) = start("one", "of-one");
    let (second, of_second) = start("two", "of-two");
    let list = || at_home(home.path(), &["topic", "list", "-o", "json"]);
    let several = list().output().unwrap();
    let talk = String::from_utf8_lossy(&several.stderr);
    for words in ["several", "--bootstrap", "default/one", "default/two"] {
        assert!(talk.contains(words), "no {words:?} in:\n{talk}");
    }
    let kafka = of_second["kafka"].as_str().unwrap();
    let named = list().env("EDDYLINE_BOOTSTRAP", kafka).output().unwrap();
    assert_eq!(names(&named.stdout), ["of-two"]);
    let named = list().args(["--bootstrap", kafka]).output().unwrap();
    assert_eq!(names(&named.stdout), ["of-two"]);
    // Killed: its run file stays behind and counts for nothing.
    second.kill();
    assert_eq!(names(&list().output().unwrap().stdout), ["of-one"]);
    assert_eq!(first.interrupt(PATIENCE), Some(0));
}

#[test]
fn the_broker_alone_leaves_a_folder_of_up_alone() {
    let home = tempfile::tempdir().unwrap();
    let file = manifest::write(home.path(), &document("Cluster", "t", "{}"));
    let mut command = up(home.path());
    command.arg("-f").arg(&file);
    let (up, ready) = ready(command);
    let data = ready["dataDir"].as_str().unwrap().to_owned();
    assert_eq!(up.interrupt(PATIENCE), Some(0));
    let before: Vec<_> = fs::read_dir(&data)
        .unwrap()
        .map(|one| one.unwrap().path())
        .collect();
    let refused = program::run(&["broker", "--data-dir", &data, "--listen", "127.0.0.1:0"]);
    let talk = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{talk}");
    assert!(
        talk.contains("is a folder of eddyline up") && talk.contains("run it with eddyline up"),
        "{talk}"
    );
    let after: Vec<_> = fs::read_dir(&data)
        .unwrap()
        .map(|one| one.unwrap().path())
        .collect();
    assert_eq!(before, after, "nothing was touched");
}
