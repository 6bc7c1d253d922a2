//! `/connector-plugins`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};

use super::{
    Api, Error,
    body::{Body, Flat},
};
use crate::plugin::{Definition, Plugin, Validation};

pub(super) async fn list(State(api): State<Api>) -> Json<Value> {
    let plugins = api.handle.registry.plugins().iter();
    let shown = plugins.map(
        |plugin| json!({ "class": plugin.class(), "type": "source", "version": plugin.version() }),
    );
    Json(shown.collect())
}

pub(super) async fn config(
    State(api): State<Api>,
    Path(class): Path<String>,
) -> Result<Json<Vec<Definition>>, Error> {
    find(&api, &class).map(|plugin| Json(plugin.definitions()))
}

/// Findings come inside a 200.
pub(super) async fn validate(
    State(api): State<Api>,
    Path(class): Path<String>,
    Body(Flat(mut config)): Body<Flat>,
) -> Result<Json<Validation>, Error> {
    let plugin = find(&api, &class)?;
    let named = config
        .entry("connector.class".to_owned())
        .or_insert_with(|| class.clone())
        .clone();
    let is_same = api
        .handle
        .registry
        .find(named.trim())
        .is_ok_and(|other| other.class() == plugin.class());
    if !is_same {
        let text = format!("Included connector type {named} does not match request type {class}");
        return Err(Error::new(400, text));
    }
    Ok(Json(plugin.validate(&config)))
}

fn find(api: &Api, class: &str) -> Result<Arc<dyn Plugin>, Error> {
    api.handle
        .registry
        .find(class)
        .map_err(|error| Error::new(404, error.to_string()))
}
