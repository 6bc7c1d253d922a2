//! A port that is timed: what it does is the port's behind it.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use super::broker_admin::{
    AdminError, Alteration, Amount, Answers, BrokerAdmin, Growth, NewTopic, Snapshot,
};
use crate::metrics::Metrics;

/// `A`, with the time of every call in the metrics.
#[derive(Debug)]
pub struct Measured<A> {
    admin: A,
    metrics: Arc<Metrics>,
}

impl<A> Measured<A> {
    /// Times `admin`.
    pub fn new(admin: A, metrics: Arc<Metrics>) -> Self {
        Self { admin, metrics }
    }

    async fn timed<T>(&self, api: &'static str, call: impl Future<Output = T> + Send) -> T {
        let started = Instant::now();
        let answer = call.await;
        self.metrics.admin_request(api, started.elapsed());
        answer
    }
}

impl<A: BrokerAdmin> BrokerAdmin for Measured<A> {
    async fn snapshot(&self) -> Result<Snapshot, AdminError> {
        self.timed("Snapshot", self.admin.snapshot()).await
    }

    async fn create_topics(&self, topics: &[NewTopic]) -> Result<Answers, AdminError> {
        let call = self.admin.create_topics(topics);
        self.timed("CreateTopics", call).await
    }

    async fn grow_partitions(&self, growths: &[Growth]) -> Result<Answers, AdminError> {
        let call = self.admin.grow_partitions(growths);
        self.timed("CreatePartitions", call).await
    }

    async fn alter_settings(&self, alterations: &[Alteration]) -> Result<Answers, AdminError> {
        let call = self.admin.alter_settings(alterations);
        self.timed("IncrementalAlterConfigs", call).await
    }

    async fn delete_topics(&self, names: &[String]) -> Result<Answers, AdminError> {
        let call = self.admin.delete_topics(names);
        self.timed("DeleteTopics", call).await
    }

    async fn amounts(
        &self,
        topics: &[(String, i32)],
    ) -> Result<BTreeMap<String, Amount>, AdminError> {
        self.timed("Amounts", self.admin.amounts(topics)).await
    }
}
