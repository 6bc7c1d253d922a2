//! Carries out what was planned for a Cluster. The only step that writes: children, status and Events.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crds::{Cluster, cluster::ClusterStatus};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::{
    ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{children::Children, plan::Action, status};
use crate::{
    context::{Context, Kind},
    kubernetes::{
        FIELD_MANAGER,
        apply::{self, ApplyError, Dependents},
        call::{self, CallError, within},
        status::{Written, write},
        store::name_of,
    },
};

/// Volumes whose growth was refused: asked once for each size, and again by the next operator.
#[derive(Debug, Default)]
pub struct Refusals {
    /// By the claim's uid: the size and the reason. Held for one look, never across an await.
    claims: Mutex<HashMap<String, (String, String)>>,
}

impl Refusals {
    fn find(&self, claim: &PersistentVolumeClaim, size: &str) -> Option<String> {
        let claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let (refused, reason) = claims.get(&claim.uid()?)?;
        (refused == size).then(|| reason.clone())
    }

    fn keep(&self, claim: &PersistentVolumeClaim, size: &str, reason: &str) {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let uid = claim.uid().unwrap_or_default();
        claims.insert(uid, (size.to_owned(), reason.to_owned()));
    }
}

/// Carries out `actions` in order. Answers why a volume does not grow, if one does not.
pub async fn apply(
    context: &Context,
    refusals: &Refusals,
    cluster: &Cluster,
    actions: Vec<Action>,
) -> Result<Option<String>, ApplyError> {
    let mut refused = None;
    for action in actions {
        match action {
            Action::Remake(set) => apply::delete(context, set.as_ref(), Dependents::Orphan).await?,
            Action::Apply(children) => apply_all(context, &children).await?,
            Action::Grow { claim, size } => {
                let (growth, is_news) = grow(context, refusals, &claim, &size).await?;
                if let Some(why) = growth.as_ref().filter(|_| is_news) {
                    let note = status::growth_refused(&size, why);
                    context.events.publish(cluster, note).await;
                }
                refused = growth;
            }

            Action::Replace(pod) => {
                apply::delete(context, pod.as_ref(), Dependents::Collect).await?;
            }
        }
    }
    Ok(refused)
}

async fn apply_all(context: &Context, children: &Children) -> Result<(), ApplyError> {
    // The name that is most likely taken comes first.
    apply::child(context, &children.clients).await?;
    apply::child(context, &children.headless).await?;
    apply::child(context, &children.settings).await?;
    apply::child(context, &children.brokers).await?;
    Ok(())
}

/// Asks for a larger volume; whether the class can do that is the API server's to say. Answers why not,
/// and whether that is news.
async fn grow(
    context: &Context,
    refusals: &Refusals,
    claim: &PersistentVolumeClaim,
    size: &str,
) -> Result<(Option<String>, bool), CallError> {
    if let Some(reason) = refusals.find(claim, size) {
        return Ok((Some(reason), false));
    }
    let name = name_of(&claim.metadata);
    let patch = json!({
        "metadata": {"uid": claim.uid(), "resourceVersion": claim.resource_version()},
        "spec": {"resources": {"requests": {"storage": size}}},
    });
    let api = call::api::<PersistentVolumeClaim>(&context.client, &name.namespace);
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let _permit = context.writes.acquire().await;
    let operation = || format!("grow PersistentVolumeClaim {name}");
    let patch = Patch::Merge(&patch);
    match within(operation, api.patch(&name.name, &parameters, &patch)).await {
        Ok(claim) => {
            context.stores.claims.accept(claim);
            Ok((None, false))
        }
        Err(error) => match error.refusal() {
            Some(reason) => {
                refusals.keep(claim, size, &reason);
                Ok((Some(reason), true))
            }
            None => Err(error),
        },
    }
}

/// Writes the status, and tells its change of reason.
pub async fn status(
    context: &Context,
    cluster: &Cluster,
    next: &ClusterStatus,
) -> Result<Written, CallError> {
    let previous = cluster.status.as_ref();
    let difference = status::difference(previous, next);
    let written = write(context, Kind::Cluster, cluster, next, difference).await?;
    if let Some(note) = status::event(previous, next) {
        context.events.publish(cluster, note).await;
    }
    Ok(written)
}
