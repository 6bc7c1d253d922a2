//! The admin port: `/livez`, `/readyz` and `/metrics` over HTTP.
//!
//! It answers from the first moment of a start, so that a long recovery shows as alive and not
//! ready. Knows nothing of Kafka.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

/// What the admin port tells.
#[derive(Debug, Default)]
pub(crate) struct Health {
    ready: AtomicBool,
    metrics: Arc<Metrics>,
}

impl Health {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            ready: AtomicBool::new(false),
            metrics,
        }
    }

    /// From now on the broker is ready, or is not any more.
    pub(crate) fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }
}

/// The routes, for a process that serves them beside its own.
pub(crate) fn router(health: Arc<Health>) -> Router {
    Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(health)
}

async fn readyz(State(health): State<Arc<Health>>) -> (StatusCode, &'static str) {
    if health.ready.load(Ordering::Relaxed) {
        (StatusCode::OK, "ready\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the log is being recovered, or the broker is stopping\n",
        )
    }
}

async fn metrics(State(health): State<Arc<Health>>) -> Response {
    const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match health.metrics.encode() {
        Ok(page) => ([(header::CONTENT_TYPE, TEXT)], page).into_response(),
        Err(error) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("encode metrics: {error}\n"),
        )
            .into_response(),
    }
}

/// Serves the admin port until `stop`; gives the address it is bound to.
pub(crate) async fn serve(
    address: SocketAddr,
    health: Arc<Health>,
    stop: CancellationToken,
) -> io::Result<SocketAddr> {
    let socket = TcpListener::bind(address).await?;
    let bound = socket.local_addr()?;
    let server = axum::serve(socket, router(health));
    tokio::spawn(async move {
        // Not graceful: nothing here is worth waiting for.
        tokio::select! {
            () = stop.cancelled() => {}
            ended = server => if let Err(error) = ended {
                tracing::error!("serve admin port: {error}");
            },
        }
    });
    Ok(bound)
}
