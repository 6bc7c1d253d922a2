//! Runs the test tiers from cheap to real and ends with a table: what ran, how long, what was left out and the one
//! line that would add it. Everything is built once, with the flags it is given; then the built test programs run.
//! It must not know what a test asserts.

mod build;
mod report;
mod tier;

use std::process::ExitCode;

use report::{Outcome, Report};

/// What the command line asks for: `--require a,b --only c -- CARGO-FLAGS…`.
#[derive(Debug, Default)]
struct Request {
    required: Vec<String>,
    only: Vec<String>,
    cargo_flags: Vec<String>,
}

fn request(arguments: impl Iterator<Item = String>) -> Request {
    let mut request = Request::default();
    let mut arguments = arguments;
    let names = |list: Option<String>| -> Vec<String> {
        list.unwrap_or_default()
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--require" => request.required = names(arguments.next()),
            "--only" => request.only = names(arguments.next()),
            "--" => request.cargo_flags = arguments.by_ref().collect(),
            _ => {}
        }
    }
    request
}

fn main() -> ExitCode {
    let request = request(std::env::args().skip(1));
    let programs = match build::test_programs(&request.cargo_flags) {
        Ok(programs) => programs,
        Err(error) => {
            report::say(&format!("building the tests: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report::default();
    for tier in tier::ALL {
        if !request.only.is_empty() && !request.only.iter().any(|name| name == tier.name) {
            continue;
        }
        let outcome = match tier.missing_tool() {
            Some(tool) if request.required.iter().any(|name| name == tier.name) => {
                Outcome::Failed(format!("required, but {tool} is missing"))
            }
            Some(tool) => Outcome::LeftOut {
                missing: tool.to_owned(),
                remedy: tier.remedy.to_owned(),
            },
            None => tier.run(&programs),
        };
        report.add(tier.name, outcome);
    }
    report.print();
    if report.failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_read_whole() {
        let words = [
            "--require",
            "a,b",
            "--only",
            "",
            "--",
            "--release",
            "--locked",
        ];
        let request = request(words.iter().map(|word| (*word).to_owned()));
        assert_eq!(request.required, ["a", "b"]);
        assert!(request.only.is_empty());
        assert_eq!(request.cargo_flags, ["--release", "--locked"]);
    }
}
