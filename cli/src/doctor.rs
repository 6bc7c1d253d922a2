//! `eddyline doctor`: looks at this machine and at what runs on it, and says what is wrong and what to do.
//!
//! It changes nothing. Each check is a function that gives its findings; only `run` prints.

mod machine;
mod running;

use std::path::PathBuf;

use serde::Serialize;

use crate::address::Kafka;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::laptop::run_file;
use crate::output::{self, Format};

/// Checks this machine and what runs on it: ports, data folder, clock, brokers.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    kafka: Kafka,
    /// The data folder to look at; unset, all in the user's data folder.
    #[arg(long, value_name = "FOLDER", env = "EDDYLINE_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// Worth knowing; nothing has to be done.
    Note,
    Wrong,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    what: String,
    /// What to do about it; may be empty.
    help: String,
}

impl Finding {
    fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Ok,
            what: what.into(),
            help: String::new(),
        }
    }

    fn note(check: &'static str, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Note,
            help: help.into(),
            ..Self::ok(check, what)
        }
    }

    fn wrong(check: &'static str, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Wrong,
            ..Self::note(check, what, help)
        }
    }
}

/// Runs all checks.
///
/// # Errors
/// One of them found something wrong.
pub async fn run(args: Args, format: Format, environment: &Environment) -> Result<(), Failure> {
    let given = args.kafka.given()?;
    let folder = environment.run_folder();
    let instances = folder.map(|folder| run_file::running(&folder));
    let instances = instances.unwrap_or_default();
    let mut findings = vec![machine::clock(jiff::Timestamp::now())];
    findings.extend(machine::ports(&instances));
    findings.extend(machine::data(
        args.data_dir.or_else(|| environment.data_folder()),
        &instances,
        environment,
    ));
    findings.extend(running::check(given.as_deref(), &instances).await);
    output::show(format, &findings, &["check", "verdict", "what"], || {
        findings.iter().map(row).collect()
    })?;
    let wrong = findings.iter().filter(|one| one.verdict == Verdict::Wrong);
    let wrong = wrong.count();
    if format == Format::Table {
        let help = findings.iter().filter(|one| !one.help.is_empty());
        help.for_each(|one| output::talk(&format!("{}: {}", one.check, one.help)));
    }
    match wrong {
        0 => Ok(()),
        1 => Err(Failure::new("one check found something wrong", "")),
        _ => Err(Failure::new(
            format!("{wrong} checks found something wrong"),
            "",
        )),
    }
}

fn row(finding: &Finding) -> Vec<String> {
    let verdict = match finding.verdict {
        Verdict::Ok => "ok",
        Verdict::Note => "note",
        Verdict::Wrong => "WRONG",
    };
    vec![
        finding.check.to_owned(),
        verdict.to_owned(),
        finding.what.clone(),
    ]
}
