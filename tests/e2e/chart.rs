//! The chart in the cases its README names, and every command for Kubernetes of the project's README.

use std::time::Duration;

use tests::kube::namespace::Namespace;
use tests::paths;
use tests::program::Program;

use crate::harness::{HOME, alone, chart, install, namespace, suite};

const CLUSTER_AND_TOPIC: &str = "
apiVersion: eddyline.dev/v1alpha1
kind: Cluster
metadata: {name: c}
spec: {storage: {ephemeral: true}}
---
apiVersion: eddyline.dev/v1alpha1
kind: Topic
metadata: {name: t}
spec: {cluster: c}
";
const PROTECTED: &str = "
apiVersion: eddyline.dev/v1alpha1
kind: Topic
metadata: {name: kept}
spec: {cluster: nowhere, deletionProtection: true}
";

fn uninstall(release: &str, home: &str) {
    let words = [
        "helm",
        "uninstall",
        release,
        "-n",
        home,
        "--wait",
        "--timeout=90s",
    ];
    suite().kube.run(&words);
}

#[track_caller]
fn works(test: &Namespace) {
    test.apply(CLUSTER_AND_TOPIC);
    test.ready("cluster/c");
    test.ready("topic/t");
}

#[test]
fn a_protected_topic_cannot_be_deleted() {
    let test = namespace("protected");
    test.apply(PROTECTED);
    let refusal = test.try_kubectl(&["delete", "topic/kept"]).unwrap_err();
    let remedy = r#"--type merge -p '{"spec":{"deletionProtection":false}}'"#;
    assert!(refusal.contains("Topic kept is protected"), "{refusal}");
    assert!(refusal.contains(remedy), "{refusal}");
    test.patch("topic/kept", r#"{"spec":{"deletionProtection":false}}"#);
    test.kubectl(&["delete", "topic/kept", "--timeout=60s"]);
}

#[test]
fn a_namespace_takes_its_protected_topics_with_it() {
    let test = namespace("protected-namespace");
    test.apply(PROTECTED);
    let delete = ["delete", "namespace", &test.name, "--timeout=90s"];
    test.kube.kubectl(&delete);
}

#[test]
fn another_release_takes_the_definitions_over() {
    let test = alone("take-over");
    works(&test);
    uninstall("eddyline", HOME);
    let path = chart().display().to_string();
    let words = ["helm", "install", "other", &path, "-n", "other-system"];
    let options = ["--create-namespace", "--dry-run=server"];
    let refusal = test.kube.attempt(&[&words[..], &options].concat(), "");
    let refusal = refusal.unwrap_err();
    assert!(refusal.contains("invalid ownership metadata"), "{refusal}");
    install(&test.kube, "other-system", "other", &["--take-ownership"]);
    test.patch("topic/t", r#"{"spec":{"partitions":3}}"#);
    test.ready("topic/t");
    uninstall("other", "other-system");
    install(&test.kube, HOME, "eddyline", &["--take-ownership"]);
    test.patch("topic/t", r#"{"spec":{"partitions":4}}"#);
    test.ready("topic/t");
}

#[test]
fn two_releases_with_namespaces_of_their_own_work_side_by_side() {
    let test = alone("left");
    let right = Namespace::new(&test.kube, "right");
    let deserted = test.beside("deserted");
    uninstall("eddyline", HOME);
    let both = [("left", &*test), ("right", &right)];
    for (release, watched) in both {
        let more = if release == "left" {
            &format!(",{}", deserted.name)
        } else {
            ""
        };
        let list = format!("--set=watchNamespaces={{{}{more}}}", watched.name);
        let options = [list.as_str(), "--set=crds.enabled=false"];
        install(&test.kube, "side-by-side", release, &options);
    }
    for (_, watched) in both {
        works(watched);
    }
    desert(&test, &deserted);
    let words = [
        "helm",
        "test",
        "left",
        "-n",
        "side-by-side",
        "--timeout=180s",
    ];
    let said = test.kube.run(&words);
    assert!(said.contains("Succeeded"), "{said}");
    for (release, watched) in both {
        watched.kubectl(&["delete", "topic", "--all", "--timeout=90s"]);
        watched.kubectl(&["delete", "cluster/c", "--timeout=90s"]);
        uninstall(release, "side-by-side");
    }
    install(&test.kube, HOME, "eddyline", &[]);
}

/// A watched namespace goes, and the operator's rights in it too: one that starts afterwards works in the others.
#[track_caller]
fn desert(test: &Namespace, deserted: &Namespace) {
    works(deserted);
    deserted.kubectl(&["delete", "namespace", &deserted.name, "--timeout=90s"]);
    let operator = ["-n", "side-by-side", "deployment/left-eddyline"];
    for words in [
        &["rollout", "restart"][..],
        &["rollout", "status", "--timeout=90s"],
    ] {
        test.kube.kubectl(&[words, &operator].concat());
    }
    test.apply(&CLUSTER_AND_TOPIC.replace("{name: t}", "{name: later}"));
    test.ready("topic/later");
}

#[test]
fn every_command_of_the_readme_works() {
    let test = alone("readme");
    uninstall("eddyline", HOME);
    let mut forwarded = None;
    let mut count = 0;
    for command in commands() {
        count += 1;
        println!("{command}");
        let root = paths::root().display().to_string();
        let forwards = command.contains("port-forward");
        // Nothing stands between this test and what it has to end itself.
        let bound = if forwards { "" } else { "timeout 180 " };
        let line = format!("cd '{root}' && exec {bound}{command}");
        let words = ["bash", "-c", &line];
        if forwards {
            let mut program = Program::start(test.kube.command(&words));
            program.first_line(Duration::from_secs(30));
            forwarded = Some(program);
        } else {
            test.kube.run(&words);
        }
    }
    drop(forwarded);
    assert!(count >= 8, "only {count} commands for Kubernetes");
    let file = tests::manifest::quickstart().display().to_string();
    test.kube.kubectl(&["delete", "-f", &file, "--timeout=90s"]);
    uninstall("eddyline", HOME);
    install(&test.kube, HOME, "eddyline", &[]);
}

/// The README's commands that speak to a Kubernetes, in order.
fn commands() -> Vec<String> {
    let page = std::fs::read_to_string(paths::root().join("README.md")).unwrap();
    let blocks = page.split("```sh\n").skip(1);
    let lines = blocks
        .filter_map(|rest| rest.split("```").next())
        .flat_map(str::lines);
    let here = |line: &&str| {
        let program = line.split(' ').next().unwrap_or_default();
        matches!(program, "helm" | "kubectl") || line.contains("localhost:9094")
    };
    lines.filter(here).map(str::to_owned).collect()
}
