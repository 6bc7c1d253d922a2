//! Builds the whole workspace once, tests and binaries, and lists the test programs cargo made.
//! It must not know which tier a program belongs to.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// One test program, and the folder its tests expect to run in (its package's).
#[derive(Clone, Debug)]
pub(crate) struct TestProgram {
    /// The package's name.
    pub(crate) package: String,
    /// The target's name: the library's, the binary's or the test suite's.
    pub(crate) target: String,
    /// The built file.
    pub(crate) path: PathBuf,
    /// The package's folder.
    pub(crate) folder: PathBuf,
}

/// Builds every test and binary of the workspace with `flags` and returns the test programs.
pub(crate) fn test_programs(flags: &[String]) -> Result<Vec<TestProgram>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut child = Command::new(cargo)
        .args(["build", "--workspace", "--lib", "--bins", "--tests"])
        .arg("--message-format=json-render-diagnostics")
        .args(flags)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("start cargo: {error}"))?;
    let output = child.stdout.take().ok_or("cargo has no output")?;
    let programs = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str(&line).ok())
        .filter_map(|message| program(&message))
        .collect();
    let status = child
        .wait()
        .map_err(|error| format!("wait for cargo: {error}"))?;
    status
        .success()
        .then_some(programs)
        .ok_or_else(|| "cargo said no".to_owned())
}

fn program(message: &serde_json::Value) -> Option<TestProgram> {
    if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
        return None;
    }
    let manifest = PathBuf::from(message["manifest_path"].as_str()?);
    let folder = manifest.parent()?.to_owned();
    Some(TestProgram {
        package: package_name(message["package_id"].as_str()?),
        target: message["target"]["name"].as_str()?.to_owned(),
        path: message["executable"].as_str()?.into(),
        folder,
    })
}

/// The name in a package id: `path+file:///…/broker/wire#0.1.0` or `…/cli#eddyline@0.1.0`.
fn package_name(id: &str) -> String {
    let (path, fragment) = id.split_once('#').unwrap_or((id, ""));
    match fragment.split_once('@') {
        Some((name, _version)) => name.to_owned(),
        None => path.rsplit('/').next().unwrap_or(path).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_id_names_its_package_in_either_form() {
        assert_eq!(package_name("path+file:///x/broker/wire#0.1.0"), "wire");
        assert_eq!(
            package_name("path+file:///x/cli#eddyline@0.1.0"),
            "eddyline"
        );
    }

    #[test]
    fn only_test_programs_are_listed() {
        let library = serde_json::json!({
            "reason": "compiler-artifact", "profile": {"test": false},
            "package_id": "path+file:///x/broker#0.1.0", "manifest_path": "/x/broker/Cargo.toml",
            "target": {"name": "broker"}, "executable": null,
        });
        assert!(program(&library).is_none());
        let mut suite = library.clone();
        suite["profile"]["test"] = true.into();
        suite["executable"] = "/t/broker-1".into();
        assert_eq!(
            program(&suite).map(|found| found.package),
            Some("broker".to_owned())
        );
    }
}
