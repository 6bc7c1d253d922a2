//! `/connectors` and `/connectors/{name}`.

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{HeaderValue, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Api, Error,
    body::{Body, Flat},
    config::visible,
    status::whole,
};
use crate::{plugin::TargetState, worker::command::Command};

/// Names, or with `expand=info` and `expand=status` a map from name to both. Other values of
/// `expand` are ignored, as Connect does.
pub(super) async fn list(State(api): State<Api>, RawQuery(query): RawQuery) -> Json<Value> {
    let query = query.unwrap_or_default();
    let has = |wanted: &str| {
        query
            .split('&')
            .any(|pair| pair.strip_prefix("expand=") == Some(wanted))
    };
    let names = api.handle.board.names();
    if !has("info") && !has("status") {
        return Json(json!(names));
    }
    let mut all = Map::new();
    for name in names {
        let mut one = Map::new();
        if has("status")
            && let Some(status) = whole(&api, &name, false).await
        {
            one.insert("status".to_owned(), status.shown(&api));
        }
        if let Some(info) = has("info").then(|| described(&api, &name)).flatten() {
            one.insert("info".to_owned(), info);
        }
        all.insert(name, Value::Object(one));
    }
    Json(Value::Object(all))
}

#[derive(Debug, Deserialize)]
pub(super) struct Creation {
    name: String,
    config: Flat,
    initial_state: Option<InitialState>,
}

/// KIP-980.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum InitialState {
    Running,
    Paused,
    Stopped,
}

pub(super) async fn create(
    State(api): State<Api>,
    Body(wanted): Body<Creation>,
) -> Result<Response, Error> {
    let state = match wanted.initial_state {
        None | Some(InitialState::Running) => TargetState::Running,
        Some(InitialState::Paused) => TargetState::Paused,
        Some(InitialState::Stopped) => TargetState::Stopped,
    };
    let name = wanted.name;
    api.handle
        .ask(Command::Create {
            name: name.clone(),
            config: wanted.config.0,
            state,
        })
        .await?;
    created(&api, &name)
}

/// 201 with the connector and where it is.
pub(super) fn created(api: &Api, name: &str) -> Result<Response, Error> {
    let info = described(api, name).ok_or_else(|| Error::unknown(name))?;
    let mut response = (StatusCode::CREATED, Json(info)).into_response();
    if let Ok(place) = HeaderValue::from_str(&format!("/connectors/{name}")) {
        response.headers_mut().insert(LOCATION, place);
    }
    Ok(response)
}

pub(super) async fn info(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Error> {
    described(&api, &name)
        .map(Json)
        .ok_or_else(|| Error::unknown(&name))
}

pub(super) async fn delete(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<StatusCode, Error> {
    api.handle.ask(Command::Delete { name }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A connector as Connect describes it.
pub(super) fn described(api: &Api, name: &str) -> Option<Value> {
    let config = visible(api, name)?;
    let tasks = api.handle.board.status(name)?.all_tasks;
    let tasks: Vec<Value> = (0..tasks)
        .map(|task| json!({ "connector": name, "task": task }))
        .collect();
    Some(json!({ "name": name, "config": config, "tasks": tasks, "type": "source" }))
}
