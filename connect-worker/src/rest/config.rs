//! `/connectors/{name}/config`.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use super::{
    Api, Error,
    body::{Body, Flat, text},
    connectors::{created, described},
};
use crate::{
    plugin::{Config, Kind},
    worker::command::{Command, Done},
};

/// What stands in an answer for a secret.
const HIDDEN: &str = "[hidden]";

pub(super) async fn show(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Config>, Error> {
    visible(&api, &name)
        .map(Json)
        .ok_or_else(|| Error::unknown(&name))
}

/// Upsert: the main verb of operators and scripts.
pub(super) async fn replace(
    State(api): State<Api>,
    Path(name): Path<String>,
    Body(Flat(config)): Body<Flat>,
) -> Result<Response, Error> {
    let config = unhidden(&api, &name, config);
    configure(&api, name, config).await
}

/// KIP-477: some keys; null removes one.
pub(super) async fn patch(
    State(api): State<Api>,
    Path(name): Path<String>,
    Body(changes): Body<Map<String, Value>>,
) -> Result<Response, Error> {
    let card = api
        .handle
        .board
        .card(&name)
        .ok_or_else(|| Error::unknown(&name))?;
    let mut config = card.config;
    for (key, value) in changes {
        if value.is_null() {
            config.remove(&key);
            continue;
        }
        let text = text(&value)
            .ok_or_else(|| Error::new(400, format!("the value of {key} is not a text")))?;
        config.insert(key, text);
    }
    configure(&api, name, config).await
}

async fn configure(api: &Api, name: String, config: Config) -> Result<Response, Error> {
    match api
        .handle
        .ask(Command::Configure {
            name: name.clone(),
            config,
        })
        .await?
    {
        Done::Created => created(api, &name),
        Done::Accepted | Done::Offsets(_) => {
            let info = described(api, &name).ok_or_else(|| Error::unknown(&name))?;
            Ok(Json(info).into_response())
        }
    }
}

/// The configuration without its secrets: unlike Connect, answers never show them.
pub(super) fn visible(api: &Api, name: &str) -> Option<Config> {
    let card = api.handle.board.card(name)?;
    let secrets = secrets(api, &card.config);
    let hide = |(key, value)| {
        let value = if secrets.contains(&key) {
            HIDDEN.to_owned()
        } else {
            value
        };
        (key, value)
    };
    Some(card.config.into_iter().map(hide).collect())
}

/// A configuration that came back as it was shown keeps its secrets.
fn unhidden(api: &Api, name: &str, mut config: Config) -> Config {
    if let Some(card) = api.handle.board.card(name) {
        for key in secrets(api, &card.config) {
            if let (Some(value), Some(known)) = (config.get_mut(&key), card.config.get(&key))
                && value == HIDDEN
            {
                value.clone_from(known);
            }
        }
    }
    config
}

/// The keys that hold secrets, also where the plugin does not know them but their names say so.
fn secrets(api: &Api, config: &Config) -> Vec<String> {
    let class = config.get("connector.class").map(|class| class.trim());
    let Ok(plugin) = api.handle.registry.find(class.unwrap_or_default()) else {
        return Vec::new();
    };
    let infos = plugin.validate(config).configs.into_iter();
    infos
        .filter(|info| info.definition.kind == Kind::Password)
        .map(|info| info.value.name)
        .collect()
}
