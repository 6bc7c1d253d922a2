//! Request bodies: bounded, JSON whatever the content type says, errors in Connect's shape.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use super::Error;
use crate::plugin::Config;

/// A body read as JSON.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes =
            bytes.map_err(|refused| Error::new(refused.status().as_u16(), refused.body_text()))?;
        let read = serde_json::from_slice(&bytes);
        read.map(Self)
            .map_err(|error| Error::new(400, format!("read the request body: {error}")))
    }
}

/// A configuration in a body. Connect takes numbers and booleans for text.
#[derive(Debug)]
pub(super) struct Flat(pub(super) Config);

impl<'de> Deserialize<'de> for Flat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = serde_json::Map::deserialize(deserializer)?;
        let flat = given
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| text(&value).map(|text| (key.clone(), text)).ok_or(key));
        let flat: Result<Config, String> = flat.collect();
        flat.map(Self)
            .map_err(|key| serde::de::Error::custom(format!("the value of {key} is not a text")))
    }
}

/// A value as configuration text; `None` for what is no scalar.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
