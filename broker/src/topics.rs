//! Topics and the broker's own memory: names, ids, partitions, settings, the cluster id.
//!
//! All of it is records in one hidden metadata partition of the log. Planners ([`create`],
//! [`alter`]) are pure; the writer appends what they decided and shows it only once it is durable.
//! Knows no requests and no error codes.
//!
//! Entry type: [`Topics`].

pub mod alter;
pub mod create;
pub mod described;
pub mod draft;
pub mod error;
mod identity;
mod load;
pub mod name;
pub mod record;
pub mod state;
mod writer;

use std::ops::Range;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use wire::Uuid;

pub use alter::{ConfigChange, Operation};
pub use create::NewTopic;
pub use draft::Draft;
pub use error::{ChangeError, TopicError};
pub use load::LoadError;
pub use state::{State, Topic};

use crate::clock::Clock;
use crate::log::{Log, PartitionKey, Policy};
use crate::settings::{BrokerConfig, TopicSettings};
use record::{Configs, Record};
use writer::{Command, Writer};

/// Where the metadata records are. No topic has this id, so no request reaches it.
pub const METADATA: PartitionKey = PartitionKey {
    topic: Uuid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    partition: 0,
};

/// Changes that may wait for the writer.
const COMMANDS: usize = 64;

/// Handle on the topics; clones share them.
#[derive(Debug, Clone)]
pub struct Topics {
    state: watch::Receiver<Arc<State>>,
    commands: mpsc::Sender<Command>,
}

impl Topics {
    /// Replays the metadata partition, brings the log's partitions in line with it, and starts the
    /// writer. `new_cluster_id` is used when the folder has none yet. Blocks on disk.
    pub(crate) fn open(
        log: &Log,
        clock: &Clock,
        given: Arc<BrokerConfig>,
        new_cluster_id: &str,
    ) -> Result<Self, LoadError> {
        let state = Arc::new(load::load(log, clock, given, new_cluster_id)?);
        let (publish, published) = watch::channel(Arc::clone(&state));
        let (commands, queue) = mpsc::channel(COMMANDS);
        let writer = Writer::new(log.clone(), clock.clone(), state, publish);
        tokio::spawn(writer.run(queue));
        Ok(Self {
            state: published,
            commands,
        })
    }

    /// What is durable now: a view that does not change.
    pub fn view(&self) -> Arc<State> {
        Arc::clone(&self.state.borrow())
    }

    /// Follows every durable change.
    pub fn subscribe(&self) -> watch::Receiver<Arc<State>> {
        self.state.clone()
    }

    /// The topic of this name.
    pub fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        self.state.borrow().topic(name).cloned()
    }

    /// The topic with this id.
    pub fn topic_by_id(&self, id: Uuid) -> Option<Arc<Topic>> {
        self.state.borrow().topic_by_id(id).cloned()
    }

    /// Runs a planner on the newest state and makes what it decided durable. What the planner
    /// returns comes back when everything it can have seen is durable too, and visible in
    /// [`Topics::view`].
    ///
    /// # Errors
    /// [`ChangeError`]: nothing was changed. After [`ChangeError::Stopped`] that is not certain.
    pub async fn change<T: Send + 'static>(
        &self,
        plan: impl FnOnce(&mut Draft) -> T + Send + 'static,
    ) -> Result<T, ChangeError> {
        let (answer, answered) = oneshot::channel();
        let command: Command = Box::new(move |draft| {
            let planned = plan(draft);
            Box::new(move |written| {
                // The one who asked may be gone.
                let _ = answer.send(written.map(|()| planned));
            })
        });
        self.commands
            .send(command)
            .await
            .map_err(|_| ChangeError::Stopped)?;
        answered.await.map_err(|_| ChangeError::Stopped)?
    }

    /// Runs a planner without keeping what it decides: `validate_only`.
    pub fn rehearse<T>(&self, plan: impl FnOnce(&mut Draft) -> T) -> T {
        plan(&mut Draft::new(self.view()))
    }

    /// One of the broker's own topics, made when it is not there.
    ///
    /// # Errors
    /// [`ChangeError`] when it cannot be made now.
    pub async fn ensure_internal(
        &self,
        name: &'static str,
        partitions: i32,
        configs: Configs,
    ) -> Result<Arc<Topic>, ChangeError> {
        if let Some(topic) = self.topic(name) {
            return Ok(topic);
        }
        let id = random_id();
        let made = self.change(move |draft| {
            if draft.state().topic(name).is_none() {
                let name = name.to_owned();
                draft.push(Record::Topic {
                    name,
                    id,
                    partitions,
                    internal: true,
                    configs,
                });
            }
            draft.state().topic(name).cloned()
        });
        made.await?.ok_or(ChangeError::Stopped)
    }

    /// Producer ids that were never handed out and never will be again.
    ///
    /// # Errors
    /// [`ChangeError`] when that cannot be made durable now.
    pub async fn reserve_producer_ids(&self, count: u16) -> Result<Range<i64>, ChangeError> {
        self.change(move |draft| {
            let first = draft.state().next_producer_id();
            let next = first.saturating_add(i64::from(count));
            draft.push(Record::ProducerIds { next });
            first..next
        })
        .await
    }
}

/// A topic id that was never used before.
pub fn random_id() -> Uuid {
    Uuid(uuid::Uuid::new_v4().into_bytes())
}

/// What the log keeps of a partition whose topic has these settings.
fn policy(settings: &TopicSettings) -> Policy {
    let retention = |limit: Option<u64>| limit.filter(|_| settings.delete);
    Policy {
        retention_ms: retention(settings.retention_ms)
            .map(|limit| i64::try_from(limit).unwrap_or(i64::MAX)),
        retention_bytes: retention(settings.retention_bytes),
        segment_bytes: settings.segment_bytes,
        segment_ms: i64::try_from(settings.segment_ms).unwrap_or(i64::MAX),
        compaction: settings.compaction,
    }
}

/// The partitions of a topic.
pub(crate) fn keys(topic: &Topic) -> impl Iterator<Item = PartitionKey> + use<> {
    let id = topic.id;
    (0..topic.partitions).map(move |partition| PartitionKey {
        topic: id,
        partition,
    })
}

#[cfg(test)]
mod tests;
