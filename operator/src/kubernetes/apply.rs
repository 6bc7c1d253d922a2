//! Writes children: one server-side apply each, by one field manager, forced only on what is ours.
//!
//! Knows intents and owners; what a child should be is rendered elsewhere.

use std::{fmt::Debug, sync::Arc};

use kube::{
    Resource, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, Preconditions},
    core::{NamespaceResourceScope, ObjectMeta},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    FIELD_MANAGER,
    call::{self, CallError, within},
    controller::Fault,
    difference::{covers, fingerprint},
    store::name_of,
};
use crate::context::{Context, Stored};

/// Says which intent an object was made from.
const INTENT: &str = "eddyline.dev/intent";
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "eddyline");

/// Why a child was not written.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The API server.
    #[error(transparent)]
    Call(#[from] CallError),
    /// An object of that name is there and is not ours; it was not touched.
    #[error("{kind} {name} belongs to {owner}")]
    Foreign {
        /// The child's kind.
        kind: String,
        /// The child's name.
        name: String,
        /// Who has it, for example `Deployment x` or `someone else`.
        owner: String,
    },
    /// The child of an object of the same name that was deleted; it goes by itself soon.
    #[error("{kind} {name} still belongs to a deleted object of the same name")]
    Leaving {
        /// The child's kind.
        kind: String,
        /// The child's name.
        name: String,
    },
    /// The intent is no JSON object; a bug.
    #[error("render {kind}: {reason}")]
    Render {
        /// The child's kind.
        kind: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Fault for ApplyError {
    fn category(&self) -> &'static str {
        match self {
            Self::Call(error) => error.category(),
            Self::Foreign { .. } => "NameConflict",
            Self::Leaving { .. } => "Leaving",
            Self::Render { .. } => "Render",
        }
    }
}

/// A kind that children are of.
pub trait Child:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Serialize
    + Stored
    + Send
    + Sync
    + 'static
{
}

impl<K> Child for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize
        + Stored
        + Send
        + Sync
        + 'static
{
}

/// A child after [`child`].
#[derive(Debug)]
pub struct Applied<K> {
    /// As it is now.
    pub object: Arc<K>,
    /// Whether it was written.
    pub written: bool,
}

/// Makes a child be as `intent` says: all of its fields, with name, namespace and the owner reference
/// of its controller. Writes only a difference; an object that is not ours is not touched.
pub async fn child<K: Child>(context: &Context, intent: &K) -> Result<Applied<K>, ApplyError> {
    let kind = K::kind(&()).into_owned();
    let name = name_of(intent.meta());
    let rendered = render(intent)?;

    let cached = K::store(&context.stores).get(&name);
    if let Some(object) = cached.filter(|object| is_as_meant(&rendered, intent, object.as_ref())) {
        return Ok(Applied {
            object,
            written: false,
        });
    }
    // The cache may lag, and it never has what lacks our label: the API server itself is asked who has the name.
    let found: Option<K> = call::find(&context.client, &name).await?;
    if let Some(found) = found {
        claim(&kind, intent.meta(), found.meta())?;
        if is_as_meant(&rendered, intent, &found) {
            let object = Arc::new(found);
            return Ok(Applied {
                object,
                written: false,
            });
        }
    }

    let api = call::api::<K>(&context.client, &name.namespace);
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    let patch = Patch::Apply(&rendered);
    let _permit = context.writes.acquire().await;
    let object = within(
        || format!("apply {kind} {name}"),
        api.patch(&name.name, &parameters, &patch),
    )
    .await?;
    tracing::info!(%kind, %name, "applied");
    K::store(&context.stores).accept(object.clone());
    Ok(Applied {
        object: Arc::new(object),
        written: true,
    })
}

/// How a deletion treats what the object owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependents {
    /// They go too, in their own time.
    Collect,
    /// They stay, without an owner.
    Orphan,
}

/// Deletes exactly `object`: not one of the same name that came after it, and not one that changed
/// since it was read. One that is gone already is no error.
pub async fn delete<K: Child>(
    context: &Context,
    object: &K,
    dependents: Dependents,
) -> Result<(), CallError> {
    let name = name_of(object.meta());
    let mut parameters = match dependents {
        Dependents::Collect => DeleteParams::background(),
        Dependents::Orphan => DeleteParams::orphan(),
    };
    parameters.preconditions = Some(Preconditions {
        uid: object.uid(),
        resource_version: object.resource_version(),
    });
    let api = call::api::<K>(&context.client, &name.namespace);
    let _permit = context.writes.acquire().await;
    let operation = || format!("delete {} {name}", K::kind(&()));
    match within(operation, api.delete(&name.name, &parameters)).await {
        Err(error) if !error.is_not_found() => Err(error),
        _ => {
            tracing::info!(kind = %K::kind(&()), %name, "deleted");
            Ok(())
        }
    }
}

/// The intent as it is sent: with its kind, and with its own fingerprint.
fn render<K: Child>(intent: &K) -> Result<Value, ApplyError> {
    let kind = K::kind(&()).into_owned();
    let broken = |reason: String| ApplyError::Render {
        kind: kind.clone(),
        reason,
    };
    let mut rendered = serde_json::to_value(intent).map_err(|error| broken(error.to_string()))?;
    let mark = format!("{:016x}", fingerprint(rendered.to_string().as_bytes()));
    rendered["apiVersion"] = json!(K::api_version(&()));
    rendered["kind"] = json!(kind);
    let metadata = rendered["metadata"]
        .as_object_mut()
        .ok_or_else(|| broken("it has no metadata".to_owned()))?;
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    annotations[INTENT] = json!(mark);
    if let Some(fields) = rendered.as_object_mut() {
        fields.remove("status");
    }
    Ok(rendered)
}

fn is_as_meant<K: Child>(rendered: &Value, intent: &K, found: &K) -> bool {
    let mut rendered = rendered.clone();
    // A found object says these of itself only where it is read alone.
    for field in ["apiVersion", "kind"] {
        rendered.as_object_mut().map(|fields| fields.remove(field));
    }
    owner_uid(intent.meta()) == owner_uid(found.meta())
        && found.meta().deletion_timestamp.is_none()
        && serde_json::to_value(found).is_ok_and(|found| covers(&rendered, &found))
}

/// Whether an object of the child's name may be written for this owner.
fn claim(kind: &str, intent: &ObjectMeta, found: &ObjectMeta) -> Result<(), ApplyError> {
    let owner = found
        .owner_references
        .iter()
        .flatten()
        .find(|owner| owner.controller == Some(true));
    let meant = intent
        .owner_references
        .iter()
        .flatten()
        .find(|owner| owner.controller == Some(true));
    let name = name_of(found).to_string();
    let kind = kind.to_owned();
    let (key, value) = MANAGED_BY;
    let labels = found.labels.as_ref();
    let is_labelled = labels
        .and_then(|labels| labels.get(key))
        .is_some_and(|by| by == value);
    match (owner, meant) {
        (Some(owner), Some(meant)) if owner.uid == meant.uid => {
            if found.deletion_timestamp.is_some() {
                return Err(ApplyError::Leaving { kind, name });
            }
            Ok(())
        }
        (Some(owner), Some(meant))
            if (&owner.kind, &owner.name, &owner.api_version)
                == (&meant.kind, &meant.name, &meant.api_version) =>
        {
            Err(ApplyError::Leaving { kind, name })
        }
        (Some(owner), _) => Err(ApplyError::Foreign {
            kind,
            name,
            owner: format!("{} {}", owner.kind, owner.name),
        }),
        // Ours, and left behind without an owner, as by `kubectl delete --cascade=orphan`: taken back.
        (None, _) if is_labelled => Ok(()),
        (None, _) => Err(ApplyError::Foreign {
            kind,
            name,
            owner: "someone else".to_owned(),
        }),
    }
}

fn owner_uid(meta: &ObjectMeta) -> Option<&str> {
    let owners = meta.owner_references.iter().flatten();
    let mut controllers = owners.filter(|owner| owner.controller == Some(true));
    controllers.next().map(|owner| owner.uid.as_str())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::{
        api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::OwnerReference,
    };

    use super::*;

    fn map(owner: Option<(&str, &str, &str)>, labelled: bool) -> ConfigMap {
        let mut map = ConfigMap::default();
        map.metadata.name = Some("c-broker".into());
        map.metadata.namespace = Some("n".into());
        if let Some((kind, name, uid)) = owner {
            map.metadata.owner_references = Some(vec![OwnerReference {
                api_version: "eddyline.dev/v1alpha1".into(),
                kind: kind.into(),
                name: name.into(),
                uid: uid.into(),
                controller: Some(true),
                block_owner_deletion: Some(true),
            }]);
        }
        if labelled {
            map.labels_mut()
                .insert(MANAGED_BY.0.into(), MANAGED_BY.1.into());
        }
        map.data = Some([("key".to_owned(), "1".to_owned())].into());
        map
    }

    #[test]
    fn only_what_is_ours_is_claimed() {
        let intent = map(Some(("Cluster", "c", "u1")), true);
        for (found, expected) in [
            (map(Some(("Cluster", "c", "u1")), true), "ok"),
            (map(Some(("Cluster", "c", "u1")), false), "ok"),
            (map(None, true), "ok"),
            (
                map(Some(("Cluster", "c", "u0")), true),
                "ConfigMap n/c-broker still belongs to a deleted object of the same name",
            ),
            (
                map(Some(("Deployment", "web", "u9")), true),
                "ConfigMap n/c-broker belongs to Deployment web",
            ),
            (
                map(None, false),
                "ConfigMap n/c-broker belongs to someone else",
            ),
        ] {
            let claimed = claim("ConfigMap", intent.meta(), found.meta());
            let text = claimed.map_or_else(|error| error.to_string(), |()| "ok".to_owned());
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn nothing_is_written_until_something_differs() {
        let intent = map(Some(("Cluster", "c", "u1")), true);
        let rendered = render(&intent).unwrap();
        let mut found: ConfigMap = serde_json::from_value(rendered.clone()).unwrap();
        found.metadata.uid = Some("m1".into());
        found.labels_mut().insert("team".into(), "a".into());
        assert!(is_as_meant(&rendered, &intent, &found));

        let mut without_key = intent.clone();
        without_key.data = Some([("other".to_owned(), "1".to_owned())].into());
        let mut empty = intent.clone();
        empty.data = None;
        for other in [without_key, empty] {
            let rendered = render(&other).unwrap();
            assert!(!is_as_meant(&rendered, &other, &found));
        }
        found.data = Some([("key".to_owned(), "2".to_owned())].into());
        assert!(!is_as_meant(&rendered, &intent, &found));
    }
}
