//! `GET /` and `GET /health` (KIP-1017).

use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

use super::Api;

pub(super) async fn root(State(api): State<Api>) -> Json<Value> {
    // Asked for until it is known; it never changes then.
    let id = api
        .cluster_id
        .get_or_try_init(|| async { api.cluster.id().await.ok_or(()) })
        .await;
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "commit": "unknown",
        "kafka_cluster_id": id.ok(),
    }))
}

pub(super) async fn health(State(api): State<Api>) -> (StatusCode, Json<Value>) {
    let snapshot = api.handle.board.watch();
    let snapshot = snapshot.borrow();
    let (code, status, message) = match (&snapshot.fault, snapshot.ready) {
        (None, true) => (
            StatusCode::OK,
            "healthy",
            "Worker has completed startup and is ready to handle requests.",
        ),
        (fault, false) => {
            let text = fault.as_deref().unwrap_or("Worker is still starting up.");
            (StatusCode::SERVICE_UNAVAILABLE, "starting", text)
        }
        (Some(fault), true) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "unhealthy",
            fault.as_str(),
        ),
    };
    (code, Json(json!({ "status": status, "message": message })))
}
