//! `eddyline operator`: the controllers on Kubernetes, and what lets go of their objects.

use std::net::SocketAddr;

use ::operator::kubernetes::call::connect;
use ::operator::settings::Settings;
use ::operator::{release, run as operator_run};
use clap::Subcommand;
use crds::Duration;
use kube::Client;

use crate::environment::Environment;
use crate::failure::Failure;
use crate::interrupt::Interrupts;
use crate::output;

/// Makes Clusters, Topics and Connectors on Kubernetes be as their objects say, until it is stopped.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Namespaces to look after, separated by commas; unset, all of them.
    #[arg(
        long,
        value_name = "NAMESPACE",
        env = "EDDYLINE_NAMESPACES",
        value_delimiter = ',',
        global = true
    )]
    namespaces: Vec<String>,
    /// How often every object is looked at again without a reason.
    #[arg(
        long,
        value_name = "DURATION",
        env = "EDDYLINE_RESYNC",
        default_value = "60s"
    )]
    resync: Duration,
    /// The image of brokers and workers: the one this operator runs from.
    #[arg(long, value_name = "IMAGE", env = "EDDYLINE_IMAGE")]
    image: Option<String>,
    /// Namespace of the Lease by which one of several operators works.
    #[arg(
        long,
        value_name = "NAMESPACE",
        env = "EDDYLINE_LEASE_NAMESPACE",
        default_value = "default",
        global = true
    )]
    lease_namespace: String,
    /// Name of that Lease, one per installation.
    #[arg(
        long,
        value_name = "NAME",
        env = "EDDYLINE_LEASE_NAME",
        default_value = "eddyline",
        global = true
    )]
    lease_name: String,
    /// Who it is in the Lease and in Events; unset, the name of its host, which in a pod is the pod's.
    #[arg(long, value_name = "NAME", env = "EDDYLINE_POD_NAME", global = true)]
    identity: Option<String>,
    /// Where health and metrics are served.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        env = "EDDYLINE_ADMIN_LISTEN",
        default_value = "0.0.0.0:9600"
    )]
    admin_listen: SocketAddr,
    /// How long a Topic that is being deleted waits for a broker that does not answer.
    #[arg(
        long,
        value_name = "DURATION",
        env = "EDDYLINE_TOPIC_DELETION_DEADLINE",
        default_value = "30s"
    )]
    topic_deletion_deadline: Duration,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Stops the operator and lets go of every object that would wait for it, before an uninstall.
    Release,
}

/// Runs the command: returns when the operator was stopped, or everything is let go.
///
/// # Errors
/// It did not start, or must not go on; then the next start is the remedy.
pub async fn run(args: Args, _environment: &Environment) -> Result<(), Failure> {
    let client = connect().await.map_err(|error| {
        Failure::new(
            error.to_string(),
            "run it in a pod with a service account, or set KUBECONFIG to a file that kubectl can use",
        )
    })?;
    match args.command {
        Some(Command::Release) => release_all(client, args).await,
        None => operate(client, args).await,
    }
}

async fn operate(client: Client, args: Args) -> Result<(), Failure> {
    let settings = settings(args, "");
    if settings.image.is_empty() {
        return Err(Failure::usage(
            "the image of brokers and workers is not given",
            "write --image IMAGE, or set EDDYLINE_IMAGE (the chart does)",
        ));
    }
    let stop = Interrupts::catch()?.cancel_at_next();
    operator_run::run(client, settings, stop)
        .await
        .map_err(|error| Failure::new(error.to_string(), "start it again; Kubernetes does"))
}

async fn release_all(client: Client, args: Args) -> Result<(), Failure> {
    let settings = settings(args, "-release");
    let released = release::release(client, settings).await.map_err(|error| {
        Failure::new(
            error.to_string(),
            "run it again; it goes on where it stopped",
        )
    })?;
    output::talk(&format!("let go of {released} Topics"));
    Ok(())
}

fn settings(args: Args, role: &str) -> Settings {
    let namespaces = args.namespaces.into_iter();
    Settings {
        namespaces: namespaces.filter(|name| !name.is_empty()).collect(),
        resync: args.resync.as_std(),
        image: args.image.unwrap_or_default(),
        lease_namespace: args.lease_namespace,
        lease_name: args.lease_name,
        identity: args.identity.unwrap_or_else(host) + role,
        admin_listen: args.admin_listen,
        topic_deletion_deadline: args.topic_deletion_deadline.as_std(),
    }
}

/// The host's name: a container that starts again in its pod has its Lease still. Outside of a
/// container the process id tells processes apart.
fn host() -> String {
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy();
    match std::process::id() {
        1 => host.into_owned(),
        pid => format!("{host}-{pid}"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn flags_become_settings() {
        let words = [
            "operator",
            "--namespaces=a,b",
            "--resync=3s",
            "--image=i",
            "--lease-namespace=n",
            "--topic-deletion-deadline=1m",
            "--identity=eddyline-0",
        ];
        let settings = settings(Line::try_parse_from(words).unwrap().args, "");
        assert_eq!(settings.namespaces, ["a", "b"]);
        assert_eq!(settings.resync, std::time::Duration::from_secs(3));
        assert_eq!(
            (settings.image.as_str(), settings.lease_namespace.as_str()),
            ("i", "n")
        );
        assert_eq!(settings.lease_name, "eddyline");
        assert_eq!(settings.identity, "eddyline-0");
        assert!(!settings.finalizers());
    }

    #[test]
    fn release_takes_the_flags_of_the_lease() {
        let words = ["operator", "release", "--lease-name=x", "--namespaces="];
        let args = Line::try_parse_from(words).unwrap().args;
        assert!(matches!(args.command, Some(Command::Release)));
        let settings = settings(args, "-release");
        assert_eq!(settings.lease_name, "x");
        assert!(settings.identity.ends_with("-release") && settings.finalizers());
    }
}
