//! Health and metrics over HTTP: `/livez`, `/readyz`, `/metrics`.
//!
//! Knows how to answer; what is measured is in `metrics`.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::{net::TcpListener, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::context::{Context, Kind};

/// A controller whose loop has not gone round for this long hangs.
const STALLED: Duration = Duration::from_secs(30);

/// The port could not be taken.
#[derive(Debug, thiserror::Error)]
#[error("listen on {address} for health and metrics: {source}")]
pub struct ListenError {
    /// Where.
    pub address: SocketAddr,
    /// Why not.
    pub source: std::io::Error,
}

/// Takes the port.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let refused = |source| ListenError { address, source };
    TcpListener::bind(address).await.map_err(refused)
}

/// Answers until `stop`.
pub async fn serve(listener: TcpListener, context: Arc<Context>, stop: CancellationToken) {
    let router = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(context);
    let serving = axum::serve(listener, router);
    if let Some(Err(error)) = stop.run_until_cancelled(serving.into_future()).await {
        tracing::error!(%error, "serve health and metrics");
    }
}

async fn livez(State(context): State<Arc<Context>>) -> (StatusCode, String) {
    let stalled = context.metrics.stalled(Instant::now(), STALLED);
    if stalled.is_empty() {
        return (StatusCode::OK, "ok\n".to_owned());
    }
    let kinds: Vec<_> = stalled.into_iter().map(Kind::as_str).collect();
    let words = format!("these controllers hang: {}\n", kinds.join(", "));
    (StatusCode::SERVICE_UNAVAILABLE, words)
}

/// Ready is who knows the objects; one that stands by is, too.
async fn readyz(State(context): State<Arc<Context>>) -> (StatusCode, &'static str) {
    if context.stores_ready() {
        (StatusCode::OK, "ok\n")
    } else {
        let words = "the objects were not listed yet\n";
        (StatusCode::SERVICE_UNAVAILABLE, words)
    }
}

async fn metrics(State(context): State<Arc<Context>>) -> String {
    let now = Instant::now();
    context.metrics.text(|kind| context.queue(kind).depth(now))
}
