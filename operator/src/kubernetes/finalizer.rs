//! Sets and removes our finalizer on exactly the object that was read.
//!
//! Knows how; when is decided by the kind. Where the operator has Roles only none may be set
//! ([`crate::settings::Settings::finalizers`]).

use std::fmt::Debug;

use kube::{
    Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::NamespaceResourceScope,
};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{
    FIELD_MANAGER,
    call::{self, CallError, within},
    store::name_of,
};
use crate::context::{Context, Stored};

/// Our finalizer.
pub const FINALIZER: &str = "eddyline.dev/topic";

/// Whether `object` has it.
pub fn is_set<K: Resource>(object: &K) -> bool {
    object.finalizers().iter().any(|one| one == FINALIZER)
}

/// Sets it. An operator that may not set any removes one that an operator which might has left, or
/// nobody would: it would hold its object, and the namespace, for ever.
pub async fn add<K>(context: &Context, object: &K) -> Result<(), CallError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Stored,
{
    if !context.settings.finalizers() {
        return remove(context, object).await.map(drop);
    }
    if is_set(object) {
        return Ok(());
    }
    let mut finalizers = object.finalizers().to_vec();
    finalizers.push(FINALIZER.to_owned());
    replace(context, object, finalizers).await
}

/// Removes it and says whether it was there. An object that is gone, or has none, is no error.
pub async fn remove<K>(context: &Context, object: &K) -> Result<bool, CallError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Stored,
{
    if !is_set(object) {
        return Ok(false);
    }
    let mut finalizers = object.finalizers().to_vec();
    finalizers.retain(|one| one != FINALIZER);
    match replace(context, object, finalizers).await {
        Err(error) if error.is_not_found() => Ok(false),
        result => result.map(|()| true),
    }
}

/// A merge patch replaces the whole list, so it carries the version that the list was read at: a
/// finalizer that someone else added meanwhile makes it a conflict, and the next turn reads again.
async fn replace<K>(context: &Context, object: &K, finalizers: Vec<String>) -> Result<(), CallError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Stored,
{
    let name = name_of(object.meta());
    let patch = json!({"metadata": {
        "uid": object.uid(),
        "resourceVersion": object.resource_version(),
        "finalizers": finalizers,
    }});
    let api = call::api::<K>(&context.client, &name.namespace);
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let _permit = context.writes.acquire().await;
    let operation = || format!("change the finalizers of {} {name}", K::kind(&()));
    let patch = Patch::Merge(&patch);
    let changed = within(operation, api.patch(&name.name, &parameters, &patch)).await?;
    // The answer to removing the last finalizer of a deleted object is its last form: the watch says that it is gone.
    if changed.meta().deletion_timestamp.is_none() {
        K::store(&context.stores).accept(changed);
    }
    Ok(())
}
