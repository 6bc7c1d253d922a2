//! The objects of one kind as they were last seen, over all watched namespaces.
//!
//! Knows what is there; nothing of how it came (see `watch`). Beside a plain cache it keeps two
//! promises: an answer to our own write is seen at once ([`Store::accept`]), so that nothing is decided
//! again on what was there before it; and an object that does not decode keeps its last good form and
//! is told apart ([`Store::fault`]).

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use kube::{
    Resource, ResourceExt,
    core::{DeserializeGuard, ObjectMeta, error_boundary::InvalidObject},
    runtime::watcher::Event,
};

use crate::names::ObjectName;

/// The part of the cluster that one watch covers: a namespace, or all of it.
pub type Scope = Option<String>;

/// Objects that are remembered as gone: an answer to a write of ours is at most seconds late.
const GONE_MAX: usize = 1024;

/// The objects of one kind.
#[derive(Debug)]
pub struct Store<K> {
    /// Held for a look or an insertion, never across an await.
    state: RwLock<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    objects: HashMap<ObjectName, Arc<K>>,
    faults: HashMap<ObjectName, Fault>,
    /// What a list that is being read has named so far.
    listed: HashMap<Scope, HashSet<ObjectName>>,
    ready: HashSet<Scope>,
    /// Never listed, because the API server does not let us.
    refused: HashSet<Scope>,
    /// The uids of objects that went last: uids are never used again.
    gone: VecDeque<Option<String>>,
}

/// An object that does not decode.
#[derive(Clone, Debug)]
struct Fault {
    error: String,
    metadata: ObjectMeta,
}

/// What became of one object.
#[derive(Debug)]
pub struct Change<K> {
    /// Which.
    pub name: ObjectName,
    /// As it was.
    pub before: Option<Arc<K>>,
    /// As it is.
    pub after: Option<Arc<K>>,
}

impl<K> Default for Store<K> {
    fn default() -> Self {
        Self {
            state: RwLock::new(State {
                objects: HashMap::new(),
                faults: HashMap::new(),
                listed: HashMap::new(),
                ready: HashSet::new(),
                refused: HashSet::new(),
                gone: VecDeque::new(),
            }),
        }
    }
}

impl<K: Resource<DynamicType = ()> + Clone> Store<K> {
    fn read(&self) -> RwLockReadGuard<'_, State<K>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State<K>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// One object.
    pub fn get(&self, name: &ObjectName) -> Option<Arc<K>> {
        self.read().objects.get(name).cloned()
    }

    /// All objects that `select` wants, in no order.
    pub fn select(&self, select: impl Fn(&K) -> bool) -> Vec<Arc<K>> {
        let state = self.read();
        let wanted = state.objects.values().filter(|object| select(object));
        wanted.cloned().collect()
    }

    /// All objects, in no order.
    pub fn all(&self) -> Vec<Arc<K>> {
        self.select(|_| true)
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.read().objects.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Why the object as it is now does not decode; [`Self::get`] then has its last good form, if any.
    pub fn fault(&self, name: &ObjectName) -> Option<String> {
        let state = self.read();
        state.faults.get(name).map(|fault| fault.error.clone())
    }

    /// The metadata of an object that does not decode and is being deleted.
    pub fn faulty_and_going(&self, name: &ObjectName) -> Option<ObjectMeta> {
        let state = self.read();
        let metadata = state.faults.get(name).map(|fault| &fault.metadata);
        let going = metadata.filter(|metadata| metadata.deletion_timestamp.is_some());
        going.cloned()
    }

    /// Whether the whole of `scope` was listed.
    pub fn is_ready(&self, scope: &Scope) -> bool {
        self.read().ready.contains(scope)
    }

    /// The API server does not let us list `scope`. It may some day.
    pub fn refuse(&self, scope: &Scope) {
        let mut state = self.write();
        if !state.ready.contains(scope) {
            state.refused.insert(scope.clone());
        }
    }

    /// Whether `scope` was asked for and refused, and never listed.
    pub fn is_refused(&self, scope: &Scope) -> bool {
        self.read().refused.contains(scope)
    }

    /// Takes the answer to a write of ours: from now on the object is seen as it is after it. An answer
    /// that comes after the report that its object is gone is too late, and would bring it back.
    pub fn accept(&self, mut object: K) {
        let name = name_of(object.meta());
        object.managed_fields_mut().clear();
        let mut state = self.write();
        if !state.gone.contains(&object.meta().uid) {
            state.put(name, object);
        }
    }

    /// Takes what a watch of `scope` reports and says what changed.
    pub fn take(&self, scope: &Scope, event: Event<DeserializeGuard<K>>) -> Vec<Change<K>> {
        let mut state = self.write();
        match event {
            Event::Init => {
                state.listed.insert(scope.clone(), HashSet::new());
                Vec::new()
            }
            Event::InitApply(object) => {
                let name = name_of(object.meta());
                if let Some(listed) = state.listed.get_mut(scope) {
                    listed.insert(name);
                }
                state.found(object).into_iter().collect()
            }
            Event::InitDone => state.listed_all(scope),
            Event::Apply(object) => state.found(object).into_iter().collect(),
            Event::Delete(object) => state.lost(object.meta()).into_iter().collect(),
        }
    }
}

impl Fault {
    fn says_the_same(&self, other: &Self) -> bool {
        let going = |fault: &Self| fault.metadata.deletion_timestamp.is_some();
        self.error == other.error && going(self) == going(other)
    }
}

impl<K: Resource<DynamicType = ()> + Clone> State<K> {
    fn found(&mut self, object: DeserializeGuard<K>) -> Option<Change<K>> {
        match object.0 {
            Ok(mut object) => {
                let name = name_of(object.meta());
                object.managed_fields_mut().clear();
                self.put(name, object)
            }
            Err(InvalidObject { error, metadata }) => {
                let name = name_of(&metadata);
                let fault = Fault { error, metadata };
                let known = self.faults.get(&name);
                let is_news = known.is_none_or(|known| !known.says_the_same(&fault));
                self.faults.insert(name.clone(), fault);
                let before = self.objects.get(&name).cloned();
                let after = before.clone();
                is_news.then_some(Change {
                    name,
                    before,
                    after,
                })
            }
        }
    }

    fn put(&mut self, name: ObjectName, object: K) -> Option<Change<K>> {
        let mended = self.faults.remove(&name).is_some();
        let before = self.objects.get(&name).cloned();
        let is_old = before
            .as_ref()
            .is_some_and(|before| !is_newer(object.meta(), before.meta()));
        let after = match &before {
            Some(before) if is_old => before.clone(),
            _ => Arc::new(object),
        };
        self.objects.insert(name.clone(), after.clone());
        (mended || !is_old).then_some(Change {
            name,
            before,
            after: Some(after),
        })
    }

    fn lost(&mut self, meta: &ObjectMeta) -> Option<Change<K>> {
        let name = name_of(meta);
        let known = self.objects.get(&name);
        if known.is_some_and(|known| known.meta().uid != meta.uid) {
            return None;
        }
        self.remove(name)
    }

    fn remove(&mut self, name: ObjectName) -> Option<Change<K>> {
        let fault = self.faults.remove(&name);
        let before = self.objects.remove(&name);
        if let Some(before) = &before {
            self.gone.push_back(before.meta().uid.clone());
            if self.gone.len() > GONE_MAX {
                self.gone.pop_front();
            }
        }
        (before.is_some() || fault.is_some()).then_some(Change {
            name,
            before,
            after: None,
        })
    }

    /// What the finished list of `scope` did not name went while nobody watched.
    fn listed_all(&mut self, scope: &Scope) -> Vec<Change<K>> {
        let listed = self.listed.remove(scope).unwrap_or_default();
        self.ready.insert(scope.clone());
        self.refused.remove(scope);
        let covers = |name: &ObjectName| scope.as_ref().is_none_or(|one| *one == name.namespace);
        let known = self.objects.keys().chain(self.faults.keys());
        let gone: HashSet<_> = known
            .filter(|name| covers(name) && !listed.contains(*name))
            .cloned()
            .collect();
        gone.into_iter()
            .filter_map(|name| self.remove(name))
            .collect()
    }
}

/// The identity of an object.
pub fn name_of(meta: &ObjectMeta) -> ObjectName {
    ObjectName {
        namespace: meta.namespace.clone().unwrap_or_default(),
        name: meta.name.clone().unwrap_or_default(),
    }
}

/// Versions of one object are compared as numbers, which Kubernetes promises since 1.35 and has always
/// held; where they are no numbers, the later report wins.
fn is_newer(new: &ObjectMeta, known: &ObjectMeta) -> bool {
    let version = |meta: &ObjectMeta| meta.resource_version.as_ref()?.parse::<u64>().ok();
    match (version(new), version(known)) {
        (Some(new_version), Some(known_version)) if new.uid == known.uid => {
            new_version > known_version
        }
        _ => new.uid != known.uid || new.resource_version != known.resource_version,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use k8s_openapi::{api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::Time};

    use super::*;

    fn map(name: &str, version: u64) -> ConfigMap {
        ConfigMap {
            metadata: ObjectMeta {
                name: Some(name.into()),
                namespace: Some("n".into()),
                uid: Some("u".into()),
                resource_version: Some(version.to_string()),
                ..ObjectMeta::default()
            },
            ..ConfigMap::default()
        }
    }

    fn good(name: &str, version: u64) -> DeserializeGuard<ConfigMap> {
        DeserializeGuard(Ok(map(name, version)))
    }

    fn key(name: &str) -> ObjectName {
        ObjectName {
            namespace: "n".into(),
            name: name.into(),
        }
    }

    #[test]
    fn a_list_after_a_gap_removes_what_went_in_it() {
        let store = Store::default();
        let scope = Some("n".to_owned());
        for event in [Event::Init, Event::InitApply(good("a", 1))] {
            store.take(&scope, event);
        }
        assert!(!store.is_ready(&scope));
        store.take(&scope, Event::InitDone);
        assert!(store.is_ready(&scope) && store.get(&key("a")).is_some());
        store.take(&scope, Event::Apply(good("b", 2)));
        store.take(&Some("other".into()), Event::Init);
        assert!(
            store
                .take(&Some("other".into()), Event::InitDone)
                .is_empty()
        );
        store.take(&scope, Event::Init);
        store.take(&scope, Event::InitApply(good("b", 2)));
        let changes = store.take(&scope, Event::InitDone);
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].name, key("a"));
        assert!(changes[0].after.is_none());
    }

    #[test]
    fn a_scope_is_refused_until_it_is_listed_and_not_after() {
        let store = Store::<ConfigMap>::default();
        let scope = Some("n".to_owned());
        store.refuse(&scope);
        assert!(store.is_refused(&scope) && !store.is_refused(&None));
        store.take(&scope, Event::Init);
        assert!(store.is_refused(&scope) && !store.is_ready(&scope));
        store.take(&scope, Event::InitDone);
        store.refuse(&scope);
        assert!(!store.is_refused(&scope) && store.is_ready(&scope));
    }

    #[test]
    fn our_own_write_is_seen_at_once_and_is_no_news_later() {
        let store = Store::default();
        store.take(&None, Event::Apply(good("a", 1)));
        store.accept(map("a", 3));
        assert!(store.take(&None, Event::Apply(good("a", 2))).is_empty());
        assert!(store.take(&None, Event::Apply(good("a", 3))).is_empty());
        let version = store.get(&key("a")).unwrap().resource_version();
        assert_eq!(version.as_deref(), Some("3"));
        assert_eq!(store.take(&None, Event::Apply(good("a", 4))).len(), 1);
        let mut other = map("a", 1);
        other.metadata.uid = Some("v".into());
        let other = DeserializeGuard(Ok(other));
        assert_eq!(store.take(&None, Event::Apply(other)).len(), 1);
        assert!(store.take(&None, Event::Delete(good("a", 9))).is_empty());
    }

    #[test]
    fn an_answer_that_comes_after_the_end_does_not_bring_an_object_back() {
        let store = Store::default();
        store.take(&None, Event::Apply(good("a", 1)));
        store.take(&None, Event::Delete(good("a", 3)));
        store.accept(map("a", 2));
        assert!(store.get(&key("a")).is_none());
        let mut other = map("a", 4);
        other.metadata.uid = Some("v".into());
        store.accept(other);
        assert!(store.get(&key("a")).is_some());
    }

    #[test]
    fn an_object_that_does_not_decode_keeps_its_last_good_form() {
        let store = Store::default();
        store.take(&None, Event::Apply(good("a", 1)));
        let bad = || {
            DeserializeGuard(Err(InvalidObject {
                error: "no".into(),
                metadata: map("a", 2).metadata,
            }))
        };
        assert_eq!(store.take(&None, Event::Apply(bad())).len(), 1);
        assert!(store.take(&None, Event::Apply(bad())).is_empty());
        assert_eq!(store.fault(&key("a")).as_deref(), Some("no"));
        assert!(store.get(&key("a")).is_some());
        assert!(store.faulty_and_going(&key("a")).is_none());
        let going = || {
            let mut metadata = map("a", 3).metadata;
            metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
            let error = "no".into();
            DeserializeGuard(Err(InvalidObject { error, metadata }))
        };
        assert_eq!(store.take(&None, Event::Apply(going())).len(), 1);
        assert!(store.take(&None, Event::Apply(going())).is_empty());
        let version = store.faulty_and_going(&key("a")).unwrap().resource_version;
        assert_eq!(version.as_deref(), Some("3"));
        assert_eq!(store.take(&None, Event::Apply(good("a", 1))).len(), 1);
        assert_eq!(store.fault(&key("a")), None);
    }
}
