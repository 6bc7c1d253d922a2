//! A Topic, its Cluster and its broker, in memory.

use std::sync::{Arc, Mutex, MutexGuard};

use crds::Cluster;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use super::*;
use crate::{
    names::ObjectName,
    ports::fake_broker::FakeBroker,
    snapshots::{Endpoint, Pace, View},
};

/// An API server with one Topic.
#[derive(Debug)]
pub(super) struct FakeObjects {
    /// Held for one call, never across an await.
    state: Mutex<ObjectsState>,
}

#[derive(Debug, Default)]
pub(super) struct ObjectsState {
    pub(super) topic: Option<Topic>,
    /// What a live look for the Cluster finds.
    pub(super) cluster: Option<Arc<Cluster>>,
    /// Writes that still succeed; then the operator is dead.
    pub(super) writes_left: Option<u32>,
    log: Vec<String>,
}

impl FakeObjects {
    pub(super) fn state(&self) -> MutexGuard<'_, ObjectsState> {
        self.state.lock().unwrap()
    }
}

impl ObjectsState {
    fn write(&mut self, line: String, change: impl FnOnce(&mut Topic)) -> Result<(), CallError> {
        match &mut self.writes_left {
            Some(0) => return Err(CallError::Late { operation: line }),
            Some(left) => *left -= 1,
            None => {}
        }
        self.log.push(line);
        if let Some(topic) = &mut self.topic {
            change(topic);
        }
        let free = |topic: &Topic| {
            topic.metadata.deletion_timestamp.is_some() && !finalizer::is_set(topic)
        };
        if self.topic.as_ref().is_some_and(free) {
            self.topic = None;
        }
        Ok(())
    }
}

impl Objects for FakeObjects {
    async fn write_status(&self, topic: &Topic, status: &TopicStatus) -> Result<(), CallError> {
        if topic.status.as_ref() == Some(status) {
            return Ok(());
        }
        let ready = crate::topic::status::ready(status).unwrap();
        let line = format!("status {}", ready.reason);
        let mut state = self.state();
        state.write(line, |topic| topic.status = Some(status.clone()))
    }

    async fn hold_back(&self, topic: &Topic) -> Result<(), CallError> {
        if finalizer::is_set(topic) {
            return Ok(());
        }
        self.state().write("finalizer set".to_owned(), |topic| {
            topic.metadata.finalizers = Some(vec![finalizer::FINALIZER.to_owned()]);
        })
    }

    async fn let_go(&self, topic: &Topic) -> Result<bool, CallError> {
        if !finalizer::is_set(topic) {
            return Ok(false);
        }
        self.state()
            .write("finalizer removed".to_owned(), |topic| {
                topic.metadata.finalizers = None;
            })?;
        Ok(true)
    }

    async fn tell(&self, _: &Topic, note: Note) {
        drop(self.state().write(note.to_string(), |_| {}));
    }

    async fn find_cluster(&self, _: &ObjectName) -> Result<Option<Cluster>, CallError> {
        Ok(self.state().cluster.as_deref().cloned())
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct World {
    pub(super) broker: FakeBroker,
    pub(super) objects: FakeObjects,
    pub(super) cluster: Option<Arc<Cluster>>,
    pub(super) owner: Option<ObjectName>,
    pub(super) heir: Option<ObjectName>,
    /// Seconds since the deletion.
    pub(super) seconds: i64,
    snapshots: Mutex<Arc<Snapshots>>,
    /// A view that stands in for what the brokers show.
    view: Mutex<Option<View>>,
}

fn tutorial() -> ObjectName {
    ObjectName {
        namespace: "default".to_owned(),
        name: "tutorial".to_owned(),
    }
}

async fn looking(broker: &FakeBroker) -> Arc<Snapshots> {
    let snapshots = Arc::new(Snapshots::new(Pace::of_resync(Duration::from_mins(1))));
    let endpoint = Endpoint {
        uid: "c".to_owned(),
        bootstrap: "tutorial:9092".to_owned(),
    };
    snapshots.attach(&tutorial(), endpoint, |_| broker.clone());
    snapshots.wakes().topics().await;
    snapshots
}

fn cluster() -> Cluster {
    serde_json::from_value(json!({
        "apiVersion": "eddyline.dev/v1alpha1", "kind": "Cluster",
        "metadata": {"name": "tutorial", "namespace": "default", "uid": "c"},
        "spec": {},
        "status": {"conditions": [{
            "type": "Ready", "status": "True", "reason": "Running", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }]},
    }))
    .unwrap()
}

impl World {
    /// A ready Cluster without topics, and a Topic that nobody looked at.
    pub(super) async fn new(spec: Value) -> Self {
        let topic = serde_json::from_value(json!({
            "apiVersion": "eddyline.dev/v1alpha1", "kind": "Topic",
            "metadata": {"name": "orders", "namespace": "default", "uid": "t", "generation": 1},
            "spec": spec,
        }))
        .unwrap();
        let broker = FakeBroker::new();
        let snapshots = looking(&broker).await;
        broker.take_calls();
        Self {
            broker,
            objects: FakeObjects {
                state: Mutex::new(ObjectsState {
                    topic: Some(topic),
                    ..ObjectsState::default()
                }),
            },
            cluster: Some(Arc::new(cluster())),
            owner: None,
            heir: None,
            seconds: 0,
            snapshots: Mutex::new(snapshots),
            view: Mutex::default(),
        }
    }

    /// The same with the topic made.
    pub(super) async fn settled(spec: Value) -> Self {
        let world = Self::new(spec).await;
        world.settle().await;
        world.take_log();
        world.broker.take_calls();
        world
    }

    pub(super) fn topic(&self) -> Topic {
        self.objects.state().topic.clone().unwrap()
    }

    pub(super) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.objects.state().log)
    }

    pub(super) fn broker_calls(&self) -> Vec<&'static str> {
        let calls = self.broker.take_calls();
        calls.into_iter().map(|(operation, _)| operation).collect()
    }

    /// One turn.
    pub(super) async fn turn(&self) -> Result<Outcome, TopicFault> {
        let snapshots = Arc::clone(&self.snapshots.lock().unwrap());
        let Some(topic) = self.objects.state().topic.clone() else {
            return Ok(Outcome::Gone);
        };
        let view = self.view.lock().unwrap().clone();
        let observed = Observed {
            cluster: self.cluster.clone(),
            view: view.or_else(|| snapshots.view(&tutorial())),
            owner: self.owner.clone(),
            heir: self.heir.clone(),
        };
        let turn = Turn {
            objects: &self.objects,
            snapshots: &snapshots,
            deadline: Duration::from_secs(30),
            now: Timestamp::from_second(self.seconds).unwrap(),
        };
        turn.run(&topic, &observed).await
    }

    /// Turns until nothing is to be done.
    pub(super) async fn settle(&self) {
        for _ in 0..10 {
            match self.turn().await {
                Ok(Outcome::Settled | Outcome::Gone) => return,
                Ok(Outcome::After(_)) | Err(_) => {}
            }
        }
        panic!("ten turns do not settle it: {:?}", self.objects.state());
    }

    /// The brokers are looked at now.
    pub(super) async fn look(&self) {
        self.view.lock().unwrap().take();
        let snapshots = Arc::clone(&self.snapshots.lock().unwrap());
        let looked = snapshots.change(&tutorial(), "none", Vec::new()).await;
        assert!(looked.unwrap().view.snapshot().is_some());
        self.broker.take_calls();
    }

    /// A new operator.
    pub(super) async fn restart(&self) {
        let new = looking(&self.broker).await;
        *self.snapshots.lock().unwrap() = new;
    }

    /// The brokers do not answer until the next look.
    pub(super) fn unreachable(&self, why: &str) {
        *self.view.lock().unwrap() = Some(View::Unreachable(why.to_owned()));
    }

    /// Nobody has looked at the brokers until the next look.
    pub(super) fn unseen(&self) {
        *self.view.lock().unwrap() = Some(View::Unseen);
    }

    pub(super) fn edit(&self, spec: Value) {
        let mut state = self.objects.state();
        let topic = state.topic.as_mut().unwrap();
        topic.spec = serde_json::from_value(spec).unwrap();
        topic.metadata.generation = topic.metadata.generation.map(|generation| generation + 1);
    }

    /// Somebody deletes the Topic.
    pub(super) fn delete(&self) {
        let mut state = self.objects.state();
        let topic = state.topic.as_mut().unwrap();
        if finalizer::is_set(topic) {
            topic.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
        } else {
            state.topic = None;
        }
    }

    /// The Cluster's own account.
    pub(super) fn cluster_is(&mut self, ready: &str, reason: &str) {
        let mut cluster = cluster();
        let condition = &mut cluster.status.as_mut().unwrap().conditions[0];
        condition.status = ready.to_owned();
        condition.reason = reason.to_owned();
        self.cluster = Some(Arc::new(cluster));
    }

    pub(super) fn cluster_going(&mut self) {
        let mut cluster = cluster();
        cluster.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
        self.cluster = Some(Arc::new(cluster));
    }
}
