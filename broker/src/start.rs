//! Starting and stopping a broker.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::admin::{self, Health};
use crate::broker::{Broker, NODE_ID};
use crate::clock::Clock;
use crate::compaction;
use crate::groups::{self, GroupSettings, Groups};
use crate::listeners::{BindError, Bound};
use crate::log::{Log, MemoryGauge, OpenError, Options, ReadError, Stopped};
use crate::memory::{self, Budget};
use crate::metrics::Metrics;
use crate::producers::{ProducerIds, Producers};
use crate::retention;
use crate::server::Server;
use crate::settings::{BrokerConfig, ConfigError, Settings};
use crate::topics::{self, LoadError, Topics};

/// How long a stop waits for connections to take the answers they are owed.
const STOP_PATIENCE: Duration = Duration::from_secs(6);
/// How long a stop waits for its own tasks to let go of the data folder; one poll of each is all it
/// takes, unless the caller holds on to the broker.
const RELEASE_PATIENCE: Duration = Duration::from_secs(1);

/// Why a broker did not start. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A broker setting is unknown or has a wrong value.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No listener was given, or two have one name.
    #[error("start broker: {0}")]
    Listeners(&'static str),
    /// A Kafka listener cannot be bound; the port may be in use.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The admin port cannot be bound; it may be in use (`source` says so).
    #[error("bind admin port to {address}")]
    Admin {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    /// The data folder is in use, of another format, damaged, or cannot be read or written.
    #[error(transparent)]
    Data(#[from] OpenError),
    /// The topics cannot be read back from the data folder.
    #[error(transparent)]
    Topics(#[from] LoadError),
    /// The groups cannot be read back from the data folder.
    #[error("load groups: {0}")]
    Groups(ReadError),
    /// The program ended a task of its own too early.
    #[error("start broker: a task of the start was ended")]
    Ended(#[from] tokio::task::JoinError),
}

/// A broker that serves clients. Dropping it stops nothing: call [`Running::stop`].
#[derive(Debug)]
pub struct Running {
    broker: Arc<Broker>,
    server: Server,
    listeners: Vec<Bound>,
    admin: Admin,
}

/// The admin port, or what it would tell.
#[derive(Debug)]
struct Admin {
    health: Arc<Health>,
    address: Option<SocketAddr>,
    /// Ends the admin port when the broker is gone, or did not start.
    _stop: DropGuard,
}

impl Admin {
    async fn start(listen: Option<SocketAddr>, metrics: &Arc<Metrics>) -> Result<Self, StartError> {
        let health = Arc::new(Health::new(Arc::clone(metrics)));
        let stop = CancellationToken::new();
        let address = match listen {
            None => None,
            Some(address) => {
                let served = admin::serve(address, Arc::clone(&health), stop.clone()).await;
                Some(served.map_err(|source| StartError::Admin { address, source })?)
            }
        };
        Ok(Self {
            health,
            address,
            _stop: stop.drop_guard(),
        })
    }
}

impl Broker {
    /// Starts a broker with the system's clock.
    ///
    /// # Errors
    /// [`StartError`], typed so that a command can name the flag that helps.
    pub async fn start(settings: Settings) -> Result<Running, StartError> {
        Self::start_at(settings, Clock::system(), Self::log_options()).await
    }

    /// The options of a log in this process: its bounds go by the memory there is.
    pub fn log_options() -> Options {
        Options {
            memory: MemoryGauge(Arc::new(memory::is_short)),
            ..Budget::of_this_process().bound(Options::default())
        }
    }

    /// As [`Broker::start`], with a clock and log options of the caller's. Outside of tests they come from
    /// [`Broker::log_options`].
    ///
    /// # Errors
    /// As [`Broker::start`].
    pub async fn start_at(
        settings: Settings,
        clock: Clock,
        options: Options,
    ) -> Result<Running, StartError> {
        let config = BrokerConfig::new(&settings.config)?;
        check_listeners(&settings)?;
        let mut sockets = Vec::with_capacity(settings.listeners.len());
        for listener in &settings.listeners {
            sockets.push(listener.bind()?);
        }
        let listeners: Vec<_> = sockets.iter().map(|(bound, _)| bound.clone()).collect();
        let metrics = Arc::new(Metrics::new());
        let admin = Admin::start(settings.admin_listen, &metrics).await?;
        let data_dir = settings.data_dir.clone();
        let log = tokio::task::spawn_blocking(move || Log::open(&data_dir, options)).await??;
        let config = Arc::new(config.with_largest_batch(log.largest_batch_bytes())?);
        let topics = open_topics(&log, &clock, &config).await?;
        metrics.show(&log, &topics);
        let producers = Arc::new(Producers::open(&log));
        let groups = open_groups(&log, &clock, &config, &topics).await?;
        let broker = Arc::new(Self {
            config,
            clock,
            budget: Budget::of_this_process(),
            metrics,
            data_dir: settings.data_dir.display().to_string(),
            facts: facts(&settings, &listeners),
            log,
            topics,
            producers,
            producer_ids: ProducerIds::default(),
            groups,
        });
        tokio::spawn(groups::keep_up(Arc::downgrade(&broker.groups)));
        let interval = broker.config.retention_check_interval;
        tokio::spawn(retention::run(Arc::downgrade(&broker), interval));
        let interval = broker.config.cleaner_backoff;
        tokio::spawn(compaction::run(Arc::downgrade(&broker), interval));
        let server = Server::start(&broker, sockets);
        admin.health.set_ready(true);
        Ok(Running {
            broker,
            server,
            listeners,
            admin,
        })
    }
}

/// Settings that stand for how the broker was started: tools look for them.
fn facts(settings: &Settings, listeners: &[Bound]) -> Vec<(&'static str, String)> {
    let bound = listeners.iter().flat_map(|bound| {
        bound
            .addresses
            .iter()
            .map(move |address| format!("{}://{address}", bound.name))
    });
    let advertised = listeners
        .iter()
        .map(|bound| format!("{}://{}", bound.name, bound.printed()));
    vec![
        (
            "advertised.listeners",
            advertised.collect::<Vec<_>>().join(","),
        ),
        ("broker.id", NODE_ID.to_string()),
        ("listeners", bound.collect::<Vec<_>>().join(",")),
        ("log.dirs", settings.data_dir.display().to_string()),
        ("node.id", NODE_ID.to_string()),
        ("process.roles", "broker,controller".to_owned()),
    ]
}

async fn open_topics(
    log: &Log,
    clock: &Clock,
    config: &Arc<BrokerConfig>,
) -> Result<Topics, StartError> {
    let (log, clock, config) = (log.clone(), clock.clone(), Arc::clone(config));
    let open = move || Topics::open(&log, &clock, config, &new_cluster_id());
    Ok(tokio::task::spawn_blocking(open).await??)
}

async fn open_groups(
    log: &Log,
    clock: &Clock,
    config: &BrokerConfig,
    topics: &Topics,
) -> Result<Arc<Groups>, StartError> {
    let groups = Arc::new(Groups::new(GroupSettings::new(config), clock.clone()));
    let (log, loading, view) = (log.clone(), Arc::clone(&groups), topics.view());
    let load = move || {
        let topic = view.topic(groups::OFFSETS_TOPIC);
        let topic = topic.map(|topic| (topic.id, topic.partitions));
        loading.load(&log, topic, |name| Some(view.topic(name)?.id))
    };
    tokio::task::spawn_blocking(load)
        .await?
        .map_err(StartError::Groups)?;
    Ok(groups)
}

/// 22 characters that do not start with '-': command-line tools would take such an id for a flag.
fn new_cluster_id() -> String {
    let ids = std::iter::repeat_with(|| topics::random_id().to_string());
    ids.take(64)
        .find(|id| !id.starts_with('-'))
        .unwrap_or_default()
}

fn check_listeners(settings: &Settings) -> Result<(), StartError> {
    let mut names: Vec<_> = settings
        .listeners
        .iter()
        .map(|listener| &listener.name)
        .collect();
    names.sort_unstable();
    if names.is_empty() {
        return Err(StartError::Listeners("it has no listener"));
    }
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(StartError::Listeners("two listeners have the same name"));
    }
    Ok(())
}

impl Running {
    /// Where clients reach it, in the order of the settings.
    pub fn listeners(&self) -> &[Bound] {
        &self.listeners
    }

    /// The first address of the first listener.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listeners.first()?.addresses.first().copied()
    }

    /// Where the admin port is, if it has one.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.address
    }

    /// `/livez`, `/readyz` and `/metrics`, for a process that serves them beside its own routes.
    pub fn admin_router(&self) -> axum::Router {
        admin::router(Arc::clone(&self.admin.health))
    }

    /// The cluster's id: 22 characters, the same after every restart.
    pub fn cluster_id(&self) -> String {
        self.broker.topics.view().cluster_id().to_owned()
    }

    /// The broker's handles.
    pub fn broker(&self) -> &Arc<Broker> {
        &self.broker
    }

    /// Stops in order: no new connections, the answers that are owed, then the log, which makes
    /// everything durable and marks the folder clean.
    ///
    /// # Errors
    /// [`Stopped`] when the log had ended before.
    pub async fn stop(self) -> Result<(), Stopped> {
        // A join may wait for minutes: it is told to look for a coordinator again.
        self.broker.groups.close();
        self.admin.health.set_ready(false);
        self.server.stop(STOP_PATIENCE).await;
        Arc::clone(&self.broker.groups).save().await;
        let broker = Arc::clone(&self.broker);
        let closed = tokio::task::spawn_blocking(move || {
            if let Err(error) = broker.producers.save(&broker.log) {
                // Only a cache: the next start reads batch headers instead.
                tracing::warn!(%error, "save producer state");
            }
            broker.log.close()
        })
        .await
        .map_err(|_| Stopped)?;
        let topics = self.broker.topics.subscribe();
        drop(self);
        release(topics).await;
        closed
    }
}

/// Waits until the task that writes metadata has ended. It is the last to hold the log, and as long
/// as anybody does the folder is locked: who starts again in the same process would be refused.
async fn release<T>(mut topics: watch::Receiver<T>) {
    let ended = async { while topics.changed().await.is_ok() {} };
    if tokio::time::timeout(RELEASE_PATIENCE, ended).await.is_err() {
        tracing::warn!("the data folder is still in use at the end of the stop");
    }
}
