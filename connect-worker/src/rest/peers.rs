//! The other workers of a connector: each is asked for its own tasks only, all at once, and none for
//! long. What comes back is put together with what this worker knows itself.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use reqwest::{Client, Method, StatusCode, Url};
use serde::Deserialize;
use tokio::task::JoinSet;

use crate::{
    plugin::TargetState,
    settings::Place,
    worker::{
        aggregate,
        snapshot::{ConnectorState, ConnectorStatus, Reason, TaskStatus},
    },
};

/// How long a worker may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// What tells a worker to answer for itself only, so that questions do not go round.
pub(super) const LOCAL: &str = "local=true";

/// The way to the others.
#[derive(Debug, Clone)]
pub(crate) struct Peers {
    place: Place,
    client: Client,
}

/// What a worker says of its part: the fields of a status answer that are needed here.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Answer {
    connector: State,
    tasks: Vec<Task>,
    eddyline: Ours,
}

#[derive(Debug, Clone, Deserialize)]
struct State {
    state: ConnectorState,
    trace: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Task {
    id: u32,
    state: ConnectorState,
    trace: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Ours {
    reason: Option<Reason>,
    rate: f64,
    tasks: Vec<Details>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    id: u32,
    reason: Option<Reason>,
    restarts: u32,
    next_restart_time: Option<String>,
}

/// What the others said, by ordinal; or why one said nothing.
pub(super) type Answers = BTreeMap<u32, Result<Answer, String>>;

impl Peers {
    /// The others of the worker at this place.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub(crate) fn new(place: Place) -> Result<Self, reqwest::Error> {
        // Peers are in the same cluster: no proxy stands between.
        let client = Client::builder().no_proxy().timeout(TIMEOUT).build()?;
        Ok(Self { place, client })
    }

    /// This worker's ordinal.
    pub(super) fn ordinal(&self) -> u32 {
        self.place.ordinal
    }

    /// The `worker_id` of a worker.
    pub(super) fn id(&self, ordinal: u32) -> String {
        let address = self.place.peers.address(ordinal);
        address.unwrap_or_else(|| format!("worker {ordinal}"))
    }

    /// Asks all others of `workers` for their part of a connector.
    pub(super) async fn ask(&self, name: &str, workers: u32) -> Answers {
        let mut questions = JoinSet::new();
        for ordinal in self.others(workers) {
            let (peers, name) = (self.clone(), name.to_owned());
            questions.spawn(async move { (ordinal, peers.status(ordinal, &name).await) });
        }
        questions.join_all().await.into_iter().collect()
    }

    async fn status(&self, ordinal: u32, name: &str) -> Result<Answer, String> {
        let path = ["connectors", name, "status"];
        let answer = self.call(Method::GET, ordinal, &path, LOCAL).await?;
        match answer.status() {
            StatusCode::OK => answer.json().await.map_err(told),
            StatusCode::NOT_FOUND => Err("it has not read its configuration yet".to_owned()),
            code => Err(format!("it answered {code}")),
        }
    }

    /// Passes a restart on to all others.
    pub(super) async fn restart_all(&self, name: &str, query: &str, workers: u32) {
        let mut calls = JoinSet::new();
        for ordinal in self.others(workers) {
            let (peers, name) = (self.clone(), name.to_owned());
            let query = format!("{query}&{LOCAL}");
            calls.spawn(async move {
                let path = ["connectors", &name, "restart"];
                let done = peers.call(Method::POST, ordinal, &path, &query).await;
                if let Err(error) = done {
                    tracing::warn!(worker = ordinal, %error, "pass a restart on");
                }
            });
        }
        calls.join_all().await;
    }

    /// Passes the restart of one task on to the worker that runs it.
    ///
    /// # Errors
    /// Why that worker did not answer.
    pub(super) async fn restart_task(
        &self,
        ordinal: u32,
        name: &str,
        task: u32,
    ) -> Result<StatusCode, String> {
        let task = task.to_string();
        let path = ["connectors", name, "tasks", &task, "restart"];
        let answer = self.call(Method::POST, ordinal, &path, LOCAL).await?;
        Ok(answer.status())
    }

    fn others(&self, workers: u32) -> impl Iterator<Item = u32> {
        let me = self.place.ordinal;
        (0..workers).filter(move |ordinal| *ordinal != me)
    }

    async fn call(
        &self,
        method: Method,
        ordinal: u32,
        path: &[&str],
        query: &str,
    ) -> Result<reqwest::Response, String> {
        let address = self.place.peers.address(ordinal);
        let address = address.ok_or("its address is not known")?;
        let url = Url::parse(&format!("http://{address}"));
        let mut url = url.map_err(|error| format!("{address}: {error}"))?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(path);
        }
        url.set_query(Some(query));
        let answer = self.client.request(method, url).send().await;
        answer.map_err(told)
    }
}

/// The cause; the URL around it says nothing that people do not know.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// Puts together what all workers know. Pure. `id` names a worker.
pub(super) fn whole(
    mut status: ConnectorStatus,
    me: u32,
    answers: &Answers,
    id: impl Fn(u32) -> String,
) -> (ConnectorStatus, Vec<String>) {
    let (mut tasks, mut workers) = (Vec::new(), Vec::new());
    let own = std::mem::take(&mut status.tasks);
    for task in 0..status.all_tasks {
        let owner = task % status.workers.max(1);
        // While a layout goes over into the next, another worker than the owner may have the task.
        let order = [owner]
            .into_iter()
            .chain((0..status.workers).filter(|worker| *worker != owner));
        let found = order.into_iter().find_map(|worker| {
            let known = if worker == me {
                own.iter().find(|known| known.id == task).cloned()
            } else {
                answers.get(&worker)?.as_ref().ok()?.task(task)
            };
            known.map(|known| (worker, known))
        });
        let (worker, found) =
            found.unwrap_or_else(|| (owner, missing(task, &status, answers.get(&owner))));
        tasks.push(found);
        workers.push(id(worker));
    }
    let rates = answers
        .values()
        .flatten()
        .map(|answer| answer.eddyline.rate);
    status.rate += rates.sum::<f64>();
    if !tasks.is_empty() {
        (status.state, status.reason, status.trace) = aggregate(TargetState::Running, &tasks);
    }
    status.tasks = tasks;
    (status, workers)
}

/// A task that its owner does not run.
fn missing(id: u32, own: &ConnectorStatus, answer: Option<&Result<Answer, String>>) -> TaskStatus {
    let (state, reason, trace) = match answer {
        Some(Err(error)) => {
            let owner = id % own.workers.max(1);
            let text = format!("worker {owner} does not answer: {error}");
            (
                ConnectorState::Unassigned,
                Some(Reason::WorkerUnreachable),
                Some(text),
            )
        }
        Some(Ok(answer)) => (
            answer.connector.state,
            answer.eddyline.reason,
            answer.connector.trace.clone(),
        ),
        None => (own.state, own.reason, own.trace.clone()),
    };
    TaskStatus {
        id,
        // Of the owner's states only this one is about what it does not run.
        state: if state == ConnectorState::Failed {
            state
        } else {
            ConnectorState::Unassigned
        },
        reason,
        trace,
        restarts: 0,
        next_restart: None,
        next: 0,
    }
}

impl Answer {
    fn task(&self, id: u32) -> Option<TaskStatus> {
        let task = self.tasks.iter().find(|task| task.id == id)?;
        let details = self.eddyline.tasks.iter().find(|task| task.id == id);
        let due = details.and_then(|details| {
            details
                .next_restart_time
                .as_ref()?
                .parse::<Timestamp>()
                .ok()
        });
        Some(TaskStatus {
            id,
            state: task.state,
            reason: details.and_then(|details| details.reason),
            trace: task.trace.clone(),
            restarts: details.map_or(0, |details| details.restarts),
            next_restart: due,
            next: 0,
        })
    }
}

#[cfg(test)]
mod tests;
