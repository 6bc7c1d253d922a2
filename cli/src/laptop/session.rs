//! One run of `up`: starts what the files say, keeps it true while they change, and stops in order.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use connect_worker::{
    Clock, ConnectorState, ConnectorStatus, FixedClock, Snapshot, StartError, SystemClock, Worker,
};
use jiff::Timestamp;
use operator::admin::KafkaAdmin;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::broker::refusal::{cannot_listen, port_in_use};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::interrupt::interrupted;
use crate::laptop::engine::{Ground, Listeners};
use crate::laptop::files::{Files, Good, Place, Refusal};
use crate::laptop::folder::{DataFolder, is_ours};
use crate::laptop::keeper::Keeper;
use crate::laptop::listen::{self, Places, Wanted};
use crate::laptop::run_file::{self, Addresses};
use crate::laptop::screen::{self, Style, View};
use crate::laptop::sources::Stamp;
use crate::laptop::state::State;
use crate::laptop::{admin_port, watching};
use crate::output::{self, Format};

/// How long the broker may take for one admin call.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the screen waits for connectors to leave UNASSIGNED.
const SETTLING: Duration = Duration::from_secs(10);
/// How long one that waits for somebody to act may still come right by itself.
const MOMENT: Duration = Duration::from_millis(500);
/// Stands in answers of the REST API, and owns epochs: the same after every restart, whatever the port.
const WORKER_ID: &str = "localhost:8083";

/// What `up` was asked for.
#[derive(Debug)]
pub struct Settings {
    pub files: Files,
    pub data_dir: Option<PathBuf>,
    pub fresh: bool,
    pub prune: bool,
    pub listen: Wanted,
    pub format: Format,
    /// Generated data shows this time, always.
    pub clock: Option<Timestamp>,
    /// The command that starts this again, for the screen.
    pub command: String,
    pub style: Style,
}

/// Runs until `stop`.
///
/// # Errors
/// What is wrong with the files or the machine; then nothing was started, or everything stopped again.
pub async fn run(
    settings: &Settings,
    environment: &Environment,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    // Before the files are read: what is written from here on is a change.
    let stamp = settings.files.sources.stamp();
    let place = Place {
        data_dir: settings.data_dir.as_deref(),
        environment,
        fresh: settings.fresh,
    };
    let (good, path) = settings
        .files
        .first(&place)
        .map_err(Refusal::into_failure)?;
    let places = settings.listen.places()?;
    if settings.fresh {
        // Before anything is written into it, its lock included.
        is_ours(&path)?;
    }
    let folder = DataFolder::take(path)?;
    if settings.fresh {
        folder.empty()?;
    }
    for note in &good.notes {
        output::talk(&settings.style.note(note));
    }
    let listeners = Listeners {
        wanted: &places.kafka,
        any: settings.listen.any,
    };
    let ground = tokio::select! {
        started = Ground::start(&good.chosen.cluster, &listeners, &folder) => started?,
        // Recovering a large log takes a while; nothing of it is lost when it is cut short.
        () = stop.cancelled() => return Err(interrupted()),
    };
    let session = Session {
        settings,
        environment,
        stop,
        places,
        ground: &ground,
        folder: &folder,
    };
    let served = session.serve(good, stamp).await;
    let stopped = ground.stop().await;
    served.and(stopped)
}

/// What a run stands on.
struct Session<'a> {
    settings: &'a Settings,
    environment: &'a Environment,
    stop: &'a CancellationToken,
    places: Places,
    ground: &'a Ground,
    folder: &'a DataFolder,
}

impl Session<'_> {
    /// Topics first, so that the connectors find them; then the worker.
    async fn serve(&self, good: Good, stamp: Stamp) -> Result<(), Failure> {
        let Good { chosen, notes } = good;
        let mut keeper = Keeper {
            started: chosen.cluster.json["spec"].clone(),
            chosen,
            state: State::load(self.folder.path())?,
            prune: self.settings.prune,
            folder: self.folder.path().to_owned(),
            admin: KafkaAdmin::new(&self.ground.bootstrap, "eddyline-up", ADMIN_TIMEOUT),
            connectors: watch::Sender::new(Vec::new()),
            topics: Vec::new(),
            told: BTreeSet::new(),
        };
        let lines = keeper.carry_out().await?;
        watching::tell(&lines, self.settings.style);
        let worker = self.worker(&keeper).await?;
        let kept = self.keep(&mut keeper, &worker, (stamp, notes)).await;
        worker.stop().await;
        kept
    }

    async fn worker(&self, keeper: &Keeper) -> Result<connect_worker::Running, Failure> {
        let wanted = Worker::start(self.worker_settings(keeper, self.places.connect.clone())).await;
        let started = match wanted {
            Err(StartError::Listen { ref source, .. }) if self.may_move(source) => {
                let free = vec![(Ipv4Addr::LOCALHOST, 0).into()];
                Worker::start(self.worker_settings(keeper, free)).await
            }
            other => other,
        };
        started.map_err(|error| worker_failure(&error))
    }

    /// Whether a port that another process took in the meantime may be any other.
    fn may_move(&self, error: &std::io::Error) -> bool {
        self.settings.listen.any && error.kind() == std::io::ErrorKind::AddrInUse
    }

    async fn admin_port(
        &self,
        worker: &connect_worker::Running,
        stop: &CancellationToken,
    ) -> Result<SocketAddr, Failure> {
        let router = self
            .ground
            .broker
            .as_ref()
            .map(::broker::Running::admin_router);
        let serve =
            |address| admin_port::serve(address, router.clone(), worker.snapshot(), stop.clone());
        let served = match serve(self.places.admin).await {
            Err(error) if self.may_move(&error) => serve((Ipv4Addr::LOCALHOST, 0).into()).await,
            other => other,
        };
        served.map_err(|error| admin_failure(self.places.admin, &error))
    }

    fn worker_settings(
        &self,
        keeper: &Keeper,
        rest_listen: Vec<SocketAddr>,
    ) -> connect_worker::Settings {
        let clock: Arc<dyn Clock> = match self.settings.clock {
            Some(time) => Arc::new(FixedClock(time)),
            None => Arc::new(SystemClock),
        };
        connect_worker::Settings {
            bootstrap: self.ground.bootstrap.clone(),
            rest_listen,
            admin_listen: None,
            worker_id: WORKER_ID.to_owned(),
            place: None,
            managed: keeper.connectors.subscribe(),
            clock,
            client: BTreeMap::new(),
        }
    }

    async fn keep(
        &self,
        keeper: &mut Keeper,
        worker: &connect_worker::Running,
        (stamp, noted): (Stamp, Vec<String>),
    ) -> Result<(), Failure> {
        let admin_stop = self.stop.child_token();
        let admin = self.admin_port(worker, &admin_stop).await?;
        let _end_admin_port = admin_stop.drop_guard();
        let addresses = self.addresses(keeper, worker, admin);
        let announced = self
            .environment
            .run_folder()
            .map(|folder| run_file::announce(&folder, &addresses));
        if let Some(Err(error)) = &announced {
            output::talk(
                &self
                    .settings
                    .style
                    .note(&format!("the hand tools need --bootstrap: {error}")),
            );
        }
        tokio::select! {
            () = settled(worker, keeper.chosen.connectors.len()) => {}
            () = self.stop.cancelled() => return Ok(()),
        }
        self.show(keeper, worker, &addresses)?;
        let watching = watching::Watching {
            files: &self.settings.files,
            style: self.settings.style,
            applied: stamp,
            pending: None,
            states: watching::states(&worker.snapshot().borrow()),
            noted,
        };
        watching.run(keeper, worker.snapshot(), self.stop).await;
        Ok(())
    }

    fn addresses(
        &self,
        keeper: &Keeper,
        worker: &connect_worker::Running,
        admin: SocketAddr,
    ) -> Addresses {
        let id = &keeper.chosen.cluster.id;
        let connect = worker.rest().first();
        Addresses {
            pid: std::process::id(),
            cluster: Some(format!("{}/{}", id.namespace, id.name)),
            kafka: self.ground.kafka.clone(),
            connect: connect.map(|address| format!("http://localhost:{}", address.port())),
            admin: Some(format!("http://localhost:{}", admin.port())),
            data_dir: Some(self.folder.path().to_owned()),
            listeners: self.ground.more.clone(),
        }
    }

    fn show(
        &self,
        keeper: &Keeper,
        worker: &connect_worker::Running,
        addresses: &Addresses,
    ) -> Result<(), Failure> {
        let connectors: Vec<_> = worker
            .snapshot()
            .borrow()
            .connectors
            .values()
            .cloned()
            .collect();
        let rest = worker.rest().iter().copied();
        let more_connect: Vec<_> = rest.filter_map(listen::seen_by_others).collect();
        let view = View {
            kafka: &addresses.kafka,
            more: &self.ground.more,
            bundled: self.ground.broker.is_some(),
            connect: addresses.connect.as_deref().unwrap_or_default(),
            more_connect: &more_connect,
            admin: addresses.admin.as_deref().unwrap_or_default(),
            topics: &keeper.topics,
            connectors: &connectors,
            restart: &self.settings.command,
        };
        for line in screen::lines(
            &view,
            self.settings.style,
            self.folder.path(),
            self.environment,
        ) {
            output::talk(&line);
        }
        if self.settings.format == Format::Json {
            // One line: a program that started us reads until the first line end.
            output::line(&serde_json::to_string(addresses).unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Waits until every connector has left UNASSIGNED, for a while: late is no failure, and the screen says what is not there yet.
/// One that says why it waits (its topic is missing, say) is given a moment only: somebody must act first.
async fn settled(worker: &connect_worker::Running, connectors: usize) {
    let begun =
        |now: &Snapshot| (now.ready || connectors == 0) && now.connectors.len() >= connectors;
    let waits = |connector: &ConnectorStatus| connector.state == ConnectorState::Unassigned;
    let mut snapshot = worker.snapshot();
    let told = snapshot.wait_for(|now| {
        let silent = |connector: &ConnectorStatus| waits(connector) && connector.reason.is_none();
        begun(now) && !now.connectors.values().any(silent)
    });
    let _ = tokio::time::timeout(SETTLING, told).await;
    let mut snapshot = worker.snapshot();
    let all = snapshot.wait_for(|now| begun(now) && !now.connectors.values().any(waits));
    let _ = tokio::time::timeout(MOMENT, all).await;
}

fn worker_failure(error: &StartError) -> Failure {
    match error {
        StartError::Listen { address, source }
            if source.kind() == std::io::ErrorKind::AddrInUse =>
        {
            port_in_use(*address, listen::CONNECT_FLAG)
        }
        StartError::Listen { address, source } => {
            cannot_listen(*address, source, listen::CONNECT_FLAG)
        }
        StartError::Client { .. } => Failure::new(error.to_string(), ""),
    }
}

fn admin_failure(address: SocketAddr, error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => port_in_use(address, listen::ADMIN_FLAG),
        _ => cannot_listen(address, error, listen::ADMIN_FLAG),
    }
}
