//! `GET /connectors/{name}/topics`: the one topic a connector fills, once it has sent to it.

use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};

use super::{Api, Error};

pub(super) async fn show(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Error> {
    let status = api
        .handle
        .board
        .status(&name)
        .ok_or_else(|| Error::unknown(&name))?;
    let is_used = status.total > 0 || status.tasks.iter().any(|task| task.next > 0);
    let topics: Vec<String> = is_used.then_some(status.topic).into_iter().collect();
    Ok(Json(json!({ name: { "topics": topics } })))
}
