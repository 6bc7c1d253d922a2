//! The Cluster's engine on a laptop: the bundled broker in this process, or an existing Kafka.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ::broker::clock::Clock;
use ::broker::listeners::{BindError, Bound, Listener};
use ::broker::log::{FatalHandler, Options};
use ::broker::{Broker, Running, StartError};
use crds::Cluster;
use crds::cluster::Engine as Kind;

use crate::broker::end_at_once;
use crate::broker::refusal::{Flags, failure};
use crate::failure::Failure;
use crate::laptop::documents::Object;
use crate::laptop::folder::DataFolder;
use crate::laptop::listen;

/// How `up` calls what helps when the broker does not start.
const FLAGS: Flags = Flags {
    listener: |name| match name {
        listen::CONTAINERS => "--any-port, or leave --containers out".to_owned(),
        _ => "--kafka-port PORT or --any-port".to_owned(),
    },
    address: |name| match name {
        listen::CONTAINERS => "--listen IP, or leave --containers out".to_owned(),
        _ if name.starts_with(listen::LAN) => "--listen IP".to_owned(),
        _ => "--kafka-port PORT".to_owned(),
    },
    admin: "--admin-port PORT or --any-port",
    data_dir: "--data-dir FOLDER",
    other_data: "--fresh (all its data is removed), or choose another folder with --data-dir FOLDER",
};

/// The broker's settings for a Cluster: its `config`, and no topics made by asking for them.
pub fn settings(cluster: &Object<Cluster>) -> BTreeMap<String, String> {
    let mut settings = cluster.value.spec.config.clone();
    settings
        .entry("auto.create.topics.enable".to_owned())
        .or_insert_with(|| "false".to_owned());
    settings
}

/// The Kafka that everything stands on: our broker, or an existing one.
#[derive(Debug)]
pub struct Ground {
    pub broker: Option<Running>,
    /// Where clients connect.
    pub kafka: String,
    /// Where this process connects: by loopback, whatever is advertised.
    pub bootstrap: String,
    /// Where others connect, by listener: other machines, containers.
    pub more: BTreeMap<String, String>,
}

impl Ground {
    /// Starts the bundled broker, or takes the addresses of the existing Kafka.
    ///
    /// # Errors
    /// In words that name the flag that helps.
    pub async fn start(
        cluster: &Object<Cluster>,
        listeners: &Listeners<'_>,
        folder: &DataFolder,
    ) -> Result<Self, Failure> {
        if cluster.value.spec.engine == Kind::External {
            let kafka = cluster.value.spec.bootstrap_servers.join(",");
            return Ok(Self {
                broker: None,
                bootstrap: kafka.clone(),
                kafka,
                more: BTreeMap::new(),
            });
        }
        let broker = start(cluster, listeners, folder).await?;
        let kafka = broker.listeners().first();
        let kafka = kafka.map(|bound| bound.printed().to_string());
        let kafka = kafka.unwrap_or_default();
        let more = more(broker.listeners());
        let bootstrap = broker.address().map_or_else(|| kafka.clone(), own_address);
        Ok(Self {
            broker: Some(broker),
            kafka,
            bootstrap,
            more,
        })
    }

    /// Stops the broker in order.
    ///
    /// # Errors
    /// Its log had ended before.
    pub async fn stop(self) -> Result<(), Failure> {
        let Some(broker) = self.broker else {
            return Ok(());
        };
        let stopped = broker.stop().await;
        stopped
            .map_err(|error| Failure::new(format!("the broker did not stop in order: {error}"), ""))
    }
}

/// The listeners that others use. The first is theirs too when it takes all addresses of this machine.
fn more(listeners: &[Bound]) -> BTreeMap<String, String> {
    let all = listeners.first().and_then(|bound| {
        let first = bound.addresses.first()?;
        let all = first.ip().is_unspecified() && bound.advertise.is_none();
        let seen = listen::seen_by_others(*first).filter(|_| all)?;
        Some((listen::LAN.to_owned(), seen.to_string()))
    });
    let own = listeners
        .iter()
        .skip(1)
        .map(|bound| (bound.name.clone(), bound.printed().to_string()));
    all.into_iter().chain(own).collect()
}

/// What to bind, and what to do about a port that another process took in the meantime.
#[derive(Debug, Clone, Copy)]
pub struct Listeners<'a> {
    pub wanted: &'a [Listener],
    /// Any free port will do.
    pub any: bool,
}

async fn start(
    cluster: &Object<Cluster>,
    listeners: &Listeners<'_>,
    folder: &DataFolder,
) -> Result<Running, Failure> {
    let started = start_on(cluster, listeners.wanted.to_vec(), folder).await;
    let started = match started {
        Err(StartError::Bind(BindError::PortInUse { .. })) if listeners.any => {
            let free = listeners.wanted.iter().map(on_any_port);
            start_on(cluster, free.collect(), folder).await
        }
        other => other,
    };
    started.map_err(|error| failure(&error, &FLAGS))
}

async fn start_on(
    cluster: &Object<Cluster>,
    listeners: Vec<Listener>,
    folder: &DataFolder,
) -> Result<Running, StartError> {
    let settings = ::broker::Settings {
        data_dir: folder.broker(),
        listeners,
        admin_listen: None,
        config: settings(cluster),
    };
    let options = Options {
        on_fatal: FatalHandler(Arc::new(end_at_once)),
        ..Broker::log_options()
    };
    Broker::start_at(settings, Clock::system(), options).await
}

fn on_any_port(listener: &Listener) -> Listener {
    let mut listener = listener.clone();
    listener
        .bind
        .iter_mut()
        .for_each(|address| address.set_port(0));
    if let Some(advertise) = &mut listener.advertise {
        advertise.port = 0;
    }
    listener
}

/// The address by which this process reaches a listener of its own.
fn own_address(bound: SocketAddr) -> String {
    match bound.ip() {
        ip if !ip.is_unspecified() => bound.to_string(),
        IpAddr::V4(_) => format!("127.0.0.1:{}", bound.port()),
        IpAddr::V6(_) => format!("[::1]:{}", bound.port()),
    }
}
