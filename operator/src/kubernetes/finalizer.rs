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
    // An object that does not decode has to be let go too, so only the metadata are asked for.
    let answer = api.patch_metadata(&name.name, &parameters, &patch);
    let changed = within(operation, answer).await?;
    // The answer to removing the last finalizer of a deleted object is its last form: the watch says that it is gone.
    if changed.metadata.deletion_timestamp.is_none() {
        // The patch carried the version: nothing else of the object is another.
        let mut object = object.clone();
        *object.meta_mut() = changed.metadata;
        K::store(&context.stores).accept(object);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{Json, Router};
    use crds::{Topic, TopicSpec};
    use kube::Client;

    use super::*;
    use crate::settings::Settings;

    /// An operator for `namespaces`, at an API server whose Topic does not decode.
    fn context(namespaces: &[&str]) -> Context {
        let api_server = Router::new().fallback(async |patch: Json<serde_json::Value>| {
            let mut object = patch.0;
            object["metadata"]["name"] = json!("t");
            object["metadata"]["namespace"] = json!("n");
            object["spec"] = json!("not a spec");
            Json(object)
        });
        let settings = Settings {
            namespaces: namespaces.iter().map(|one| (*one).to_owned()).collect(),
            resync: Duration::from_mins(10),
            image: "eddyline".to_owned(),
            lease_namespace: "n".to_owned(),
            lease_name: "operator".to_owned(),
            identity: "me".to_owned(),
            admin_listen: ([127, 0, 0, 1], 0).into(),
            topic_deletion_deadline: Duration::from_secs(30),
        };
        Context::new(Client::new(api_server, "n"), settings)
    }

    fn topic(finalizers: &[&str]) -> Topic {
        let mut topic = Topic::new("t", TopicSpec::default());
        topic.metadata.namespace = Some("n".to_owned());
        topic.metadata.finalizers = Some(finalizers.iter().map(|one| (*one).to_owned()).collect());
        topic
    }

    async fn after_add(namespaces: &[&str], finalizers: &[&str]) -> Vec<String> {
        let context = context(namespaces);
        let topic = topic(finalizers);
        add(&context, &topic).await.unwrap();
        let written = context.stores.topics.get(&name_of(&topic.metadata));
        written.map_or_else(Vec::new, |topic| topic.finalizers().to_vec())
    }

    #[tokio::test]
    async fn an_operator_for_a_list_of_namespaces_takes_old_finalizers_away() {
        assert_eq!(after_add(&[], &["other"]).await, ["other", FINALIZER]);
        assert_eq!(after_add(&["n"], &["other", FINALIZER]).await, ["other"]);
        for (namespaces, finalizers) in [(&[][..], &[FINALIZER][..]), (&["n"], &["other"])] {
            let written = after_add(namespaces, finalizers).await;
            assert_eq!(written, [""; 0], "nothing is written without need");
        }
    }

    #[tokio::test]
    async fn an_object_that_does_not_decode_is_let_go() {
        let context = context(&[]);
        assert!(remove(&context, &topic(&[FINALIZER])).await.unwrap());
        assert!(!remove(&context, &topic(&[])).await.unwrap());
    }
}
