//! Pause, resume, stop and restart. On a connector that an object or a file manages only restart
//! is allowed.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{Api, Error, error::task_number, status::shown};
use crate::{
    plugin::TargetState,
    worker::{command::Command, connector::Restart},
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
) -> Result<StatusCode, Error> {
    let task = task_number(&name, &task)?;
    api.handle
        .ask(Command::Restart {
            name,
            restart: Restart::Task(task),
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
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
    if !which.include_tasks && !which.only_failed {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let status = api
        .handle
        .board
        .status(&name)
        .ok_or_else(|| Error::unknown(&name))?;
    Ok((StatusCode::ACCEPTED, Json(shown(&api, &status))).into_response())
}
