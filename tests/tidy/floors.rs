//! The arrows of design.md section 3: which package may use which of ours, and inside broker and worker which
//! module may use which.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use tests::paths;

use crate::sources;

/// Package → the packages of ours it may use. `eddyline` and `tests` may use every one.
const ARROWS: &[(&str, &[&str])] = &[
    ("crds", &[]),
    ("wire", &[]),
    ("broker", &["wire"]),
    ("connect-worker", &[]),
    ("operator", &["crds", "wire"]),
];

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(paths::root())
        .output()
        .expect("cargo metadata runs");
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

#[test]
fn packages_use_only_the_floors_below() {
    let metadata = metadata();
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let packages = metadata["packages"].as_array().expect("packages");
    assert_eq!(
        packages.len(),
        ARROWS.len() + 2,
        "a package without an arrow"
    );
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(allowed) = allowed.get(name) else {
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let path = dependency["path"].as_str();
            let target = dependency["name"].as_str().unwrap_or_default();
            let itself = target == name;
            assert!(
                path.is_none() || itself || allowed.contains(&target),
                "{name} must not use {target}"
            );
        }
    }
}

#[test]
fn every_package_holds_the_workspace_lints() {
    for source in sources::all() {
        if source.path.ends_with("Cargo.toml") && source.path != "Cargo.toml" {
            assert!(
                source.text.contains("[lints]\nworkspace = true"),
                "{}",
                source.path
            );
        }
    }
}

/// (folder, module) → modules of the same package it must not name.
const WALLS: &[(&str, &str, &[&str])] = &[
    (
        "broker/src",
        "log",
        &["api", "server", "groups", "topics", "producers"],
    ),
    ("broker/src", "producers", &["api", "server", "groups"]),
    ("broker/src", "groups", &["api", "server"]),
    ("broker/src", "topics", &["api", "server", "groups"]),
    (
        "connect-worker/src",
        "plugin",
        &["rest", "worker", "store", "producer", "datagen"],
    ),
    (
        "connect-worker/src",
        "datagen",
        &["rest", "worker", "store", "producer"],
    ),
    (
        "connect-worker/src",
        "convert",
        &["rest", "worker", "store", "producer"],
    ),
    ("connect-worker/src", "worker", &["rest"]),
];

#[test]
fn modules_use_only_the_floors_below() {
    for (folder, module, forbidden) in WALLS {
        let file = format!("{folder}/{module}.rs");
        let inside = format!("{folder}/{module}/");
        let mut seen = false;
        for source in sources::rust() {
            if source.path != file && !source.path.starts_with(&inside) {
                continue;
            }
            seen = true;
            for line in source.production() {
                for other in *forbidden {
                    let named = line.contains(&format!("crate::{other}::"))
                        || line.contains(&format!("crate::{other};"));
                    assert!(
                        !named,
                        "{}: {module} must not know {other}: {line}",
                        source.path
                    );
                }
            }
        }
        assert!(seen, "{file} is not there: mend the list");
    }
}

#[test]
fn pure_steps_cannot_wait() {
    for source in sources::rust() {
        let name = source.path.rsplit('/').next().unwrap_or_default();
        let pure =
            matches!(name, "plan.rs" | "validate.rs") && source.path.starts_with("operator/");
        if !pure {
            continue;
        }
        for line in source.production() {
            let code = line.split("//").next().unwrap_or_default();
            assert!(
                !code.contains("async ") && !code.contains(".await"),
                "{}: {line}",
                source.path
            );
            assert!(
                !code.contains("crate::ports") || !code.contains("BrokerAdmin"),
                "{}",
                source.path
            );
        }
    }
}
