//! Budgets and words.

use crate::sources;

const LONGEST_FILE: usize = 400;
const LONGEST_LINE: usize = 160;

#[test]
fn no_file_needs_two_sittings() {
    let long: Vec<_> = sources::rust()
        .iter()
        .filter(|source| !source.is_test() && source.production().len() > LONGEST_FILE)
        .map(|source| format!("{}: {} lines", source.path, source.production().len()))
        .collect();
    assert!(
        long.is_empty(),
        "over {LONGEST_FILE} lines without tests:\n{}",
        long.join("\n")
    );
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<_> = sources::rust()
        .into_iter()
        .filter(|source| !source.is_test() && !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert!(
        silent.is_empty(),
        "without a head comment:\n{}",
        silent.join("\n")
    );
}

#[test]
fn nothing_is_left_open() {
    // Put together here, so that this file does not find itself.
    let marks = [
        ["todo", "!("],
        ["unimplemented", "!("],
        ["#[ig", "nore"],
        ["#[al", "low("],
        ["FIX", "ME"],
    ]
    .map(|parts| parts.concat());
    let mut found = Vec::new();
    for source in sources::rust() {
        for (number, line) in source.text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                found.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "left open:\n{}", found.join("\n"));
}

#[test]
fn no_machine_is_named() {
    let marks = [["/ro", "ot/"], ["/ho", "me/"], ["/wo", "rk/"]].map(|parts| parts.concat());
    let mut found = Vec::new();
    for source in sources::all() {
        for (number, line) in source.text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                found.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    assert!(
        found.is_empty(),
        "an absolute path of a machine:\n{}",
        found.join("\n")
    );
}

#[test]
#[expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "generated names are lower case"
)]
fn lines_fit_a_screen() {
    let written_by_tools = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        path.contains("/fixtures/")
            || path.starts_with("tests/bench/results/")
            || path.ends_with(".expected")
            || path.contains("crds/") && path.ends_with(".yaml")
            || matches!(
                name,
                "Cargo.lock" | "go.sum" | "go.mod" | "LICENSE" | "package-lock.json"
            )
    };
    let mut long = Vec::new();
    for source in sources::all()
        .iter()
        .filter(|source| !written_by_tools(&source.path))
    {
        for (number, line) in source.text.lines().enumerate() {
            let length = line.chars().count();
            if length > LONGEST_LINE && !line.trim_start().starts_with('|') {
                long.push(format!("{}:{}: {length}", source.path, number + 1));
            }
        }
    }
    assert!(
        long.is_empty(),
        "over {LONGEST_LINE} characters:\n{}",
        long.join("\n")
    );
}
