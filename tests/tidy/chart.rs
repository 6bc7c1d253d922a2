//! The Helm chart: what it renders, what it refuses, and what it may never grant. Needs the program `helm`, of the path or of the
//! Kubernetes for tests; without it only the files are compared.
//!
//! `UPDATE_EXPECT=1` writes the golden files anew.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tests::paths;

/// The newest Kubernetes the chart is tested on; without it Helm supposes its own.
const KUBERNETES: &str = "v1.36.3";

/// The program, if this machine has it. A machine that has to run the end-to-end suite has to have it.
#[expect(clippy::print_stdout, reason = "says what was left out")]
fn helm() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let built = paths::cache().join("kube-rig").join(KUBERNETES).join("bin");
    let found = std::iter::once(built)
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join("helm"))
        .find(|program| program.is_file());
    let required = std::env::var_os("EDDYLINE_REQUIRE").unwrap_or_default();
    let required = required.to_string_lossy();
    assert!(
        found.is_some() || !required.split(',').any(|tier| tier == "e2e"),
        "helm is required and missing"
    );
    if found.is_none() {
        println!("left out, for helm is missing");
    }
    found
}

fn chart() -> PathBuf {
    paths::root().join("charts/eddyline")
}

/// `helm template` with these flags; `None` where there is no helm.
fn try_render(release: &str, namespace: &str, flags: &[&str]) -> Option<Output> {
    let output = Command::new(helm()?)
        .args(["template", release])
        .arg(chart())
        .args(["--namespace", namespace, "--kube-version", KUBERNETES])
        .args(flags)
        .env_remove("KUBECONFIG")
        .output()
        .expect("helm runs");
    Some(output)
}

fn render(release: &str, namespace: &str, flags: &[&str]) -> Option<String> {
    let output = try_render(release, namespace, flags)?;
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{flags:?}: {wrong}");
    Some(String::from_utf8(output.stdout).expect("YAML is UTF-8"))
}

/// The objects of a rendered chart.
fn objects(rendered: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(rendered)
        .map(|document| serde::Deserialize::deserialize(document).expect("YAML"))
        .filter(|object: &Value| !object.is_null())
        .collect()
}

/// What stands at `path` in every object, at any depth below lists.
fn everywhere<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get(key));
            fields
                .values()
                .for_each(|inner| everywhere(inner, key, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| everywhere(inner, key, found)),
        _ => {}
    }
}

const LIST: &str = "watchNamespaces={team-a,team-b}";
const WITHOUT_CRDS: &[&str] = &["--set", "crds.enabled=false"];

#[test]
fn it_renders_as_it_did() {
    let all: &[&str] = &[
        "crds.enabled=false",
        "metrics.enabled=true",
        "metrics.serviceMonitor.enabled=true",
        "networkPolicy.enabled=true",
    ];
    let list: &[&str] = &["crds.enabled=false", LIST, "selftest.cluster=tutorial"];
    for (name, values) in [("everywhere", all), ("namespaces", list)] {
        let flags: Vec<_> = values.iter().flat_map(|value| ["--set", value]).collect();
        let Some(rendered) = render("eddyline", "eddyline-system", &flags) else {
            return;
        };
        let path = paths::root().join(format!("tests/tidy/chart/{name}.yaml"));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &rendered).expect("the golden file is written");
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        // Versions of Helm differ in empty lines.
        let lines = |text: &str| -> Vec<String> {
            let said = text.lines().filter(|line| !line.trim().is_empty());
            said.map(str::to_owned).collect()
        };
        assert!(
            lines(&rendered) == lines(&golden),
            "{name}: UPDATE_EXPECT=1, then look at the difference:\n{rendered}"
        );
    }
}

#[test]
fn helm_finds_nothing_to_complain_of() {
    let Some(helm) = helm() else { return };
    let lint = Command::new(helm)
        .args(["lint", "--strict", "--kube-version", KUBERNETES])
        .arg(chart())
        .output()
        .expect("helm runs");
    let said = String::from_utf8_lossy(&lint.stdout);
    assert!(lint.status.success(), "{said}");
}

#[test]
fn wrong_values_are_refused() {
    let cases = [
        ("watchNamespace={a}", "watchNamespace"),
        ("watchNamespaces=a", "watchNamespaces"),
        ("watchNamespaces={A}", "watchNamespaces"),
        ("resync=60", "resync"),
        ("resync=1 minute", "resync"),
        ("image.pullPolicy=Sometimes", "pullPolicy"),
        ("image.digest=latest", "digest"),
        ("logLevel=loud", "logLevel"),
        ("replicaCount=9", "replicaCount"),
        ("crds.enable=false", "crds"),
        (
            "metrics.serviceMonitor.enabled=true",
            "set metrics.enabled too",
        ),
    ];
    for (value, named) in cases {
        let Some(output) = try_render("r", "n", &["--set", value]) else {
            return;
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{value} is taken");
        assert!(said.contains(named), "{value}: {said}");
    }
}

#[test]
fn its_definitions_are_those_of_crds() {
    let Some(rendered) = render("r", "n", &[]) else {
        return;
    };
    let mut found = 0;
    for mut object in objects(&rendered) {
        if object["kind"] != "CustomResourceDefinition" {
            continue;
        }
        found += 1;
        let keep = &object["metadata"]["annotations"]["helm.sh/resource-policy"];
        assert_eq!(keep, "keep");
        let name = object["spec"]["names"]["plural"]
            .as_str()
            .expect("plural")
            .to_owned();
        object["metadata"] = serde_json::json!({"name": object["metadata"]["name"]});
        let text = std::fs::read_to_string(paths::root().join(format!("crds/{name}.yaml")));
        let plain: Value = serde_yaml::from_str(&text.expect("crds/")).expect("YAML");
        assert_eq!(object, plain, "{name}");
    }
    assert_eq!(found, 3);
    let without = render("r", "n", &["--set", "crds.keep=false"]).expect("helm is there");
    assert!(!without.contains("helm.sh/resource-policy"));
}

#[test]
fn it_grants_no_more_than_it_says() {
    for flags in [&[][..], &["--set", LIST]] {
        let Some(rendered) = render("r", "n", flags) else {
            return;
        };
        let objects = objects(&rendered);
        let roles = objects.iter().filter(|object| {
            let kind = object["kind"].as_str().unwrap_or_default();
            matches!(kind, "Role" | "ClusterRole")
        });
        for granted in roles {
            let text = granted["rules"].to_string();
            for never in [
                "*",
                "secrets",
                "exec",
                "nodes",
                "escalate",
                "bind",
                "impersonate",
            ] {
                assert!(!text.contains(&format!("\"{never}\"")), "{never}: {text}");
            }
            assert!(!text.contains("pods/"), "{text}");
            let about = |part: &str| text.contains(part);
            assert!(
                !about("customresourcedefinitions") && !about("roles"),
                "{text}"
            );
            // A rule whose list of names is empty means all names.
            let mut names = Vec::new();
            everywhere(&granted["rules"], "resourceNames", &mut names);
            assert!(names.iter().all(|list| list[0].is_string()), "{text}");
        }
    }
}

#[test]
fn with_a_list_nothing_is_made_for_the_whole_cluster() {
    let Some(rendered) = render("r", "n", &["--set", LIST]) else {
        return;
    };
    let objects = objects(&rendered);
    let wide: Vec<_> = objects
        .iter()
        .filter(|object| object["metadata"]["namespace"].is_null())
        .map(|object| object["kind"].as_str().unwrap_or_default())
        .filter(|kind| *kind != "CustomResourceDefinition")
        .collect();
    assert_eq!(wide, [""; 0]);
    let roles = |namespace: &str| {
        objects
            .iter()
            .any(|object| object["kind"] == "Role" && object["metadata"]["namespace"] == namespace)
    };
    assert!(roles("team-a") && roles("team-b") && roles("n"));
}

#[test]
fn two_releases_share_no_object() {
    let identities = |release: &str, namespace: &str, list: &str| -> Option<BTreeSet<String>> {
        let flags = [WITHOUT_CRDS, &["--set", list]].concat();
        let rendered = render(release, namespace, &flags)?;
        let identity = |object: &Value| {
            let metadata = &object["metadata"];
            format!(
                "{} {} {}",
                object["kind"], metadata["namespace"], metadata["name"]
            )
        };
        Some(objects(&rendered).iter().map(identity).collect())
    };
    let Some(one) = identities("one", "n", LIST) else {
        return;
    };
    // In the same namespace, under the same name elsewhere, and in all namespaces.
    for (release, namespace, list) in [
        ("two", "n", LIST),
        ("one", "m", LIST),
        ("two", "m", "watchNamespaces=null"),
    ] {
        let other = identities(release, namespace, list).expect("helm is there");
        let shared: Vec<_> = one.intersection(&other).collect();
        // The self-test of a release that does not watch its own namespace runs in the first that it watches.
        let shared: Vec<_> = shared
            .iter()
            .filter(|name| !name.contains("selftest"))
            .collect();
        assert!(shared.is_empty(), "{release} in {namespace}: {shared:?}");
    }
}

#[test]
fn every_pod_is_restricted_and_limited() {
    let Some(rendered) = render("r", "n", &[]) else {
        return;
    };
    let objects = objects(&rendered);
    let mut pods = Vec::new();
    for object in &objects {
        match object["kind"].as_str() {
            Some("Pod") => pods.push(&object["spec"]),
            Some("Deployment" | "Job") => pods.push(&object["spec"]["template"]["spec"]),
            _ => {}
        }
    }
    assert_eq!(pods.len(), 3);
    for pod in pods {
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{pod}");
        assert_eq!(pod["securityContext"]["runAsUser"], 65532, "{pod}");
        assert_eq!(
            pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault",
            "{pod}"
        );
        assert_eq!(pod["enableServiceLinks"], false, "{pod}");
        let container = &pod["containers"][0];
        let context = &container["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], false, "{pod}");
        assert_eq!(context["readOnlyRootFilesystem"], true, "{pod}");
        assert_eq!(context["capabilities"]["drop"][0], "ALL", "{pod}");
        assert!(
            container["resources"]["limits"]["memory"].is_string(),
            "{pod}"
        );
    }
}

#[test]
fn its_version_is_the_program_s() {
    let read = |path: &str| std::fs::read_to_string(paths::root().join(path)).expect("a file");
    let chart: Value = serde_yaml::from_str(&read("charts/eddyline/Chart.yaml")).expect("YAML");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        (&chart["version"], &chart["appVersion"]),
        (&version.into(), &version.into())
    );
    assert!(read("Dockerfile").contains(&format!("ARG VERSION={version}\n")));
}

#[test]
fn every_value_is_explained() {
    let read = |file: &str| std::fs::read_to_string(chart().join(file)).expect("a file");
    let values: Value = serde_yaml::from_str(&read("values.yaml")).expect("YAML");
    let mut known = BTreeSet::new();
    leaves("", &values, &mut known);
    let readme = read("README.md");
    let explained: BTreeSet<String> = readme
        .lines()
        .skip_while(|line| *line != "| value | default | meaning |")
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| Some(line.split('`').nth(1)?.to_owned()))
        .collect();
    assert_eq!(explained, known);
}

/// The values a person sets one by one. What has Kubernetes' own form is one value.
fn leaves(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    let whole = ["resources", "podSecurityContext", "securityContext"];
    match value.as_object() {
        Some(fields) if !fields.is_empty() && !whole.contains(&path) => {
            for (name, inner) in fields {
                let path = format!("{path}.{name}");
                leaves(path.trim_start_matches('.'), inner, found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}
