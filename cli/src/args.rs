//! The command line as a tree. Each command's own flags stand in its file.

use clap::{Parser, Subcommand};

use crate::environment::Environment;
use crate::failure::Failure;
use crate::output::Format;
use crate::telemetry::LogFormat;
use crate::{
    broker, client_config, completion, connector, consume, datagen, doctor, group, operator,
    produce, selftest, topic, up, worker,
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
    Operator(operator::Args),
    Worker(worker::Args),
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
    /// Whether the command is over when its work is done: not a server, whose log somebody collects.
    pub fn is_hand_tool(&self) -> bool {
        matches!(self.command, Command::Produce(_) | Command::Consume(_))
    }

    /// Runs the command.
    ///
    /// # Errors
    /// What the command could not do.
    pub async fn execute(self, environment: &Environment) -> Result<(), Failure> {
        let format = self.output;
        match self.command {
            Command::Up(args) => up::run(args, format, environment).await,
            Command::Broker(args) => broker::run(args, format, environment).await,
            Command::Operator(args) => operator::run(args, environment).await,
            Command::Worker(args) => worker::run(args, format).await,
            Command::Topic(args) => topic::run(args, format, environment).await,
            Command::Group(args) => group::run(args, format, environment).await,
            Command::Doctor(args) => doctor::run(args, format, environment).await,
            Command::Produce(args) => produce::run(&args, format, environment).await,
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
    use std::collections::BTreeMap;

    use clap::{ArgAction, CommandFactory};

    use super::*;

    /// What may stand in a variable of somebody's shell, for every later command: where things are, how output looks, and how
    /// much is logged. Never what a command does: an exported wish to delete or to start anew would act long after it was meant.
    const VARIABLES: &[&str] = &[
        "EDDYLINE_ADMIN_LISTEN",
        "EDDYLINE_ADMIN_PORT",
        "EDDYLINE_BOOTSTRAP",
        "EDDYLINE_CONNECT",
        "EDDYLINE_CONNECT_PORT",
        "EDDYLINE_DATA_DIR",
        "EDDYLINE_KAFKA_PORT",
        "EDDYLINE_LISTEN",
        "EDDYLINE_LISTENERS",
        "EDDYLINE_LOG_FORMAT",
        "EDDYLINE_OUTPUT",
        "EDDYLINE_VERBOSE",
    ];
    /// Commands of pods: their settings are variables of a manifest, so every flag of theirs has one.
    const IN_PODS: &[&str] = &["operator", "worker", "selftest"];

    /// A flag and the command it belongs to.
    struct Flag {
        command: String,
        argument: clap::Arg,
    }

    impl Flag {
        fn name(&self) -> String {
            format!("{} --{}", self.command, self.argument.get_id())
        }

        fn variable(&self) -> Option<String> {
            Some(self.argument.get_env()?.to_str()?.to_owned())
        }

        fn is_in_pods(&self) -> bool {
            let command = self.command.split(' ').nth(1);
            command.is_some_and(|command| IN_PODS.contains(&command))
        }

        /// What its value is, for people.
        fn value(&self) -> String {
            if matches!(
                self.argument.get_action(),
                ArgAction::Set | ArgAction::Append
            ) {
                let names = self.argument.get_value_names().unwrap_or_default();
                return names.join(" ");
            }
            format!("{:?}", self.argument.get_action())
        }
    }

    fn collect(command: &clap::Command, path: &str, found: &mut Vec<Flag>) {
        let own = command.get_arguments().filter(|argument| {
            let known = matches!(argument.get_id().as_str(), "help" | "version");
            !argument.is_positional() && !known
        });
        found.extend(own.map(|argument| Flag {
            command: path.to_owned(),
            argument: argument.clone(),
        }));
        for inner in command.get_subcommands() {
            collect(inner, &format!("{path} {}", inner.get_name()), found);
        }
    }

    fn flags() -> Vec<Flag> {
        let mut command = Args::command();
        command.build();
        let mut found = Vec::new();
        collect(&command, "eddyline", &mut found);
        found
    }

    fn without_help(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        for inner in command.get_subcommands() {
            let name = format!("{path} {}", inner.get_name());
            without_help(inner, &name, found);
            if inner.get_about().is_none() {
                found.push(name);
            }
        }
    }

    #[test]
    fn every_command_and_flag_has_help() {
        let mut command = Args::command();
        command.build();
        command.clone().debug_assert();
        let mut found = Vec::new();
        without_help(&command, "eddyline", &mut found);
        let flags = flags().into_iter();
        let silent = flags.filter(|flag| flag.argument.get_help().is_none());
        found.extend(
            silent
                .filter(|flag| !flag.argument.is_hide_set())
                .map(|flag| flag.name()),
        );
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn variables_hold_places_and_forms_and_no_deeds() {
        let wrong = |flag: &Flag| match flag.variable() {
            _ if flag.is_in_pods() => false,
            None => false,
            Some(name) => !VARIABLES.contains(&name.as_str()),
        };
        let wrong: Vec<_> = flags()
            .into_iter()
            .filter(wrong)
            .map(|flag| flag.name())
            .collect();
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn a_variable_means_the_same_everywhere() {
        let mut meanings: BTreeMap<String, String> = BTreeMap::new();
        for flag in flags() {
            let Some(name) = flag.variable() else {
                continue;
            };
            assert!(name.starts_with("EDDYLINE_"), "{}", flag.name());
            let known = meanings.entry(name).or_insert_with(|| flag.value());
            assert_eq!(*known, flag.value(), "{}", flag.name());
        }
        let known = VARIABLES
            .iter()
            .filter(|name| !meanings.contains_key(**name));
        assert_eq!(known.count(), 0, "a variable that no flag has any more");
    }
}
