//! What reconciling a Topic asks of Kubernetes, as a port; and Kubernetes behind it.

use crds::{Cluster, Topic, topic::TopicStatus};

use crate::{
    context::{Context, Kind},
    kubernetes::{
        call::{self, CallError},
        events::Note,
        finalizer,
        status::{self, Difference},
    },
    names::ObjectName,
};

/// The writes of a Topic's controller, and the one question that must not rest on a cache.
pub trait Objects: Send + Sync {
    /// Writes the status, where it differs from the one that `topic` has.
    fn write_status(
        &self,
        topic: &Topic,
        status: &TopicStatus,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Sets our finalizer, where it may be set and is not.
    fn hold_back(&self, topic: &Topic) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Removes our finalizer; whether it was set.
    fn let_go(&self, topic: &Topic) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// Tells what happened; never fails.
    fn tell(&self, topic: &Topic, note: Note) -> impl Future<Output = ()> + Send;

    /// Asks the API server itself for a Cluster.
    fn find_cluster(
        &self,
        name: &ObjectName,
    ) -> impl Future<Output = Result<Option<Cluster>, CallError>> + Send;
}

impl Objects for Context {
    async fn write_status(&self, topic: &Topic, status: &TopicStatus) -> Result<(), CallError> {
        status::write(self, Kind::Topic, topic, status, Difference::State).await?;
        Ok(())
    }

    async fn hold_back(&self, topic: &Topic) -> Result<(), CallError> {
        finalizer::add(self, topic).await
    }

    async fn let_go(&self, topic: &Topic) -> Result<bool, CallError> {
        finalizer::remove(self, topic).await
    }

    async fn tell(&self, topic: &Topic, note: Note) {
        self.events.publish(topic, note).await;
    }

    async fn find_cluster(&self, name: &ObjectName) -> Result<Option<Cluster>, CallError> {
        call::find(&self.client, name).await
    }
}
