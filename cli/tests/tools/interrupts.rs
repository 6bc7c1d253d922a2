//! Ctrl-C: the first ends in order, a second at once; a tool that reads or sends first does what it has begun.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Child;

use crate::program::{Home, signal};

/// Sends SIGINT; the exit code and what was said on standard error.
fn interrupt(mut tool: Child) -> (Option<i32>, String) {
    signal("-INT", tool.id());
    let mut said = String::new();
    let mut err = tool.stderr.take().unwrap();
    err.read_to_string(&mut said).unwrap();
    (tool.wait().unwrap().code(), said)
}

/// Method: the Kafka that `up` fills is stopped (SIGSTOP), so that ending in order has to wait for answers that do not come. The
/// second signal is sent once the first is seen to be taken.
#[test]
fn a_second_interrupt_ends_at_once() {
    let home = Home::new();
    let broker = home.broker(&[]);
    let documents = format!(
        "apiVersion: eddyline.dev/v1alpha1\nkind: Cluster\nmetadata: {{name: t}}\n\
         spec: {{engine: External, bootstrapServers: [\"{}\"]}}\n---\n\
         apiVersion: eddyline.dev/v1alpha1\nkind: Topic\nmetadata: {{name: orders}}\n\
         spec: {{cluster: t, partitions: 1}}\n---\n\
         apiVersion: eddyline.dev/v1alpha1\nkind: Connector\nmetadata: {{name: gen}}\n\
         spec: {{cluster: t, topic: orders, datagen: {{quickstart: orders, rate: 100}}}}\n",
        broker.kafka
    );
    let up = home.up(&documents, &[]);
    let record = home.run(&["consume", "orders", "-n", "1", "-b", &broker.kafka]);
    assert_eq!(record.code, Some(0), "records flow: {record:?}");
    signal("-STOP", broker.id());
    signal("-INT", up.id());
    up.line("stopping; Ctrl-C again to force");
    signal("-INT", up.id());
    assert_eq!(up.wait().code, Some(130));
    signal("-CONT", broker.id());
}

#[test]
fn a_reader_says_nothing_when_it_is_interrupted() {
    let home = Home::new();
    let _broker = home.broker(&[]);
    home.run(&["topic", "create", "t"])
        .is(0, "", "created topic t\n");
    assert_eq!(home.run_with(&["produce", "t"], "a\n").code, Some(0));
    let mut reader = home.tool(&["consume", "t", "-g", "g", "-f", "%v\\n"]);
    let mut line = String::new();
    BufReader::new(reader.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "a\n");
    assert_eq!(interrupt(reader), (Some(130), String::new()));
    let group = home.run(&["group", "describe", "g", "-o", "json"]).json();
    assert_eq!(
        group["offsets"][0]["committed"], 1,
        "what was printed is committed: {group}"
    );
}

#[test]
fn a_sender_tells_what_it_has_sent_when_it_is_interrupted() {
    let home = Home::new();
    let _broker = home.broker(&[]);
    home.run(&["topic", "create", "t"])
        .is(0, "", "created topic t\n");
    let mut sender = home.tool(&["produce", "t"]);
    let mut input = sender.stdin.take().unwrap();
    input.write_all(b"a\n").unwrap();
    let seen = home.run(&["consume", "t", "-n", "1", "-f", "%v\\n"]);
    seen.is(0, "a\n", "");
    let told = (Some(130), "1 record sent to t\n".to_owned());
    assert_eq!(interrupt(sender), told);
    drop(input);
}
