//! `eddyline datagen`: what the Datagen connector can generate.

use clap::Subcommand;
use connect_worker::datagen::Template;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{self, Format};

/// Shows what the Datagen connector can generate.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the data sets, for `datagen: {quickstart: NAME}`.
    List,
}

/// Runs the command.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    match args.command {
        Command::List => {
            let sets: Vec<Value> = Template::ALL
                .iter()
                .map(|set| json!({"quickstart": set.name(), "description": set.description()}))
                .collect();
            output::show(format, &sets, &["quickstart", "what it is"], || {
                Template::ALL
                    .iter()
                    .map(|set| vec![set.name().to_owned(), set.description().to_owned()])
                    .collect()
            })
        }
    }
}
