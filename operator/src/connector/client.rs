//! The workers' REST API over HTTP: [`ConnectApi`] for workers in pods.
//!
//! Knows requests, answers and their bounds; nothing of Kubernetes. What an answer says is read in
//! [`answer`].

mod answer;

use std::{net::SocketAddr, time::Duration};

use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::ports::connect_api::{Config, ConnectApi, ConnectError, Report};

/// The longest an answer may take, in all.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Requests at the same time, over all connectors.
const IN_FLIGHT_MAX: usize = 32;

/// The largest answer read: 256 tasks with an error each fit many times over.
const ANSWER_MAX_BYTES: usize = 1 << 20;

/// Asks workers by HTTP.
#[derive(Debug)]
pub struct ConnectClient {
    http: Client,
    in_flight: Semaphore,
}

impl ConnectClient {
    /// A client without connections yet. Proxies of the environment are not used: workers are in the
    /// same cluster.
    pub fn new() -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .no_proxy()
            .timeout(TIMEOUT)
            .pool_max_idle_per_host(1)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            http,
            in_flight: Semaphore::new(IN_FLIGHT_MAX),
        })
    }

    /// Sends a request and reads its answer: the code and the JSON body, `Null` where there is none.
    async fn ask(
        &self,
        worker: SocketAddr,
        request: reqwest::RequestBuilder,
    ) -> Result<(StatusCode, Value), ConnectError> {
        // The semaphore is never closed; a permit that is missing all the same costs only the bound.
        let _permit = self.in_flight.acquire().await.ok();
        let unreachable = |error: reqwest::Error| ConnectError::Unreachable {
            worker,
            reason: cause(&error),
        };
        let response = request.send().await.map_err(unreachable)?;
        let code = response.status();
        let body = bounded(response).await.map_err(unreachable)?;
        let body = body.ok_or_else(|| ConnectError::Unreachable {
            worker,
            reason: format!("its answer is longer than {ANSWER_MAX_BYTES} bytes"),
        })?;
        Ok((code, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }
}

impl ConnectApi for ConnectClient {
    async fn put(
        &self,
        worker: SocketAddr,
        connector: &str,
        config: &Config,
    ) -> Result<(), ConnectError> {
        let request = self.http.put(url(worker, connector, "config")).json(config);
        let (code, body) = self.ask(worker, request).await?;
        match code {
            code if code.is_success() => Ok(()),
            code if code.is_client_error() && !passes(&answer::message(&body, code.as_u16())) => {
                Err(ConnectError::Refused {
                    worker,
                    message: answer::message(&body, code.as_u16()),
                })
            }
            code => Err(ConnectError::Unreachable {
                worker,
                reason: answer::message(&body, code.as_u16()),
            }),
        }
    }

    async fn report(
        &self,
        worker: SocketAddr,
        connector: &str,
    ) -> Result<Option<Report>, ConnectError> {
        let request = self.http.get(url(worker, connector, "status"));
        let (code, body) = self.ask(worker, request).await?;
        if code == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let report = code.is_success().then(|| answer::report(&body)).flatten();
        report.map(Some).ok_or_else(|| ConnectError::Unreachable {
            worker,
            reason: answer::message(&body, code.as_u16()),
        })
    }
}

/// Connect's word for a worker that is not ready for edits yet; its code is that of a refusal (409).
fn passes(message: &str) -> bool {
    message.starts_with("Cannot complete request momentarily")
}

/// Object names are DNS labels, so they stand in a path as they are.
fn url(worker: SocketAddr, connector: &str, what: &str) -> String {
    format!("http://{worker}/connectors/{connector}/{what}")
}

/// The body, or `None` where it is too long.
async fn bounded(mut response: Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER_MAX_BYTES {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// The innermost cause, for example `connection refused`: the outer texts repeat the address.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", TIMEOUT.as_secs());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
