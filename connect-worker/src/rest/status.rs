//! `/connectors/{name}/status`, `/tasks` and `/tasks/{task}/status`.
//!
//! Beside Connect's fields a status answer has one key of ours, `eddyline`, which Connect's clients
//! skip. What is unknown is absent. Any worker answers for the whole connector.
//!
//! ```json
//! {
//!   "name": "orders-gen", "type": "source",
//!   "connector": {"state": "THROTTLED", "worker_id": "orders-gen-worker-0.…:8083", "trace": "no record …"},
//!   "tasks": [{"id": 0, "state": "THROTTLED", "worker_id": "orders-gen-worker-0.…:8083", "trace": "…"}],
//!   "eddyline": {
//!     "uid": "…",             the object's uid, as configured
//!     "generation": 3,        the generation of the configuration the answering worker follows
//!     "epoch": 2,             the layout of tasks in force; one that is numbered anew is above it
//!     "state": "Throttled",   Unassigned Running Paused Stopped Failed Restarting Completed Throttled
//!     "reason": "TopicNotFound",  InvalidConfig BrokerUnreachable WorkerUnreachable HandingOver
//!     "records": 1234,        records acknowledged since record 0, over all workers
//!     "rate": 99.8,           records per second, over all workers
//!     "restarts": 2,          automatic restarts of all tasks
//!     "tasks": [{
//!       "id": 0,
//!       "state": "Restarting",
//!       "reason": "TopicNotFound",
//!       "restarts": 2,
//!       "nextRestartTime": "2026-01-02T03:04:05Z",  while a restart is due
//!       "fault": "System"     whose business the trace is: User (spec or topic) or System
//!     }]
//!   }
//! }
//! ```
//!
//! `TopicNotFound`, `BrokerUnreachable`, `WorkerUnreachable` and `HandingOver` come with the state
//! `UNASSIGNED` (or `THROTTLED`) and pass by themselves; a silent worker's tasks are `UNASSIGNED` with
//! `WorkerUnreachable`.

use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use serde_json::{Value, json};

use super::{
    Api, Error,
    config::visible,
    error::task_number,
    peers::{self, LOCAL},
};
use crate::worker::{
    command::Refusal,
    snapshot::{ConnectorStatus, Reason, TaskStatus},
};

pub(super) async fn connector(
    State(api): State<Api>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Error> {
    let whole = whole(&api, &name, is_local(query.as_deref())).await;
    whole
        .map(|whole| Json(whole.shown(&api)))
        .ok_or_else(|| Error::unknown(&name))
}

pub(super) async fn tasks(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Error> {
    let status = api
        .handle
        .board
        .status(&name)
        .ok_or_else(|| Error::unknown(&name))?;
    let config = visible(&api, &name).ok_or_else(|| Error::unknown(&name))?;
    let task = |task: u32| {
        let mut config = config.clone();
        config.insert("task.id".to_owned(), task.to_string());
        json!({ "id": { "connector": name, "task": task }, "config": config })
    };
    Ok(Json((0..status.all_tasks).map(task).collect()))
}

pub(super) async fn task(
    State(api): State<Api>,
    Path((name, task)): Path<(String, String)>,
) -> Result<Json<Value>, Error> {
    let task = task_number(&name, &task)?;
    let whole = whole(&api, &name, false).await;
    let whole = whole.ok_or_else(|| Error::unknown(&name))?;
    let mut known = whole.status.tasks.iter().zip(&whole.workers);
    known
        .find(|(known, _)| known.id == task)
        .map(|(known, worker)| Json(one(known, worker)))
        .ok_or_else(|| Refusal::UnknownTask(name, task).into())
}

/// The question is about this worker only.
pub(super) fn is_local(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|pair| pair == LOCAL))
}

/// A connector with all its tasks.
#[derive(Debug)]
pub(super) struct Whole {
    status: ConnectorStatus,
    /// By task: where it runs.
    workers: Vec<String>,
}

/// Asks the other workers, unless only this one's tasks are wanted.
pub(super) async fn whole(api: &Api, name: &str, local: bool) -> Option<Whole> {
    let status = api.handle.board.status(name)?;
    let Some(peers) = api.peers.as_ref().filter(|_| !local) else {
        let workers = vec![api.worker_id.to_string(); status.tasks.len()];
        return Some(Whole { status, workers });
    };
    let asked = if status.all_tasks == 0 {
        0
    } else {
        status.workers
    };
    let answers = peers.ask(name, asked).await;
    let id = |ordinal| peers.id(ordinal);
    let (status, workers) = peers::whole(status, peers.ordinal(), &answers, id);
    Some(Whole { status, workers })
}

impl Whole {
    /// A status answer.
    pub(super) fn shown(&self, api: &Api) -> Value {
        let status = &self.status;
        let mut connector = json!({ "state": status.state, "worker_id": *api.worker_id });
        explain(&mut connector, status.trace.as_deref());
        let restarts = status.tasks.iter().map(|task| u64::from(task.restarts));
        let mut ours = json!({
            "uid": status.uid,
            "generation": status.generation,
            "state": status.state.as_word(),
            "records": status.total,
            "rate": status.rate,
            "restarts": restarts.sum::<u64>(),
            "tasks": status.tasks.iter().map(details).collect::<Vec<_>>(),
        });
        if let Some(epoch) = status.epoch {
            ours["epoch"] = json!(epoch);
        }
        if let Some(reason) = status.reason {
            ours["reason"] = json!(reason);
        }
        let tasks = status.tasks.iter().zip(&self.workers);
        json!({
            "name": status.name,
            "connector": connector,
            "tasks": tasks.map(|(task, worker)| one(task, worker)).collect::<Vec<_>>(),
            "type": "source",
            "eddyline": ours,
        })
    }
}

/// A task as Connect shows it.
fn one(task: &TaskStatus, worker: &str) -> Value {
    let mut shown = json!({ "id": task.id, "state": task.state, "worker_id": worker });
    explain(&mut shown, task.trace.as_deref());
    shown
}

fn explain(shown: &mut Value, trace: Option<&str>) {
    if let Some(trace) = trace {
        shown["trace"] = json!(trace);
    }
}

/// What Connect does not tell of a task.
fn details(task: &TaskStatus) -> Value {
    let mut shown =
        json!({ "id": task.id, "state": task.state.as_word(), "restarts": task.restarts });
    if let Some(reason) = task.reason {
        shown["reason"] = json!(reason);
    }
    if let Some(time) = task.next_restart {
        shown["nextRestartTime"] = json!(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    }
    if task.trace.is_some() {
        let users = task.reason.is_some_and(Reason::is_users);
        shown["fault"] = json!(if users { "User" } else { "System" });
    }
    shown
}
