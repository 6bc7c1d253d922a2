//! Connect's error bodies, and which code a refusal has.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::worker::command::Refusal;

/// An error answer.
#[derive(Debug, Serialize)]
pub(super) struct Error {
    error_code: u16,
    message: String,
}

impl Error {
    pub(super) fn new(code: u16, message: impl Into<String>) -> Self {
        Self {
            error_code: code,
            message: message.into(),
        }
    }

    /// There is no such connector.
    pub(super) fn unknown(name: &str) -> Self {
        Self::from(Refusal::Unknown(name.to_owned()))
    }
}

/// The number of a task in a path. What is no number names no task.
pub(super) fn task_number(name: &str, task: &str) -> Result<u32, Error> {
    let unknown = |_| Error::new(404, format!("Task {task} of connector {name} not found"));
    task.parse().map_err(unknown)
}

impl From<Refusal> for Error {
    /// Three refusals are 409; scripts tell them apart by their texts, as with Connect.
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::Unknown(_) | Refusal::UnknownTask(..) => 404,
            Refusal::Dedicated(_) => 403,
            Refusal::Exists(_) | Refusal::Managed { .. } | Refusal::NotNow(_) => 409,
            Refusal::Invalid(_) | Refusal::NotStopped(_) => 400,
        };
        Self::new(code, refusal.to_string())
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.error_code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self)).into_response()
    }
}
