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
        default_value_t = 9092,
        env = "EDDYLINE_KAFKA_PORT"
    )]
    kafka_port: u16,
    /// Port of the Connect REST API.
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 8083,
        env = "EDDYLINE_CONNECT_PORT"
    )]
    connect_port: u16,
    /// Port of health and metrics.
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 9600,
        env = "EDDYLINE_ADMIN_PORT"
    )]
    admin_port: u16,
    /// Listen on this address too, for other machines: Kafka and Connect, without any protection.
    #[arg(long, value_name = "IP")]
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
    let stop = Interrupts::catch()?.cancel_at_next();
    let settings = settings(args, format, environment)?;
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

/// The command that starts the same again.
fn command(args: &Args) -> String {
    let mut words = vec!["eddyline up".to_owned()];
    words.extend(
        args.file
            .iter()
            .map(|file| format!("-f {}", file.display())),
    );
    words.extend(
        args.cluster
            .iter()
            .map(|cluster| format!("--cluster {cluster}")),
    );
    words.extend(
        args.data_dir
            .iter()
            .map(|folder| format!("--data-dir {}", folder.display())),
    );
    words.join(" ")
}
