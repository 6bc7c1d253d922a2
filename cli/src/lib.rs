//! The command line: assembles broker, worker and the operator's planning into one binary.
//!
//! A file per subcommand; `laptop` is what `up` stands on (documents, checks, reconciling). Only this module sees arguments and
//! environment as the process got them. Data goes to standard output, talk to standard error.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not ready in time, 130 interrupted.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

pub mod address;
pub mod args;
pub mod completion;
pub mod consume;
pub mod environment;
pub mod failure;
pub mod laptop;
pub mod output;
pub mod telemetry;

use crate::args::Args;
use crate::environment::Environment;
use crate::failure::Failure;

/// Runs the command and returns the process's exit code.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> ExitCode {
    let environment = Environment::from_variables(variables);
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            // Nothing can be done when the terminal is gone.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match dispatch(args, &environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn dispatch(args: Args, environment: &Environment) -> Result<(), Failure> {
    telemetry::start(args.log_format, args.verbose)?;
    args.execute(environment)
}
