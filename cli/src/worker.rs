//! `eddyline worker`: the connect worker alone, as it runs in the pods of a Connector, in the foreground.

mod folder;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use connect_worker::{Peers, Place, Running, Settings, StartError, SystemClock, Worker};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::broker::refusal::port_in_use;
use crate::failure::Failure;
use crate::interrupt::{self, Interrupts};
use crate::output::{self, Format};

/// Runs a connect worker, alone or as one of a Connector's pods, until it is stopped.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The cluster it works for, as HOST:PORT, several parted by commas.
    #[arg(short, long, value_name = "HOST:PORT", env = "EDDYLINE_BOOTSTRAP")]
    bootstrap: String,
    /// Folder with connector.json, the configuration of the connector it runs; followed as it changes. Unset, connectors are
    /// made over REST.
    #[arg(long, value_name = "FOLDER", env = "EDDYLINE_CONFIG_DIR")]
    config_dir: Option<PathBuf>,
    /// Where Connect's REST API listens.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        env = "EDDYLINE_LISTEN",
        default_value = "127.0.0.1:8083"
    )]
    listen: SocketAddr,
    /// Where health and metrics are served.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        env = "EDDYLINE_ADMIN_LISTEN",
        default_value = "127.0.0.1:9600"
    )]
    admin_listen: SocketAddr,
    /// The headless service of the pods that share the connector's tasks.
    #[arg(
        long,
        value_name = "NAME",
        env = "EDDYLINE_PEER_SERVICE",
        requires = "pod_name",
        conflicts_with = "peers"
    )]
    peer_service: Option<String>,
    /// The REST addresses of the workers that share the connector's tasks, in order, instead of --peer-service.
    #[arg(
        long,
        value_name = "ADDRESS:PORT,…",
        env = "EDDYLINE_PEERS",
        value_delimiter = ',',
        requires = "pod_name"
    )]
    peers: Vec<String>,
    /// This pod's name; the number at its end says which tasks are its.
    #[arg(
        long,
        value_name = "NAME",
        env = "EDDYLINE_POD_NAME",
        requires = "pod_uid"
    )]
    pod_name: Option<String>,
    /// This pod's uid.
    #[arg(long, value_name = "UID", env = "EDDYLINE_POD_UID")]
    pod_uid: Option<String>,
}

/// Runs the command: returns when the worker has ended in order.
///
/// # Errors
/// It did not start.
pub async fn run(args: Args, format: Format) -> Result<(), Failure> {
    let place = place(&args)?;
    let mut interrupts = Interrupts::catch()?;
    let (declare, managed) = watch::channel(Vec::new());
    let stop = CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    if let Some(folder) = args.config_dir {
        // What is there already counts from the first moment.
        let mut follower = folder::Follower::new(&folder, declare);
        follower.look().await;
        tokio::spawn(follower.run(stop));
    }
    let settings = Settings {
        bootstrap: args.bootstrap,
        rest_listen: vec![args.listen],
        admin_listen: Some(args.admin_listen),
        worker_id: worker_id(args.listen, place.as_ref()),
        place,
        managed,
        clock: Arc::new(SystemClock),
        client: BTreeMap::new(),
    };
    let running = tokio::select! {
        started = Worker::start(settings) => started.map_err(|error| refusal(&error, args.admin_listen))?,
        () = interrupts.next() => return Err(interrupt::interrupted()),
    };
    let ready = ready(&running);
    match format {
        Format::Json => output::line(&ready.to_string())?,
        Format::Table => output::talk(&format!(
            "worker  {}\nadmin   {}\nStop it with Ctrl-C.",
            text(&ready["connect"]),
            text(&ready["admin"])
        )),
    }
    interrupts.next().await;
    interrupts.end_at_next();
    running.stop().await;
    Ok(())
}

/// Where the worker stands among others.
fn place(args: &Args) -> Result<Option<Place>, Failure> {
    let (Some(name), Some(uid)) = (&args.pod_name, &args.pod_uid) else {
        return Ok(None);
    };
    let no_ordinal = || {
        Failure::usage(
            format!("the pod name {name} ends in no number"),
            "run it as a pod of a StatefulSet, or give --pod-name NAME-0",
        )
    };
    let (pods, ordinal) = name.rsplit_once('-').ok_or_else(no_ordinal)?;
    let ordinal = ordinal.parse().map_err(|_| no_ordinal())?;
    let peers = match &args.peer_service {
        Some(service) => Peers::Service {
            pods: pods.to_owned(),
            service: service.clone(),
            port: args.listen.port(),
        },
        None => Peers::Listed(args.peers.clone()),
    };
    Ok(Some(Place {
        ordinal,
        pod: uid.clone(),
        peers,
    }))
}

/// By custom the address of the REST API, as others reach it.
fn worker_id(listen: SocketAddr, place: Option<&Place>) -> String {
    let among = place.and_then(|place| place.peers.address(place.ordinal));
    among.unwrap_or_else(|| listen.to_string())
}

/// What programs are told when it is ready.
fn ready(running: &Running) -> Value {
    let url = |address: SocketAddr| format!("http://{address}");
    json!({
        "connect": running.rest().first().copied().map(url),
        "admin": running.admin().map(url),
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn refusal(error: &StartError, admin: SocketAddr) -> Failure {
    match error {
        StartError::Listen { address, source }
            if source.kind() == std::io::ErrorKind::AddrInUse =>
        {
            let flag = if *address == admin {
                "--admin-listen ADDRESS:PORT"
            } else {
                "--listen ADDRESS:PORT"
            };
            port_in_use(*address, flag)
        }
        StartError::Listen { address, source } => {
            Failure::new(format!("cannot listen on {address}: {source}"), "")
        }
        StartError::Client { .. } => Failure::new(error.to_string(), ""),
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

    fn read(words: &str) -> Args {
        let words = ["worker", "--bootstrap", "b:9092"]
            .into_iter()
            .chain(words.split_whitespace());
        Line::try_parse_from(words).unwrap().args
    }

    #[test]
    fn a_pod_knows_its_place_and_its_peers() {
        let args = read(
            "--listen 0.0.0.0:8083 --peer-service gen-worker.shop.svc --pod-name gen-worker-12 --pod-uid u",
        );
        let place = place(&args).unwrap().unwrap();
        assert_eq!((place.ordinal, place.pod.as_str()), (12, "u"));
        assert_eq!(
            worker_id(args.listen, Some(&place)),
            "gen-worker-12.gen-worker.shop.svc:8083"
        );
        assert_eq!(
            place.peers.address(0).unwrap(),
            "gen-worker-0.gen-worker.shop.svc:8083"
        );
    }

    #[test]
    fn peers_may_be_listed() {
        let args = read("--peers 127.0.0.1:1,127.0.0.1:2 --pod-name w-1 --pod-uid u");
        let place = place(&args).unwrap().unwrap();
        assert_eq!(worker_id(args.listen, Some(&place)), "127.0.0.1:2");
        assert_eq!(place.peers.address(2), None);
    }

    #[test]
    fn without_a_pod_it_is_alone() {
        let args = read("");
        assert_eq!(place(&args).unwrap(), None);
        assert_eq!(worker_id(args.listen, None), "127.0.0.1:8083");
        let args = read("--peer-service s --pod-name gen --pod-uid u");
        assert!(place(&args).unwrap_err().what.contains("ends in no number"));
    }
}
