//! `/connectors/{name}/status`, `/tasks` and `/tasks/{task}/status`. Beside Connect's fields
//! there are a few of ours, which its clients skip.

use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};

use super::{Api, Error, config::visible, error::task_number};
use crate::worker::{
    command::Refusal,
    snapshot::{ConnectorStatus, Reason, TaskStatus},
};

pub(super) async fn connector(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Error> {
    let status = api
        .handle
        .board
        .status(&name)
        .ok_or_else(|| Error::unknown(&name))?;
    Ok(Json(shown(&api, &status)))
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
    let task = |task: &TaskStatus| {
        let mut config = config.clone();
        config.insert("task.id".to_owned(), task.id.to_string());
        json!({ "id": { "connector": name, "task": task.id }, "config": config })
    };
    Ok(Json(status.tasks.iter().map(task).collect()))
}

pub(super) async fn task(
    State(api): State<Api>,
    Path((name, task)): Path<(String, String)>,
) -> Result<Json<Value>, Error> {
    let task = task_number(&name, &task)?;
    let status = api
        .handle
        .board
        .status(&name)
        .ok_or_else(|| Error::unknown(&name))?;
    let known = status.tasks.iter().find(|known| known.id == task);
    known
        .map(|known| Json(one(&api, known)))
        .ok_or_else(|| Refusal::UnknownTask(name, task).into())
}

/// A status answer.
pub(super) fn shown(api: &Api, status: &ConnectorStatus) -> Value {
    let mut connector = json!({ "state": status.state, "worker_id": *api.worker_id });
    explain(&mut connector, status.reason, status.trace.as_deref());
    json!({
        "name": status.name,
        "connector": connector,
        "tasks": status.tasks.iter().map(|task| one(api, task)).collect::<Vec<_>>(),
        "type": "source",
        "generation": status.generation,
        "records": status.records,
        "rate": status.rate,
    })
}

fn one(api: &Api, task: &TaskStatus) -> Value {
    let mut shown = json!({
        "id": task.id,
        "state": task.state,
        "worker_id": *api.worker_id,
        "restarts": task.restarts,
    });
    explain(&mut shown, task.reason, task.trace.as_deref());
    shown
}

fn explain(shown: &mut Value, reason: Option<Reason>, trace: Option<&str>) {
    if let Some(reason) = reason {
        shown["reason"] = json!(reason);
    }
    if let Some(trace) = trace {
        shown["trace"] = json!(trace);
    }
}
