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

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectName, Arc<Topic>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
