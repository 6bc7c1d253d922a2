//! `eddyline selftest`: proves an installation on Kubernetes by using it, as `helm test` does.
//!
//! Makes a Cluster and a Topic, waits for both, sends records, reads them back, and takes everything away again, also when it
//! fails. Knows the API server and Kafka as any user does; it must not know the operator.

use std::time::Duration;

use kube::Client;
use serde_json::json;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::interrupt::{self, Interrupts};
use crate::output::{self, Format};
use crate::selftest::objects::{Names, Owner};
use crate::selftest::steps::Steps;

mod objects;
mod records;
mod steps;

/// How long taking away may take, also when the time of the test is up.
const CLEANING: Duration = Duration::from_mins(1);

/// Checks an installation on Kubernetes: makes a Cluster and a Topic, sends and reads records, and takes everything away.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where it makes its objects; unset, the namespace of the pod or of the current context.
    #[arg(long, value_name = "NAME", env = "EDDYLINE_NAMESPACE")]
    namespace: Option<String>,
    /// An existing Cluster to use, instead of one that the test makes and deletes.
    #[arg(long, value_name = "NAME", env = "EDDYLINE_CLUSTER")]
    cluster: Option<String>,
    /// How long all of it may take, for example 90s or 2m.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "2m",
        env = "EDDYLINE_TIMEOUT"
    )]
    timeout: crds::Duration,
    /// How many records go through.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000), env = "EDDYLINE_COUNT")]
    records: u32,
    /// The pod it runs in: what it makes belongs to this pod and goes with it.
    #[arg(
        long,
        value_name = "NAME",
        requires = "pod_uid",
        env = "EDDYLINE_POD_NAME"
    )]
    pod_name: Option<String>,
    /// The uid of that pod.
    #[arg(long, value_name = "UID", env = "EDDYLINE_POD_UID")]
    pod_uid: Option<String>,
}

/// Runs the test; what it made is gone when it returns.
///
/// # Errors
/// The step that failed, with what the object itself says about it. Code 3: something was not ready in time.
pub async fn run(args: Args, format: Format) -> Result<(), Failure> {
    let mut interrupts = Interrupts::catch()?;
    let client = Client::try_default().await.map_err(|error| {
        let help = "run it in a pod (helm test), or give it a kubeconfig with KUBECONFIG";
        Failure::new(
            format!("cannot find a Kubernetes API server: {error}"),
            help,
        )
    })?;
    let namespace = args
        .namespace
        .unwrap_or_else(|| client.default_namespace().to_owned());
    let owner = args
        .pod_name
        .zip(args.pod_uid)
        .map(|(name, uid)| Owner { name, uid });
    let id = uuid::Uuid::new_v4().simple().to_string();
    let names = Names::new(&id[..8], args.cluster, namespace, owner);
    let begun = Instant::now();
    let steps = Steps::new(client, names, begun + args.timeout.as_std());
    let tested = tokio::select! {
        tested = steps.test(args.records) => tested,
        () = interrupts.next() => Err(interrupt::interrupted()),
    };
    let cleaned = tokio::select! {
        cleaned = steps.clean(Instant::now() + CLEANING) => cleaned,
        () = interrupts.next() => Err(interrupt::interrupted()),
    };
    tested.and(cleaned)?;
    if format == Format::Json {
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        return output::line(&json!({"records": args.records, "took_ms": took_ms}).to_string());
    }
    output::line(&format!(
        "passed: {} records sent and read in {:.1} s",
        args.records,
        begun.elapsed().as_secs_f32()
    ))
}
