//! `eddyline group`: lists and shows consumer groups, and moves their offsets.

mod assignment;
mod coordinator;
mod describe;
mod list;
mod reset;

use clap::Subcommand;

use crate::address::Kafka;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::output::Format;

/// Lists and shows consumer groups, and moves their offsets.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    kafka: Kafka,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists all groups with their states.
    List,
    /// Shows a group's members, and how far it has come in each partition.
    Describe { group: String },
    /// Moves an empty group to other offsets; without --execute it only shows what it would do.
    Reset(reset::Args),
}

/// Runs the command.
///
/// # Errors
/// The cluster cannot be reached or refuses; there is no such group; the group to move has members.
pub async fn run(args: Args, format: Format, environment: &Environment) -> Result<(), Failure> {
    let servers = args.kafka.servers(environment)?;
    match args.command {
        Command::List => list::run(&servers, format).await,
        Command::Describe { group } => describe::run(&servers, &group, format).await,
        Command::Reset(args) => reset::run(&servers, &args, format).await,
    }
}
