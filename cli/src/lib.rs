//! The command line: assembles broker, worker and the operator's planning into one binary.
//!
//! A file per subcommand; `laptop` is what `up` stands on (documents, checks, reconciling). Only this module sees arguments and
//! environment as the process got them. Data goes to standard output, talk to standard error.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not ready in time, 130 interrupted.

use std::ffi::OsString;
use std::num::NonZero;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

pub mod address;
pub mod args;
pub mod broker;
pub mod client_config;
pub mod cluster;
pub mod completion;
pub mod connector;
pub mod consume;
pub mod datagen;
pub mod doctor;
pub mod environment;
pub mod failure;
pub mod group;
pub mod interrupt;
pub mod kafka;
pub mod laptop;
pub mod operator;
pub mod output;
pub mod produce;
pub mod selftest;
pub mod telemetry;
pub mod topic;
pub mod up;
pub mod worker;

use crate::args::Args;
use crate::environment::Environment;
use crate::failure::Failure;

/// How long a finished command waits for what still runs.
const LAST_WORDS: Duration = Duration::from_millis(200);

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

/// Half of the processors: the broker's and the worker's work is mostly waiting for disk and sockets, the log has threads of
/// its own, and every thread more costs wake-ups.
fn runtime_threads() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    (processors / 2).clamp(1, 4)
}

fn dispatch(args: Args, environment: &Environment) -> Result<(), Failure> {
    telemetry::start(args.log_format, args.verbose, args.is_hand_tool())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(runtime_threads())
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start the runtime: {error}"), ""))?;
    let result = runtime.block_on(args.execute(environment));
    // A blocking call that hangs (a resolver, a full pipe) must not keep a finished command alive.
    runtime.shutdown_timeout(LAST_WORDS);
    result
}
