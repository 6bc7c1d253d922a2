//! One turn of a Connector: observe, validate, plan, apply, status.
//!
//! A Connector whose Cluster is gone keeps its children: its workers wait, and go on when a Cluster of
//! that name is back. It has no finalizer: see [`super::children`].

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crds::Connector;
use k8s_openapi::jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    apply::{self, Told},
    children::{self, Children, Start},
    client::ConnectClient,
    observe::{self, Observed},
    plan::{self, Numbering, Plan, plan},
    pods,
    render::Identity,
    status::{self, Look, Obstacle},
    validate::{ValidatedConnector, validate},
};
use crate::{
    context::{Context, Kind},
    kubernetes::{
        apply::ApplyError,
        call::CallError,
        controller::{self, Outcome},
        queue::spread,
    },
    names::ObjectName,
    ports::connect_api::{Config, ConnectError, Report},
};

/// Connectors at once: as many as workers are asked at once.
const CONCURRENCY: usize = 32;

/// How often a Connector's workers are asked, give or take a tenth.
const POLL: Duration = Duration::from_secs(5);

/// How soon they are asked again while something is on its way.
const SOON: Duration = Duration::from_secs(1);

/// How often a worker is asked in one turn while it is silent, or in the middle of a change.
const TRIES: u32 = 5;

/// The wait between two of them.
const BETWEEN_TRIES: Duration = Duration::from_millis(400);

/// How long one turn asks at most, beside the answer that it waits for.
const ASKING: Duration = Duration::from_secs(3);

/// What the turns of all Connectors share.
#[derive(Debug)]
struct Session {
    client: ConnectClient,
    told: Told,
}

/// Runs until `stop`.
pub async fn controller(context: Arc<Context>, stop: CancellationToken) {
    let client = match ConnectClient::new() {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "make the client of workers");
            return;
        }
    };
    let told = Told::default();
    let session = Arc::new(Session { client, told });
    controller::run(
        Kind::Connector,
        CONCURRENCY,
        context,
        stop,
        move |context, name| reconcile(context, session.clone(), name),
    )
    .await;
}

async fn reconcile(
    context: Arc<Context>,
    session: Arc<Session>,
    name: ObjectName,
) -> Result<Outcome, ApplyError> {
    let Some(connector) = context.stores.connectors.get(&name) else {
        session.told.forget(&name);
        return Ok(Outcome::Gone);
    };
    if connector.metadata.deletion_timestamp.is_some() {
        return Ok(Outcome::Settled);
    }
    let turn = Turn {
        context: &context,
        session: &session,
        connector: &connector,
        name: &name,
    };
    match turn.take().await {
        Err(ApplyError::Leaving { .. }) => Ok(Outcome::After(SOON)),
        Err(ApplyError::Call(error)) if error.is_namespace_going() => Ok(Outcome::Settled),
        outcome => outcome,
    }
}

struct Turn<'a> {
    context: &'a Context,
    session: &'a Session,
    connector: &'a Connector,
    name: &'a ObjectName,
}

impl Turn<'_> {
    async fn take(&self) -> Result<Outcome, ApplyError> {
        let mut observed = observe::observe(self.context, self.connector);
        let mut refused = Ok(());
        let obstacle = match self.wanted(&observed) {
            Err(obstacle) => Some(obstacle),
            Ok(valid) => match self.carry_out(&valid, &mut observed).await {
                Ok(answer) => {
                    refused = answer;
                    waits_for_cluster(&observed)
                }
                Err(error @ ApplyError::Foreign { .. }) => {
                    Some(Obstacle::NameTaken(error.to_string()))
                }
                Err(ApplyError::Call(error)) if !error.is_namespace_going() => {
                    match error.refusal() {
                        Some(reason) => Some(Obstacle::Refused(reason)),
                        None => return Err(ApplyError::Call(error)),
                    }
                }
                Err(error) => return Err(error),
            },
        };
        let answer = self.ask(&observed, refused).await;
        let look = Look {
            connector: self.connector,
            obstacle,
            pods: &observed.pods,
            answer,
            lacks_topic: observed
                .cluster
                .as_ref()
                .is_some_and(|cluster| cluster.lacks_topic),
            now: Timestamp::now(),
        };
        self.tell(&look, &observed).await.map_err(ApplyError::Call)
    }

    /// The spec, where it can be carried out.
    fn wanted(&self, observed: &Observed) -> Result<ValidatedConnector, Obstacle> {
        if let Some(fault) = self.context.stores.connectors.fault(self.name) {
            return Err(Obstacle::Unreadable(fault));
        }
        if self.connector.spec.paused {
            return Err(Obstacle::Paused);
        }
        let valid = validate(self.connector).map_err(Obstacle::Invalid)?;
        match observed.cluster {
            Some(_) => Ok(valid),
            None => Err(Obstacle::NoCluster),
        }
    }

    /// Plans and applies; answers what a worker refused.
    async fn carry_out(
        &self,
        valid: &ValidatedConnector,
        observed: &mut Observed,
    ) -> Result<Result<(), ConnectError>, ApplyError> {
        let mut config = self.planned(valid, observed);
        let previous = observed.previous.clone();
        // What workers are told rests on the pods that are there, not on those of a cache that may lag: a pod taken for
        // gone would run beside its successor.
        if previous.as_ref() != Some(&config) {
            let live = observe::live_pods(self.context, self.connector, observed.set.as_deref());
            observed.pods = live.await.map_err(ApplyError::Call)?;
            config = self.planned(valid, observed);
        }
        let children = self.children(&config, observed);
        apply::config(self.context, &children).await?;
        if previous.is_some_and(|previous| plan::starts_over(&previous, &config)) {
            apply::started_over(self.context, self.connector).await;
        }
        let Session { client, told } = self.session;
        let refused = apply::put(client, told, self.name, &config, &observed.pods).await;
        apply::workers(self.context, &children).await?;
        Ok(refused)
    }

    fn planned(&self, valid: &ValidatedConnector, observed: &Observed) -> Config {
        let metadata = &self.connector.metadata;
        let identity = Identity {
            object: self.name.clone(),
            uid: metadata.uid.clone().unwrap_or_default(),
            generation: metadata.generation.unwrap_or(1),
        };
        let worker_uids = pods::uids(&observed.pods, valid.workers);
        let numbering = Numbering::Operator {
            worker_uids: &worker_uids,
        };
        let previous = observed.previous.as_ref();
        match (plan(valid, &identity, previous, numbering), previous) {
            (Plan::Nothing, Some(previous)) => previous.clone(),
            (Plan::Nothing, None) => Config::new(),
            (Plan::Put(config), _) => config,
        }
    }

    fn children(&self, config: &Config, observed: &Observed) -> Children {
        let start = Start {
            image: &self.context.settings.image,
            bootstrap: observed
                .cluster
                .as_ref()
                .map_or("", |cluster| &cluster.bootstrap),
        };
        children::children(self.connector, config, start)
    }

    /// Asks a worker until what it says is about the last edit and settled, for a moment: what passes
    /// in that moment is no news. A refusal counts where the workers do not follow the last edit.
    async fn ask(
        &self,
        observed: &Observed,
        refused: Result<(), ConnectError>,
    ) -> Option<Result<Option<Report>, ConnectError>> {
        let Session { client, told } = self.session;
        let mut left = TRIES;
        let begun = Instant::now();
        let answer = loop {
            left -= 1;
            let mut answer = apply::report(client, self.name, &observed.pods).await?;
            if let Ok(report) = &mut answer {
                *report = report.take().filter(|report| self.is_ours(report));
            }
            let is_settled =
                matches!(&answer, Ok(Some(report)) if self.follows(report) && is_settled(report));
            // A worker that does not even refuse holds up the others' turns.
            if is_settled || left == 0 || begun.elapsed() > ASKING {
                break answer;
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        };
        let is_behind = match &answer {
            Ok(Some(report)) => !self.follows(report),
            Ok(None) => true,
            Err(_) => false,
        };
        if is_behind {
            told.forget(self.name);
            if let Err(refusal) = refused {
                return Some(Err(refusal));
            }
        }
        Some(answer)
    }

    fn is_ours(&self, report: &Report) -> bool {
        report.uid.is_none() || report.uid == self.connector.metadata.uid
    }

    /// The workers do as the last edit says; one that is not carried out does not count.
    fn follows(&self, report: &Report) -> bool {
        self.connector.spec.paused
            || report.generation.is_none()
            || report.generation >= self.connector.metadata.generation
    }

    async fn tell(&self, look: &Look<'_>, observed: &Observed) -> Result<Outcome, CallError> {
        let previous = self.connector.status.as_ref();
        let next = status::status(look, previous);
        apply::status(self.context, self.connector, &next).await?;
        let second = u32::try_from(look.now.as_second() & 0xffff).unwrap_or(0);
        let jitter = 0.9 + 0.2 * spread(self.name, second);
        Ok(match (&observed.set, &look.answer) {
            (None, _) if look.obstacle.is_some() => Outcome::Settled,
            // Asked for again at the resync and after an edit: it would be refused every time.
            _ if matches!(look.obstacle, Some(Obstacle::Refused(_))) => Outcome::Settled,
            _ if status::is_on_its_way(&next) => Outcome::After(SOON),
            _ => Outcome::After(POLL.mul_f64(jitter)),
        })
    }
}

/// Tasks that are being handed over are so for a moment.
fn is_settled(report: &Report) -> bool {
    let passes = |reason: &Option<String>| {
        reason
            .as_deref()
            .is_none_or(|reason| reason == "HandingOver")
    };
    report.state != "UNASSIGNED" || !passes(&report.reason)
}

/// Its workers are there, and have nothing to reach yet.
fn waits_for_cluster(observed: &Observed) -> Option<Obstacle> {
    let cluster = observed.cluster.as_ref()?;
    (!cluster.serves).then(|| Obstacle::ClusterNotReady(cluster.reason.clone()))
}
