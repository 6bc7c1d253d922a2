//! Pause, resume, stop and restart. On a connector that an object or a file manages only restart
//! is allowed.

use axum::{
    Json,
    extract::{Path, Query, RawQuery, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    Api, Error,
    error::task_number,
    status::{is_local, whole},
};
use crate::{
    plugin::TargetState,
    worker::{
        command::{Command, Refusal},
        connector::Restart,
    },
};

pub(super) async fn pause(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<StatusCode, Error> {
    set_state(&api, name, TargetState::Paused).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn resume(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<StatusCode, Error> {
    set_state(&api, name, TargetState::Running).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn stop(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<StatusCode, Error> {
    set_state(&api, name, TargetState::Stopped).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_state(api: &Api, name: String, state: TargetState) -> Result<(), Error> {
    api.handle.ask(Command::SetState { name, state }).await?;
    Ok(())
}

pub(super) async fn restart_task(
    State(api): State<Api>,
    Path((name, task)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, Error> {
    let task = task_number(&name, &task)?;
    if !is_local(query.as_deref())
        && let Some(code) = elsewhere(&api, &name, task).await?
    {
        return Ok(code);
    }
    api.handle
        .ask(Command::Restart {
            name,
            restart: Restart::Task(task),
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restarts a task that runs on another worker; `None` where it is this one's.
async fn elsewhere(api: &Api, name: &str, task: u32) -> Result<Option<StatusCode>, Error> {
    let status = api.handle.board.status(name);
    let (Some(peers), Some(status)) = (&api.peers, status) else {
        return Ok(None);
    };
    let owner = task % status.workers.max(1);
    if task >= status.all_tasks || owner == peers.ordinal() {
        return Ok(None);
    }
    let done = peers.restart_task(owner, name, task).await;
    let code = done.map_err(|error| {
        let text = format!("worker {owner} runs task {task} and does not answer: {error}");
        Refusal::NotNow(text)
    })?;
    Ok(Some(
        StatusCode::from_u16(code.as_u16()).unwrap_or(StatusCode::BAD_GATEWAY),
    ))
}

/// KIP-745.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Which {
    include_tasks: bool,
    only_failed: bool,
}

/// With `includeTasks` its tasks are restarted, with `onlyFailed` those that failed; 202 with the
/// status. With neither there is nothing to restart but a connector that has not come up; 204.
pub(super) async fn restart(
    State(api): State<Api>,
    Path(name): Path<String>,
    which: Result<Query<Which>, QueryRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let Query(which) = which.map_err(|refused| Error::new(400, refused.body_text()))?;
    let restart = match which {
        Which {
            include_tasks: false,
            ..
        } => Restart::Connector,
        Which {
            only_failed: true, ..
        } => Restart::Failed,
        Which { .. } => Restart::All,
    };
    api.handle
        .ask(Command::Restart {
            name: name.clone(),
            restart,
        })
        .await?;
    let local = is_local(query.as_deref());
    let workers = api.handle.board.status(&name).map(|status| status.workers);
    if let (Some(peers), Some(workers), false) = (&api.peers, workers, local) {
        let query = query.as_deref().unwrap_or_default();
        peers.restart_all(&name, query, workers).await;
    }
    if !which.include_tasks && !which.only_failed {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let whole = whole(&api, &name, local).await;
    let whole = whole.ok_or_else(|| Error::unknown(&name))?;
    Ok((StatusCode::ACCEPTED, Json(whole.shown(&api))).into_response())
}
