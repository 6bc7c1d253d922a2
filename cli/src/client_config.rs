//! `eddyline client-config`: a program that reads a topic, in the reader's language and with the right address.

use clap::ValueEnum;
use serde_json::json;

use crate::address::Kafka;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::output::{self, Format};

/// Prints a small program that reads a topic of this cluster.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The language, or the tool.
    #[arg(short, long, value_enum)]
    lang: Language,
    /// The topic that the program reads.
    #[arg(short, long, default_value = "orders")]
    topic: String,
    #[command(flatten)]
    kafka: Kafka,
}

/// Languages with a program of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    Java,
    Python,
    Go,
    Node,
    Rust,
    Kcat,
}

impl Language {
    /// The program, with `{bootstrap}` and `{topic}` to fill in.
    fn template(self) -> &'static str {
        match self {
            Self::Java => include_str!("client_config/java.txt"),
            Self::Python => include_str!("client_config/python.txt"),
            Self::Go => include_str!("client_config/go.txt"),
            Self::Node => include_str!("client_config/node.txt"),
            Self::Rust => include_str!("client_config/rust.txt"),
            Self::Kcat => include_str!("client_config/kcat.txt"),
        }
    }
}

/// Prints the program, or the settings as JSON.
///
/// # Errors
/// No cluster is known, or standard output cannot be written.
pub fn run(args: &Args, format: Format, environment: &Environment) -> Result<(), Failure> {
    let servers = args.kafka.servers(environment)?;
    match format {
        Format::Table => output::line(filled(args.lang, &servers, &args.topic).trim_end()),
        Format::Json => output::line(&output::json(&json!({
            "bootstrap.servers": servers,
            "security.protocol": "PLAINTEXT",
            "topic": args.topic,
        }))),
    }
}

fn filled(language: Language, servers: &str, topic: &str) -> String {
    language
        .template()
        .replace("{bootstrap}", servers)
        .replace("{topic}", topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_names_the_cluster_and_the_topic() {
        for language in Language::value_variants() {
            let program = filled(*language, "localhost:9092", "rides");
            assert!(
                program.contains("localhost:9092") && program.contains("rides"),
                "{program}"
            );
            assert!(
                !program.contains("{bootstrap}") && !program.contains("{topic}"),
                "{program}"
            );
            assert!(program.lines().all(|line| line.len() <= 120), "{program}");
        }
    }
}
