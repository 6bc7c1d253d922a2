//! The command line as a tree. Each command's own flags stand in its file.

use clap::{Parser, Subcommand};

use crate::completion;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::output::Format;
use crate::telemetry::LogFormat;

/// Kafka-compatible clusters, topics and sample-data connectors from three YAML kinds.
#[derive(Debug, Parser)]
#[command(
    name = "eddyline",
    version,
    about,
    max_term_width = 100,
    propagate_version = true
)]
pub struct Args {
    /// Form of the output.
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "EDDYLINE_OUTPUT"
    )]
    pub output: Format,
    /// Form of log lines on standard error.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "EDDYLINE_LOG_FORMAT"
    )]
    pub log_format: LogFormat,
    /// Log more: -v information, -vv debugging, -vvv everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count, env = "EDDYLINE_VERBOSE")]
    pub verbose: u8,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Completion(completion::Args),
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    /// What the command could not do.
    pub fn execute(self, _environment: &Environment) -> Result<(), Failure> {
        match self.command {
            Command::Completion(args) => completion::run(&args),
        }
    }
}
