//! What the files do to what runs: only what came from a file is ever removed, a change is applied without a restart, and what a
//! change cannot do at once is told.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use tests::kafka;

use super::*;

/// Makes a connector as a REST client does.
fn post(connect: &str, body: &str) -> String {
    let host = connect.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /connectors HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn what_people_made_by_hand_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let cluster = document("Cluster", "t", "{}");
    let source = "{cluster: t, topic: orders, datagen: {quickstart: orders}}";
    let text = [
        cluster.clone(),
        document("Topic", "orders", "{cluster: t}"),
        document("Connector", "gen", source),
    ];
    let file = manifest::write(home.path(), &text.concat());
    let start = || {
        let mut command = up(home.path());
        ready({
            command.arg("-f").arg(&file).arg("--prune");
            command
        })
    };
    let (up, ready) = start();
    let kafka = ready["kafka"].as_str().unwrap();
    let made = program::run(&["topic", "create", "mine", "--bootstrap", kafka]);
    assert!(made.status.success(), "{made:?}");
    let connect = ready["connect"].as_str().unwrap();
    let answer = post(
        connect,
        r#"{"name": "by-rest", "config": {"connector.class": "Datagen", "kafka.topic": "mine", "quickstart": "orders",
            "tasks.max": "1"}}"#,
    );
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let mut both = connectors(&ready);
    both.sort();
    assert_eq!(both, ["by-rest", "gen"]);

    manifest::write(home.path(), &cluster);
    wait_for(&up, "Connector default/gen left the files");
    wait::until("what came from the file to go", PATIENCE, || {
        (topics(&ready) == ["mine"] && connectors(&ready) == ["by-rest"]).then_some(())
    });
    assert_eq!(up.interrupt(PATIENCE), Some(0));
    let (up, ready) = start();
    wait::until("the connector made by REST", PATIENCE, || {
        (connectors(&ready) == ["by-rest"]).then_some(())
    });
    assert_eq!(topics(&ready), ["mine"]);
    assert_eq!(up.interrupt(PATIENCE), Some(0));
}

#[test]
fn a_new_file_in_a_folder_is_taken_without_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("manifests");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.yaml"), document("Cluster", "t", "{}")).unwrap();
    let mut command = up(home.path());
    command.arg("-f").arg(&folder);
    let (up, ready) = ready(command);
    let process = up.id();
    let draft = home.path().join("draft");
    fs::write(&draft, document("Topic", "late", "{cluster: t}")).unwrap();
    fs::rename(&draft, folder.join("b.yaml")).unwrap();
    let added = Instant::now();
    wait::until("the new topic", PATIENCE, || {
        (topics(&ready) == ["late"]).then_some(())
    });
    println!(
        "a new file took effect in {:.2} s",
        added.elapsed().as_secs_f64()
    );
    wait_for(&up, "Topic default/late is taken in");
    // A line that only moves is no news; one that is new is told while it runs.
    let text = format!("# moved\n{}", document("Topic", "late", "{cluster: t}"));
    let stray = document("Topic", "stray", "{cluster: nowhere}");
    fs::write(&draft, format!("{text}{stray}")).unwrap();
    fs::rename(&draft, folder.join("b.yaml")).unwrap();
    wait_for(&up, "Topic default/stray: ClusterNotFound");
    assert_eq!(up.id(), process);
    assert_eq!(up.interrupt(PATIENCE), Some(0));
}

#[test]
fn a_changed_cluster_waits_for_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let file = manifest::write(home.path(), &document("Cluster", "t", "{}"));
    let mut command = up(home.path());
    command.arg("-f").arg(&file);
    let (up, _) = ready(command);
    manifest::write(
        home.path(),
        &document("Cluster", "t", "{config: {num.partitions: \"4\"}}"),
    );
    wait_for(
        &up,
        "Cluster default/t was changed: that takes effect at the next start",
    );
    manifest::write(home.path(), &document("Cluster", "t", "{}"));
    wait_for(&up, "Cluster default/t is as it was at the start again");
    let talk = up.talk();
    assert!(!talk.contains("Cluster default/t is changed"), "{talk}");
    assert_eq!(up.interrupt(PATIENCE), Some(0));
}

#[test]
fn another_seed_begins_again_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    let text = |seed: u32| {
        let source = format!(
            "{{cluster: t, topic: orders, datagen: {{quickstart: orders, rate: 100, seed: {seed}}}}}"
        );
        [
            document("Cluster", "t", "{}"),
            document("Topic", "orders", "{cluster: t}"),
            document("Connector", "gen", &source),
        ]
        .concat()
    };
    let file = manifest::write(home.path(), &text(1));
    let start = || {
        let mut command = up(home.path());
        command.arg("-f").arg(&file);
        ready(command)
    };
    let firsts = |ready: &Value| {
        let records = kafka::read_all(ready["kafka"].as_str().unwrap(), "orders");
        let ids = records.iter().map(|one| one.number("orderid"));
        ids.filter(|id| *id == 0).count()
    };
    let again = "connector gen makes other records now";
    let (up, ready) = start();
    wait::until("the first order", PATIENCE, || {
        (firsts(&ready) == 1).then_some(())
    });
    assert!(!up.talk().contains(again), "{}", up.talk());
    manifest::write(home.path(), &text(2));
    wait_for(&up, again);
    wait::until("the first order again", PATIENCE, || {
        (firsts(&ready) == 2).then_some(())
    });
    assert_eq!(up.interrupt(PATIENCE), Some(0));
    // Also where the file was changed between two starts.
    manifest::write(home.path(), &text(3));
    let (up, ready) = start();
    assert!(up.talk().contains(again), "{}", up.talk());
    wait::until("the first order once more", PATIENCE, || {
        (firsts(&ready) == 3).then_some(())
    });
    assert_eq!(up.interrupt(PATIENCE), Some(0));
}
