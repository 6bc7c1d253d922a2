//! Kafka Connect's REST API (Apache Kafka 4.0) over the runtime's [`Handle`]: one file per
//! resource. Bodies are bounded, errors are Connect's `{error_code, message}`.

mod body;
mod config;
mod connectors;
mod error;
mod lifecycle;
pub(crate) mod listener;
mod offsets;
pub(crate) mod peers;
mod plugins;
mod root;
mod status;
mod topics;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post, put},
};
use tokio::sync::OnceCell;

use self::{error::Error, peers::Peers};
use crate::{producer::Cluster, worker::command::Handle};

/// The largest body taken.
const BODY_MAX: usize = 1 << 20;

/// What the resources work with.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    /// The runtime.
    pub handle: Handle,
    /// This worker's id, for status answers.
    pub worker_id: Arc<str>,
    /// The other workers, where there are any.
    pub peers: Option<Peers>,
    /// Where the cluster's id comes from.
    pub cluster: Arc<dyn Cluster>,
    /// The cluster's id, once it is known.
    pub cluster_id: Arc<OnceCell<String>>,
}

/// All routes.
pub(crate) fn router(api: Api) -> Router {
    Router::new()
        .route("/", get(root::root))
        .route("/health", get(root::health))
        .route(
            "/connectors",
            get(connectors::list).post(connectors::create),
        )
        .route(
            "/connectors/{name}",
            get(connectors::info).delete(connectors::delete),
        )
        .route(
            "/connectors/{name}/config",
            get(config::show).put(config::replace).patch(config::patch),
        )
        .route("/connectors/{name}/status", get(status::connector))
        .route("/connectors/{name}/tasks", get(status::tasks))
        .route("/connectors/{name}/tasks/{task}/status", get(status::task))
        .route(
            "/connectors/{name}/tasks/{task}/restart",
            post(lifecycle::restart_task),
        )
        .route("/connectors/{name}/restart", post(lifecycle::restart))
        .route("/connectors/{name}/pause", put(lifecycle::pause))
        .route("/connectors/{name}/resume", put(lifecycle::resume))
        .route("/connectors/{name}/stop", put(lifecycle::stop))
        .route("/connectors/{name}/topics", get(topics::show))
        .route(
            "/connectors/{name}/offsets",
            get(offsets::show)
                .patch(offsets::alter)
                .delete(offsets::reset),
        )
        .route("/connector-plugins", get(plugins::list))
        .route("/connector-plugins/{class}/config", get(plugins::config))
        .route(
            "/connector-plugins/{class}/config/validate",
            put(plugins::validate),
        )
        .fallback(|| async { Error::new(404, "HTTP 404 Not Found") })
        .method_not_allowed_fallback(|| async { Error::new(405, "HTTP 405 Method Not Allowed") })
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(api)
}

#[cfg(test)]
mod tests;
