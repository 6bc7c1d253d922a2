//! The way of a newcomer: install, apply the quickstart, see records.

use std::time::Duration;

use tests::java;
use tests::program::Program;

use crate::harness::{HOME, namespace, suite};

#[test]
fn from_install_to_the_first_record_takes_seconds() {
    let took = suite().first_record.as_secs_f64();
    println!("from helm install to the first record read by a client in a pod: {took:.1} s");
    assert!(took < 600.0, "ten times the figure of 60 s");
}

#[test]
fn kubectl_waits_for_all_kinds() {
    let words = [
        "wait",
        "-n",
        &suite().quickstart,
        "--for=condition=Ready",
        "eddyline",
        "--all",
    ];
    let said = suite()
        .kube
        .kubectl(&[&words[..], &["--timeout=120s"]].concat());
    for name in [
        "cluster.eddyline.dev/tutorial",
        "topic.eddyline.dev/rides",
        "connector.eddyline.dev/orders-gen",
    ] {
        assert!(said.contains(name), "{said}");
    }
}

#[test]
fn records_are_read_by_exec() {
    let exec = ["exec", "-n", &suite().quickstart, "tutorial-broker-0", "--"];
    let words = ["/eddyline", "consume", "rides", "-n", "5"];
    let said = suite().kube.kubectl(&[&exec[..], &words].concat());
    assert_eq!(said.lines().count(), 5, "{said}");
}

#[test]
fn any_client_on_a_laptop_gets_in_by_port_forward() {
    let forward = [
        "kubectl",
        "port-forward",
        "-n",
        &suite().quickstart,
        "svc/tutorial",
        "9094",
    ];
    let mut forwarded = Program::start(suite().kube.command(&forward));
    forwarded.first_line(Duration::from_secs(30));
    let kcat = [
        "timeout",
        "60",
        "kcat",
        "-b",
        "localhost:9094",
        "-C",
        "-t",
        "orders",
        "-c",
        "3",
        "-o",
        "beginning",
    ];
    let said = suite().kube.run(&kcat);
    assert_eq!(said.matches("orderid").count(), 3, "{said}");

    let java = java::command();
    let words: Vec<_> = java.iter().map(String::as_str).collect();
    let said = suite()
        .kube
        .run(&[&words[..], &["first", "localhost:9094", "orders"]].concat());
    println!("a Java group through the port-forward: {}", said.trim());
    assert!(said.contains("first_ms="), "{said}");
}

#[test]
fn the_charts_own_test_passes() {
    let _turn = namespace("helm-test");
    let said = suite()
        .kube
        .run(&["helm", "test", "eddyline", "-n", HOME, "--timeout=180s"]);
    assert!(said.contains("Succeeded"), "{said}");
}
