//! The admin listener: `/livez`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};

use crate::{metrics::render, worker::board::Board};

/// All routes.
pub(crate) fn router(board: Arc<Board>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(board)
}

/// Ready once the offsets topic has been read.
async fn readyz(State(board): State<Arc<Board>>) -> (StatusCode, String) {
    let snapshot = board.watch();
    let snapshot = snapshot.borrow();
    if snapshot.ready {
        return (StatusCode::OK, "ok\n".to_owned());
    }
    let fault = snapshot.fault.as_deref().unwrap_or("starting");
    (StatusCode::SERVICE_UNAVAILABLE, format!("{fault}\n"))
}

async fn metrics(State(board): State<Arc<Board>>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], render(&board.watch().borrow()))
}
