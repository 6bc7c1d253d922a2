//! `eddyline topic`: lists, shows, makes, changes and deletes topics.

mod change;
mod describe;
mod list;
mod settings;

use clap::Subcommand;

use crate::address::Kafka;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::output::Format;

/// Lists, shows, makes, changes and deletes topics.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    kafka: Kafka,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists all topics.
    List {
        /// Also list the topics that the cluster keeps for itself.
        #[arg(long)]
        internal: bool,
    },
    /// Shows a topic's partitions and settings.
    Describe { name: String },
    /// Makes topics.
    Create(change::Create),
    /// Deletes topics and all their records.
    Delete {
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Changes a topic's settings, or gives it more partitions.
    Alter(change::Alter),
}

/// Runs the command.
///
/// # Errors
/// The cluster cannot be reached or refuses; there is no such topic.
pub async fn run(args: Args, format: Format, environment: &Environment) -> Result<(), Failure> {
    let servers = args.kafka.servers(environment)?;
    match args.command {
        Command::List { internal } => list::run(&servers, internal, format).await,
        Command::Describe { name } => describe::run(&servers, &name, format).await,
        Command::Create(create) => change::create(&servers, create, format).await,
        Command::Delete { names } => change::delete(&servers, names, format).await,
        Command::Alter(alter) => change::alter(&servers, alter, format).await,
    }
}
