//! The one admin port of the process: health, and the metrics of broker and worker on one page.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use connect_worker::Snapshot;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The last line of a metrics page; between two pages it would end the first.
const END: &str = "# EOF\n";
/// More than any metrics page of a laptop.
const MAX_PAGE_BYTES: usize = 16 << 20;

/// Serves until `stop`; gives the address it is bound to. Without a broker (engine External) the worker alone is told of.
///
/// # Errors
/// The address cannot be bound.
pub async fn serve(
    address: SocketAddr,
    broker: Option<Router>,
    worker: watch::Receiver<Snapshot>,
    stop: CancellationToken,
) -> io::Result<SocketAddr> {
    let socket = TcpListener::bind(address).await?;
    let bound = socket.local_addr()?;
    let pages = broker.clone();
    let metrics = get(move || page(pages.clone(), worker.clone()));
    let health = broker.unwrap_or_else(|| {
        Router::new()
            .route("/livez", get(async || "alive\n"))
            .route("/readyz", get(async || "ready\n"))
    });
    let routes = Router::new()
        .route("/metrics", metrics)
        .fallback_service(health);
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            ended = axum::serve(socket, routes) => if let Err(error) = ended {
                tracing::error!("serve admin port: {error}");
            },
        }
    });
    Ok(bound)
}

async fn page(broker: Option<Router>, worker: watch::Receiver<Snapshot>) -> Response {
    let mut page = String::new();
    if let Some(broker) = broker {
        match broker_page(broker).await {
            Ok(text) => page.push_str(text.strip_suffix(END).unwrap_or(&text)),
            Err(error) => {
                let text = format!("read the broker's metrics: {error}\n");
                return (StatusCode::INTERNAL_SERVER_ERROR, text).into_response();
            }
        }
    }
    page.push_str(&connect_worker::metrics::render(&worker.borrow()));
    ([(header::CONTENT_TYPE, TEXT)], page).into_response()
}

async fn broker_page(broker: Router) -> Result<String, axum::Error> {
    let request = Request::get("/metrics")
        .body(Body::empty())
        .map_err(axum::Error::new)?;
    let response = broker.oneshot(request).await.map_err(axum::Error::new)?;
    let bytes = axum::body::to_bytes(response.into_body(), MAX_PAGE_BYTES).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn two_pages_are_one() {
        let broker = Router::new()
            .route("/metrics", get(async || "broker_requests_total 1\n# EOF\n"))
            .route("/readyz", get(async || "ready\n"));
        let (_sender, worker) = watch::channel(Snapshot::default());
        let stop = CancellationToken::new();
        let address = serve("127.0.0.1:0".parse().unwrap(), Some(broker), worker, stop)
            .await
            .unwrap();
        let read = async |path: &str| {
            let answer = reqwest::get(format!("http://{address}{path}"))
                .await
                .unwrap();
            answer.text().await.unwrap()
        };
        let page = read("/metrics").await;
        assert!(page.starts_with("broker_requests_total 1\n"), "{page}");
        assert!(
            page.contains("eddyline_connect_ready") && page.matches(END).count() == 1,
            "{page}"
        );
        assert_eq!(read("/readyz").await, "ready\n");
    }
}
