//! The command line as a tree. Each command's own flags stand in its file.

use clap::{Parser, Subcommand};

use crate::environment::Environment;
use crate::failure::Failure;
use crate::output::Format;
use crate::telemetry::LogFormat;
use crate::{
    broker, client_config, completion, connector, consume, datagen, doctor, group, produce,
    selftest, topic, up,
};

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
    Up(up::Args),
    Broker(broker::Args),
    Topic(topic::Args),
    Group(group::Args),
    Doctor(doctor::Args),
    Produce(produce::Args),
    Consume(consume::Args),
    Connector(connector::Args),
    Datagen(datagen::Args),
    Selftest(selftest::Args),
    ClientConfig(client_config::Args),
    Completion(completion::Args),
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    /// What the command could not do.
    pub async fn execute(self, environment: &Environment) -> Result<(), Failure> {
        let format = self.output;
        match self.command {
            Command::Up(args) => up::run(args, format, environment).await,
            Command::Broker(args) => broker::run(args, format, environment).await,
            Command::Topic(args) => topic::run(args, format, environment).await,
            Command::Group(args) => group::run(args, format, environment).await,
            Command::Doctor(args) => doctor::run(args, format, environment).await,
            Command::Produce(args) => produce::run(&args, environment),
            Command::Consume(args) => consume::run(args, environment).await,
            Command::Connector(args) => connector::run(args, format, environment).await,
            Command::Datagen(args) => datagen::run(&args, format),
            Command::Selftest(args) => selftest::run(args, format).await,
            Command::ClientConfig(args) => client_config::run(&args, format, environment),
            Command::Completion(args) => completion::run(&args),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn flags_without_variable(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        for argument in command
            .get_arguments()
            .filter(|argument| !argument.is_positional())
        {
            let ours = argument.get_env().and_then(|name| name.to_str());
            let known = matches!(argument.get_id().as_str(), "help" | "version");
            if !known && !ours.is_some_and(|name| name.starts_with("EDDYLINE_")) {
                found.push(format!("{path} --{}", argument.get_id()));
            }
            if argument.get_help().is_none() && !argument.is_hide_set() {
                found.push(format!("{path} --{}: no help", argument.get_id()));
            }
        }
        for inner in command.get_subcommands() {
            if inner.get_about().is_none() {
                found.push(format!("{path} {}: no help", inner.get_name()));
            }
            flags_without_variable(inner, &format!("{path} {}", inner.get_name()), found);
        }
    }

    #[test]
    fn every_flag_has_help_and_a_variable() {
        let mut command = Args::command();
        command.build();
        command.clone().debug_assert();
        let mut found = Vec::new();
        flags_without_variable(&command, "eddyline", &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}
