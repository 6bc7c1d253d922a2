//! Writes an object's status, when it differs from the one that is there.
//!
//! Knows when to write; what a status says is decided by each kind's own `status`.

use std::fmt::Debug;

use kube::{
    Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::{NamespaceResourceScope, object::HasStatus},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    FIELD_MANAGER,
    call::{self, CallError, within},
    store::name_of,
};
use crate::context::{Context, Kind, Stored};

/// What differs between the status that is there and the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Nothing.
    None,
    /// Counters alone: they are written at most every 30 s and, over all objects, once a second.
    Counters,
    /// More than that: written at once.
    State,
}

/// How a status was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// There was no difference.
    Nothing,
    /// It was written.
    All,
    /// Only counters differ and it is too early to write them.
    Later,
}

/// Writes `status` for exactly `object` (not for one of its name that came after it).
///
/// `difference` compares the old status with the new one. An object that is gone is no error.
pub async fn write<K>(
    context: &Context,
    kind: Kind,
    object: &K,
    status: &K::Status,
    difference: Difference,
) -> Result<Written, CallError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + HasStatus
        + Clone
        + Debug
        + DeserializeOwned
        + Stored,
    K::Status: Serialize + PartialEq,
{
    let name = name_of(object.meta());
    match difference {
        Difference::None => return Ok(Written::Nothing),
        _ if object.status() == Some(status) => return Ok(Written::Nothing),
        Difference::Counters if !context.admit_counters(kind, &name) => return Ok(Written::Later),
        Difference::Counters | Difference::State => {}
    }
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        // With the uid an object that came after this one refuses its status.
        "metadata": {"name": name.name, "namespace": name.namespace, "uid": object.uid()},
        "status": status,
    });
    let api = call::api::<K>(&context.client, &name.namespace);
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    let _permit = context.writes.acquire().await;
    let operation = || format!("write the status of {kind} {name}");
    let patch = Patch::Apply(&patch);
    let answer = within(operation, api.patch_status(&name.name, &parameters, &patch)).await;
    match answer {
        Ok(object) => {
            K::store(&context.stores).accept(object);
            Ok(Written::All)
        }
        Err(error) if error.is_not_found() => Ok(Written::Nothing),
        Err(error) => Err(error),
    }
}
