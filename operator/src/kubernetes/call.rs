//! Calls to the API server: each with a time limit, each with an error that says what was tried.
//!
//! Knows requests and answers; who may write what is decided elsewhere.

use std::{fmt::Debug, future::Future, time::Duration};

use axum::http::{HeaderValue, header::USER_AGENT};
use kube::{Api, Client, Resource, core::NamespaceResourceScope};
use serde::de::DeserializeOwned;

use super::controller::Fault;
use crate::names::ObjectName;

/// How long one call may take, the client's own retries included.
pub const LIMIT: Duration = Duration::from_secs(15);

/// Why a call had no good answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The API server did not answer in time.
    #[error("{operation}: no answer from the API server within {} s", LIMIT.as_secs())]
    Late {
        /// What was tried, for example `apply Service default/c`.
        operation: String,
    },
    /// The API server refused, or was not reached.
    #[error("{operation}: {source}")]
    Refused {
        /// What was tried.
        operation: String,
        /// Its answer.
        source: Box<kube::Error>,
    },
}

impl CallError {
    fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { source, .. } => match source.as_ref() {
                kube::Error::Api(status) => Some(status.code),
                _ => None,
            },
            Self::Late { .. } => None,
        }
    }

    /// The object is not there.
    pub fn is_not_found(&self) -> bool {
        self.code() == Some(404)
    }

    /// The object has changed, or is another one, since it was read.
    pub fn is_conflict(&self) -> bool {
        self.code() == Some(409)
    }

    /// The API server's own words, where it refused for good: as invalid, or as forbidden.
    pub fn refusal(&self) -> Option<String> {
        let Self::Refused { source, .. } = self else {
            return None;
        };
        match source.as_ref() {
            kube::Error::Api(status) if matches!(status.code, 400 | 403 | 422) => {
                // Further lines compare the object with itself.
                status.message.lines().next().map(str::to_owned)
            }
            _ => None,
        }
    }

    /// The namespace is being deleted: nothing can be made there any more, which is no fault.
    pub fn is_namespace_going(&self) -> bool {
        let Self::Refused { source, .. } = self else {
            return false;
        };
        let kube::Error::Api(status) = source.as_ref() else {
            return false;
        };
        let causes = status.details.iter().flat_map(|details| &details.causes);
        status.code == 403
            && causes
                .into_iter()
                .any(|cause| cause.reason == "NamespaceTerminating")
    }
}

impl Fault for CallError {
    fn category(&self) -> &'static str {
        match (self, self.code()) {
            (Self::Late { .. }, _) => "Late",
            (_, Some(403)) => "Forbidden",
            (_, Some(409)) => "Conflict",
            (_, Some(429)) => "TooManyRequests",
            (_, Some(400..=499)) => "Refused",
            _ => "ApiServer",
        }
    }
}

/// Waits for `call` within [`LIMIT`].
pub async fn within<T>(
    operation: impl Fn() -> String,
    call: impl Future<Output = kube::Result<T>>,
) -> Result<T, CallError> {
    match tokio::time::timeout(LIMIT, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(source)) => Err(CallError::Refused {
            operation: operation(),
            source: Box::new(source),
        }),
        Err(_) => Err(CallError::Late {
            operation: operation(),
        }),
    }
}

/// The API of one kind in the object's namespace.
pub fn api<K>(client: &Client, namespace: &str) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    Api::namespaced(client.clone(), namespace)
}

/// Asks the API server itself for an object; `None` means that it answered 404.
pub async fn find<K>(client: &Client, name: &ObjectName) -> Result<Option<K>, CallError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned,
{
    let api: Api<K> = api(client, &name.namespace);
    within(
        || format!("look for {} {name}", K::kind(&())),
        api.get_opt(&name.name),
    )
    .await
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Neither a service account nor a kubeconfig says where the API server is.
    #[error("find the API server: {0}")]
    Unknown(#[from] kube::config::InferConfigError),
    /// What it says cannot be used.
    #[error("use the configuration of the API server: {0}")]
    Unusable(#[source] Box<kube::Error>),
}

/// How the API server's logs name us.
const NAME: HeaderValue = HeaderValue::from_static(concat!("eddyline/", env!("CARGO_PKG_VERSION")));

/// A client by the pod's service account, else by `KUBECONFIG` or the file kubectl uses.
pub async fn connect() -> Result<Client, ConnectError> {
    let mut config = kube::Config::infer().await?;
    config.headers.push((USER_AGENT, NAME));
    Client::try_from(config).map_err(|error| ConnectError::Unusable(Box::new(error)))
}
