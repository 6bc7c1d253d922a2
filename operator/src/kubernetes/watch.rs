//! One watch: keeps a [`Store`] as the API server is, and tells what changed.
//!
//! Knows lists and watches; nothing of what a change means.

use std::{fmt::Debug, sync::Arc};

use futures::StreamExt;
use kube::{
    Api, Resource,
    core::DeserializeGuard,
    runtime::{WatchStreamExt, watcher},
};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::store::{Change, Scope, Store};

/// How long one watch call lasts: a connection that died silently is noticed this much later at most.
const CALL_SECONDS: u32 = 60;
/// Objects per page of a list, so that a list of large objects does not double the memory.
const PAGE: u32 = 100;

/// What is watched, and where.
#[derive(Debug)]
pub struct Watch<K> {
    /// The kind in `scope`.
    pub api: Api<DeserializeGuard<K>>,
    /// The namespace, or all.
    pub scope: Scope,
    /// Labels that the objects must have.
    pub labels: Option<&'static str>,
    /// Where they are kept.
    pub store: Arc<Store<K>>,
}

/// Watches until `stop`; faults are tried again with back-off, for ever. `on_change` must not block.
pub async fn run<K>(watch: Watch<K>, stop: CancellationToken, on_change: impl Fn(&Change<K>) + Send)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let mut config = watcher::Config::default()
        .timeout(CALL_SECONDS)
        .page_size(PAGE);
    if let Some(labels) = watch.labels {
        config = config.labels(labels);
    }
    let events = watcher(watch.api, config).default_backoff();
    let mut events = Box::pin(events.take_until(stop.cancelled_owned()));
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                for change in watch.store.take(&watch.scope, event) {
                    on_change(&change);
                }
            }
            Err(error) => {
                if is_refusal(&error) {
                    watch.store.refuse(&watch.scope);
                }
                tracing::warn!(kind = %K::kind(&()), scope = ?watch.scope, %error, "watch");
            }
        }
    }
}

/// The API server lets us list nothing here: the namespace was deleted, and our rights in it with it.
fn is_refusal(error: &watcher::Error) -> bool {
    matches!(
        error,
        watcher::Error::InitialListFailed(kube::Error::Api(answer)) if matches!(answer.code, 403 | 404)
    )
}
