//! `eddyline up`: runs a file of Clusters, Topics and Connectors on this machine.

use std::io::{self, IsTerminal};
use std::net::IpAddr;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::environment::Environment;
use crate::failure::Failure;
use crate::interrupt::Interrupts;
use crate::laptop::files::Files;
use crate::laptop::listen::Wanted;
use crate::laptop::schemas::Schemas;
use crate::laptop::screen::Style;
use crate::laptop::session::{self, Settings};
use crate::laptop::sources::Sources;
use crate::output::Format;

/// The ports that tutorials use.
const KAFKA_PORT: u16 = 9092;
const CONNECT_PORT: u16 = 8083;
const ADMIN_PORT: u16 = 9600;

/// Runs a file of Clusters, Topics and Connectors on this machine, until Ctrl-C.
///
/// The file is the one that `kubectl apply -f` takes. Changes to it are applied while this runs.
/// With `-o json` one line on standard output says where everything is, once it is ready.
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file, a folder, or - for standard input; can be given several times.
    #[arg(short, long = "file", value_name = "FILE", required = true)]
    file: Vec<PathBuf>,
    /// The Cluster to run, where the files hold several.
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// Where data lives; unset, a folder per namespace and Cluster in the user's data folder.
    #[arg(long, value_name = "FOLDER", env = "EDDYLINE_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Start anew: all data of the Cluster is removed first.
    #[arg(long)]
    fresh: bool,
    /// Delete topics whose Topic was taken out of the files.
    #[arg(long)]
    prune: bool,
    /// Where a port is taken, take any free one.
    #[arg(long)]
    any_port: bool,
    /// Port of the Kafka protocol.
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = KAFKA_PORT,
        env = "EDDYLINE_KAFKA_PORT"
    )]
    kafka_port: u16,
    /// Port of the Connect REST API.
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = CONNECT_PORT,
        env = "EDDYLINE_CONNECT_PORT"
    )]
    connect_port: u16,
    /// Port of health and metrics.
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = ADMIN_PORT,
        env = "EDDYLINE_ADMIN_PORT"
    )]
    admin_port: u16,
    /// Listen on this address too, for other machines: Kafka and Connect, without any protection.
    #[arg(long, value_name = "IP", value_parser = ip)]
    listen: Vec<IpAddr>,
    /// Add a Kafka listener for containers on this machine: host.docker.internal:29092.
    #[arg(long)]
    containers: bool,
    /// Generated data shows this time, always (for tests).
    #[arg(long, value_name = "TIME", hide = true)]
    clock: Option<Timestamp>,
}

/// Runs until the first signal.
///
/// # Errors
/// What is wrong with the files or the machine.
pub async fn run(args: Args, format: Format, environment: &Environment) -> Result<(), Failure> {
    // Reading standard input may wait for a person: until it is read, Ctrl-C ends the process as it ends any other.
    let settings = settings(args, format, environment)?;
    let stop = Interrupts::catch()?.cancel_at_next();
    session::run(&settings, environment, &stop).await
}

fn settings(args: Args, format: Format, environment: &Environment) -> Result<Settings, Failure> {
    let command = command(&args);
    let sources = Sources::open(args.file, io::stdin().lock());
    let sources = sources.map_err(|finding| Failure::new(finding.to_string(), ""))?;
    Ok(Settings {
        files: Files {
            sources,
            schemas: Schemas::load()?,
            cluster: args.cluster,
        },
        data_dir: args.data_dir,
        fresh: args.fresh,
        prune: args.prune,
        listen: Wanted {
            kafka: args.kafka_port,
            connect: args.connect_port,
            admin: args.admin_port,
            any: args.any_port,
            more: args.listen,
            containers: args.containers,
        },
        format,
        clock: args.clock,
        command,
        style: Style {
            color: io::stderr().is_terminal()
                && !environment.no_color
                && !environment.dumb_terminal,
        },
    })
}

fn ip(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| {
        "write an IP address alone, such as 0.0.0.0 for all; the port is --kafka-port's".to_owned()
    })
}

/// The command that starts the same again, for a shell. What is only said once (`--fresh`) is left out.
fn command(args: &Args) -> String {
    let mut words = vec!["eddyline".to_owned(), "up".to_owned()];
    let mut flag = |name: &str, value: &str| {
        words.push(name.to_owned());
        words.extend((!value.is_empty()).then(|| quoted(value)));
    };
    for file in &args.file {
        flag("-f", &file.to_string_lossy());
    }
    if let Some(cluster) = &args.cluster {
        flag("--cluster", cluster);
    }
    if let Some(folder) = &args.data_dir {
        flag("--data-dir", &folder.to_string_lossy());
    }
    for (name, port, default) in [
        ("--kafka-port", args.kafka_port, KAFKA_PORT),
        ("--connect-port", args.connect_port, CONNECT_PORT),
        ("--admin-port", args.admin_port, ADMIN_PORT),
    ] {
        if port != default {
            flag(name, &port.to_string());
        }
    }
    for address in &args.listen {
        flag("--listen", &address.to_string());
    }
    for (name, given) in [
        ("--any-port", args.any_port),
        ("--containers", args.containers),
        ("--prune", args.prune),
    ] {
        if given {
            flag(name, "");
        }
    }
    words.join(" ")
}

/// The word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:=@%+,~".contains(letter);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn the_command_that_starts_again_keeps_what_was_asked_for() {
        for (given, again) in [
            ("-f q.yaml", "eddyline up -f q.yaml"),
            ("-f q.yaml --fresh", "eddyline up -f q.yaml"),
            (
                "-f a.yaml -f b --cluster demo/t --data-dir /srv/x",
                "eddyline up -f a.yaml -f b --cluster demo/t --data-dir /srv/x",
            ),
            (
                "--any-port -f q.yaml --listen 192.0.2.1 --listen ::1 --containers --prune",
                "eddyline up -f q.yaml --listen 192.0.2.1 --listen ::1 --any-port --containers --prune",
            ),
            (
                "-f q.yaml --kafka-port 9093 --admin-port 0 --connect-port 8083",
                "eddyline up -f q.yaml --kafka-port 9093 --admin-port 0",
            ),
        ] {
            let words = std::iter::once("up").chain(given.split(' '));
            let line = Line::try_parse_from(words).unwrap();
            assert_eq!(command(&line.args), again, "{given}");
        }
        let line = Line::try_parse_from(["up", "-f", "my file's.yaml"]).unwrap();
        assert_eq!(command(&line.args), r"eddyline up -f 'my file'\''s.yaml'");
    }
}
