//! Events: what happened, beside the object it happened to.
//!
//! Knows how they are published and gathered; which there are is decided by each kind's `status`. (The
//! recorder of kube keeps the first text of a reason for an hour; here the text is part of what is the
//! same.)

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use k8s_openapi::{
    api::{
        core::v1::ObjectReference,
        events::v1::{Event, EventSeries},
    },
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::Timestamp,
};
use kube::{
    Client, Resource, ResourceExt,
    api::{Patch, PatchParams, PostParams},
    core::{NamespaceResourceScope, ObjectMeta},
};
use serde_json::json;
use tokio::time::Instant;

use super::{
    FIELD_MANAGER,
    call::{self, CallError, within},
};

/// The same Event within this time is counted instead of written anew.
const SERIES: Duration = Duration::from_mins(10);
/// Events whose repetition is noticed; beyond that the oldest knowledge goes, never an Event.
const REMEMBERED: usize = 1024;
/// The API's bound on a text, in bytes.
const NOTE_BYTES: usize = 1024;

/// Something to tell beside an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// Whether somebody should look.
    pub warning: bool,
    /// One word that scripts may rely on, for example `Created`.
    pub reason: &'static str,
    /// What the operator was doing, one word, for example `Reconcile`.
    pub action: &'static str,
    /// What happened, in a sentence.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let type_ = if self.warning { "Warning" } else { "Normal" };
        write!(f, "{type_} {}: {}", self.reason, self.text)
    }
}

/// Publishes Events.
pub struct Events {
    client: Client,
    instance: String,
    /// Held for one look, never across an await.
    recent: Mutex<HashMap<(String, Note), Recent>>,
}

#[derive(Clone, Debug)]
struct Recent {
    name: String,
    count: i32,
    at: Instant,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}

impl Events {
    /// Events that say they come from `instance`.
    pub fn new(client: Client, instance: &str) -> Self {
        Self {
            client,
            instance: instance.to_owned(),
            recent: Mutex::default(),
        }
    }

    /// Tells `note` beside `object`. It never fails the caller: an Event that cannot be written (in a
    /// namespace that is being deleted, for example) is worth a line in the log at most.
    pub async fn publish<K>(&self, object: &K, note: Note)
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        let regarding = object.object_ref(&());
        tracing::info!(kind = %K::kind(&()), name = %object.name_any(), reason = note.reason, "{}", note.text);
        let key = (object.uid().unwrap_or_default(), note);
        let written = match self.repeated(&key) {
            Some(recent) => self.count(&regarding, &recent).await,
            None => self.create(regarding, &key).await,
        };
        match written {
            Ok(()) => {}
            Err(error) if error.is_namespace_going() || error.is_not_found() => {
                tracing::debug!(%error, "write an Event");
            }
            Err(error) => tracing::warn!(%error, "write an Event"),
        }
    }

    fn repeated(&self, key: &(String, Note)) -> Option<Recent> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        recent.retain(|_, one| now.saturating_duration_since(one.at) < SERIES);
        let known = recent.get_mut(key)?;
        known.count += 1;
        known.at = now;
        Some(known.clone())
    }

    fn remember(&self, key: &(String, Note), name: String) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= REMEMBERED {
            let oldest = recent.iter().min_by_key(|(_, one)| one.at);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                recent.remove(&oldest);
            }
        }
        let at = Instant::now();
        recent.insert(key.clone(), Recent { name, count: 1, at });
    }

    async fn create(
        &self,
        regarding: ObjectReference,
        key: &(String, Note),
    ) -> Result<(), CallError> {
        let event = event(&self.instance, regarding, &key.1, Timestamp::now());
        let namespace = event.namespace().unwrap_or_default();
        let name = event.name_any();
        let api = call::api::<Event>(&self.client, &namespace);
        let parameters = PostParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PostParams::default()
        };
        let operation = || format!("write an Event in {namespace}");
        within(operation, api.create(&parameters, &event)).await?;
        self.remember(key, name);
        Ok(())
    }

    async fn count(&self, regarding: &ObjectReference, recent: &Recent) -> Result<(), CallError> {
        let namespace = regarding.namespace.as_deref().unwrap_or_default();
        let series = EventSeries {
            count: recent.count,
            last_observed_time: MicroTime(Timestamp::now()),
        };
        let api = call::api::<Event>(&self.client, namespace);
        let parameters = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let operation = || format!("count an Event in {namespace}");
        let patch = Patch::Merge(json!({ "series": series }));
        within(operation, api.patch(&recent.name, &parameters, &patch)).await?;
        Ok(())
    }
}

fn event(instance: &str, regarding: ObjectReference, note: &Note, now: Timestamp) -> Event {
    let name = regarding.name.as_deref().unwrap_or("object");
    Event {
        metadata: ObjectMeta {
            name: Some(format!("{name}.{:x}", now.as_nanosecond())),
            namespace: regarding.namespace.clone(),
            ..ObjectMeta::default()
        },
        action: Some(note.action.to_owned()),
        event_time: Some(MicroTime(now)),
        note: Some(shortened(&note.text).to_owned()),
        reason: Some(note.reason.to_owned()),
        reporting_controller: Some(crds::GROUP.to_owned()),
        reporting_instance: Some(instance.to_owned()),
        type_: Some(if note.warning { "Warning" } else { "Normal" }.to_owned()),
        regarding: Some(regarding),
        ..Event::default()
    }
}

/// The text within the API's bound, cut between characters.
fn shortened(text: &str) -> &str {
    let mut end = text.len().min(NOTE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_says_who_what_and_beside_which_object() {
        let regarding = ObjectReference {
            kind: Some("Cluster".into()),
            name: Some("c".into()),
            namespace: Some("n".into()),
            ..ObjectReference::default()
        };
        let note = Note {
            warning: true,
            reason: "ImagePull",
            action: "Reconcile",
            text: "ü".repeat(2000),
        };
        let now = Timestamp::from_second(1).unwrap();
        let event = event("pod-1", regarding, &note, now);
        assert_eq!(event.metadata.name.as_deref(), Some("c.3b9aca00"));
        assert_eq!(event.metadata.namespace.as_deref(), Some("n"));
        assert_eq!(event.type_.as_deref(), Some("Warning"));
        assert_eq!(event.note.unwrap().len(), NOTE_BYTES);
    }
}
