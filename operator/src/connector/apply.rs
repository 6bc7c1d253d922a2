//! Carries out what was planned for a Connector: children by server-side apply, configurations by REST.
//! The only step that writes: children, status and Events.
//!
//! Order: the configuration first (`ConfigMap`, then a PUT to every worker), then the pods. With fewer
//! workers, those that go have already handed their tasks over, or do so as they end; with more, those
//! that come find their tasks waiting.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crds::{Connector, connector::ConnectorStatus};
use futures::future::join_all;

use super::{children::Children, pods::WorkerPod, status};
use crate::{
    context::{Context, Kind},
    kubernetes::{
        apply::{self, ApplyError},
        call::CallError,
        difference::fingerprint,
        status::write,
    },
    names::ObjectName,
    ports::connect_api::{Config, ConnectApi, ConnectError, Report},
};

/// How many workers are asked for a report before none counts as answering.
const ASKED_MAX: usize = 3;

/// Which worker was told what: nothing is told twice. Lost with the operator, and harmlessly so: a
/// worker takes the configuration it has as no news.
#[derive(Debug, Default)]
pub struct Told {
    /// Held for one look, never across an await.
    workers: Mutex<HashMap<ObjectName, BTreeMap<Process, u64>>>,
}

/// One process of a worker: a container that starts again may read an older mounted file.
type Process = (String, i32);

impl Told {
    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectName, BTreeMap<Process, u64>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a Connector that is gone, or whose workers follow something else than they were told.
    pub fn forget(&self, connector: &ObjectName) {
        self.lock().remove(connector);
    }

    /// The pods that have not been told `config`; processes that are gone are forgotten.
    fn untold<'a>(
        &self,
        connector: &ObjectName,
        config: u64,
        pods: &'a [WorkerPod],
    ) -> Vec<&'a WorkerPod> {
        let mut all = self.lock();
        let told = all.entry(connector.clone()).or_default();
        told.retain(|process, _| pods.iter().any(|pod| process_of(pod) == *process));
        let is_untold = |pod: &&WorkerPod| told.get(&process_of(pod)) != Some(&config);
        pods.iter().filter(is_untold).collect()
    }

    fn tell(&self, connector: &ObjectName, pod: &WorkerPod, config: u64) {
        let mut all = self.lock();
        let told = all.entry(connector.clone()).or_default();
        told.insert(process_of(pod), config);
    }
}

fn process_of(pod: &WorkerPod) -> Process {
    (pod.uid.clone(), pod.restarts)
}

/// Gives `config` to every worker that has an address and has not been told it. One that cannot be
/// reached is told at the next look; it reads the mounted file in the meantime. Answers what a worker
/// refused.
pub async fn put(
    api: &impl ConnectApi,
    told: &Told,
    connector: &ObjectName,
    config: &Config,
    pods: &[WorkerPod],
) -> Result<(), ConnectError> {
    let mark = config_mark(config);
    let puts = told.untold(connector, mark, pods).into_iter();
    let puts = puts.filter_map(|pod| Some((pod, pod.rest?)));
    let answers =
        join_all(puts.map(|(pod, worker)| async move {
            (pod, api.put(worker, &connector.name, config).await)
        }));
    let mut refusal = Ok(());
    for (pod, answer) in answers.await {
        match answer {
            Ok(()) => told.tell(connector, pod, mark),
            Err(error @ ConnectError::Refused { .. }) => {
                tracing::warn!(%connector, worker = pod.name, %error, "configure");
                told.tell(connector, pod, mark);
                refusal = Err(error);
            }
            Err(error) => tracing::debug!(%connector, worker = pod.name, %error, "configure"),
        }
    }
    refusal
}

/// Asks the workers one after the other until one answers for the whole connector, ready ones first;
/// `None` where there is none to ask.
pub async fn report(
    api: &impl ConnectApi,
    connector: &ObjectName,
    pods: &[WorkerPod],
) -> Option<Result<Option<Report>, ConnectError>> {
    let ready = pods.iter().filter(|pod| pod.ready);
    let mut last = None;
    for worker in ready.filter_map(|pod| pod.rest).take(ASKED_MAX) {
        let answer = api.report(worker, &connector.name).await;
        let is_report = matches!(answer, Ok(Some(_)));
        last = Some(answer);
        if is_report {
            break;
        }
    }
    last
}

/// Writes the configuration that workers mount.
pub async fn config(context: &Context, children: &Children) -> Result<(), ApplyError> {
    apply::child(context, &children.config).await.map(|_| ())
}

/// Tells that records start at the first one.
pub async fn started_over(context: &Context, connector: &Connector) {
    let note = status::started_over(connector);
    context.events.publish(connector, note).await;
}

/// Writes what runs the workers.
pub async fn workers(context: &Context, children: &Children) -> Result<(), ApplyError> {
    apply::child(context, &children.service).await?;
    apply::child(context, &children.workers).await.map(|_| ())
}

/// Writes the status, and tells its change of reason.
pub async fn status(
    context: &Context,
    connector: &Connector,
    next: &ConnectorStatus,
) -> Result<(), CallError> {
    let previous = connector.status.as_ref();
    let difference = status::difference(previous, next);
    write(context, Kind::Connector, connector, next, difference).await?;
    if let Some(note) = status::event(previous, next) {
        context.events.publish(connector, note).await;
    }
    Ok(())
}

fn config_mark(config: &Config) -> u64 {
    let pairs: Vec<_> = config
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    fingerprint(pairs.join("\n").as_bytes())
}

#[cfg(test)]
mod tests;
