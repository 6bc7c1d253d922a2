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

/// Ready as soon as it listens: the REST API answers then, and tells what the broker keeps from
/// running. A worker that nobody may ask because the broker is away could not tell that.
async fn readyz(State(board): State<Arc<Board>>) -> (StatusCode, String) {
    let snapshot = board.watch();
    let fault = snapshot.borrow().fault.clone();
    let text = fault.map_or_else(|| "ok\n".to_owned(), |fault| format!("ok, but: {fault}\n"));
    (StatusCode::OK, text)
}

async fn metrics(State(board): State<Arc<Board>>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], render(&board.watch().borrow()))
}
