//! Topics that went without a finalizer, until it is settled what becomes of their topics.
//!
//! Where the operator has Roles only it may hold nothing back: an object that goes is gone before
//! its topic is deleted, and its last form is kept here. Lost with the operator, which the contract
//! of deletion says.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crds::Topic;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::{kubernetes::store::Change, names::ObjectName};

/// Objects kept at most; each waits for half a minute or so.
const MOST: usize = 10_000;

/// See the module.
#[derive(Debug, Default)]
pub struct Departed {
    /// Held for one look, never across an await.
    topics: Mutex<BTreeMap<ObjectName, Arc<Topic>>>,
}

impl Departed {
    /// Takes note of a change: of an object that is gone the last form, as being deleted since `now`.
    pub fn note(&self, change: &Change<Topic>, now: Timestamp) {
        let (Some(before), None) = (&change.before, &change.after) else {
            return;
        };
        let mut topics = self.lock();
        if topics.len() >= MOST {
            tracing::warn!(topic = %change.name, "too many Topics went at once: the topic of this one stays");
            return;
        }
        let mut last = Topic::clone(before);
        last.metadata.deletion_timestamp = Some(Time(now));
        topics.insert(change.name.clone(), Arc::new(last));
    }

    /// The last form of an object that is gone.
    pub fn find(&self, name: &ObjectName) -> Option<Arc<Topic>> {
        self.lock().get(name).cloned()
    }

    /// What becomes of its topic is settled.
    pub fn forget(&self, name: &ObjectName) {
        self.lock().remove(name);
    }

    /// Nothing is waited for: what went under another operator's eyes is that operator's to settle.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectName, Arc<Topic>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_that_is_gone_has_a_last_form() {
        let topic: Arc<Topic> = Arc::new(
            serde_json::from_value(serde_json::json!({
                "apiVersion": "eddyline.dev/v1alpha1", "kind": "Topic",
                "metadata": {"name": "t", "namespace": "n"}, "spec": {"cluster": "c"},
            }))
            .unwrap(),
        );
        let name = ObjectName {
            namespace: "n".to_owned(),
            name: "t".to_owned(),
        };
        let departed = Departed::default();
        for (before, after, kept) in [
            (None, Some(&topic), false),
            (Some(&topic), Some(&topic), false),
            (Some(&topic), None, true),
        ] {
            let change = Change {
                name: name.clone(),
                before: before.cloned(),
                after: after.cloned(),
            };
            departed.note(&change, Timestamp::UNIX_EPOCH);
            let last = departed.find(&name);
            assert_eq!(last.is_some(), kept);
            let since = last.and_then(|last| last.metadata.deletion_timestamp.clone());
            assert_eq!(since, kept.then_some(Time(Timestamp::UNIX_EPOCH)));
        }
        departed.forget(&name);
        assert!(departed.find(&name).is_none());
        for went in ["t", "u"] {
            let change = Change {
                name: ObjectName {
                    name: went.to_owned(),
                    ..name.clone()
                },
                before: Some(topic.clone()),
                after: None,
            };
            departed.note(&change, Timestamp::UNIX_EPOCH);
        }
        departed.clear();
        assert!(departed.find(&name).is_none());
    }
}
