//! The admin side of a Kafka cluster: its topics and their settings.
//!
//! All calls are batches, so that hundreds of topics cost a handful of requests.

use std::collections::{BTreeMap, BTreeSet};

/// What the operator asks of a Kafka cluster.
///
/// The outer error means that the cluster was not reached or did not answer, and nothing is known
/// about any topic of the call. The inner one is the cluster's answer for one topic; answers come
/// for every topic asked for, in any order.
pub trait BrokerAdmin: Send + Sync {
    /// All topics of the cluster and their settings, internal topics included.
    fn snapshot(&self) -> impl Future<Output = Result<Snapshot, AdminError>> + Send;

    /// Makes topics. One that exists answers [`TopicErrorKind::AlreadyExists`].
    fn create_topics(
        &self,
        topics: &[NewTopic],
    ) -> impl Future<Output = Result<Answers, AdminError>> + Send;

    /// Raises partition counts.
    fn grow_partitions(
        &self,
        growths: &[Growth],
    ) -> impl Future<Output = Result<Answers, AdminError>> + Send;

    /// Sets and removes single settings and leaves all others as they are.
    fn alter_settings(
        &self,
        alterations: &[Alteration],
    ) -> impl Future<Output = Result<Answers, AdminError>> + Send;

    /// Deletes topics and their records.
    fn delete_topics(
        &self,
        names: &[String],
    ) -> impl Future<Output = Result<Answers, AdminError>> + Send;

    /// How much there is of topics, given with their partitions. Topics that are not wholly on the
    /// broker that answers are left out: the number is for people, and a wrong one is worse than none.
    fn amounts(
        &self,
        topics: &[(String, i32)],
    ) -> impl Future<Output = Result<BTreeMap<String, Amount>, AdminError>> + Send;
}

/// How much of a topic there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Records: the distance from the first offset to the end, over all partitions.
    pub records: i64,
    /// Bytes on disk, of one copy.
    pub bytes: i64,
}

/// The cluster's answer for each topic of a call, by topic name.
pub type Answers = BTreeMap<String, Result<(), TopicError>>;

/// Why a call got no answer at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ask the broker at {bootstrap} for {operation}: {reason}")]
pub struct AdminError {
    /// Where the call went.
    pub bootstrap: String,
    /// What was asked for, for example `its topics`.
    pub operation: &'static str,
    /// What went wrong, from the connection or the decoder.
    pub reason: String,
}

/// Why the cluster refused one topic's change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation} topic {topic}: {message}")]
pub struct TopicError {
    /// What was asked for: `create`, `grow`, `alter` or `delete`.
    pub operation: &'static str,
    /// The topic.
    pub topic: String,
    /// What kind of refusal it is.
    pub kind: TopicErrorKind,
    /// The broker's text, or the name of its error code where it sent none.
    pub message: String,
}

/// What a refusal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicErrorKind {
    /// The topic exists already; looking again shows it.
    AlreadyExists,
    /// The topic is not there; looking again shows that.
    NotFound,
    /// The request cannot be carried out as it is; the object has to change.
    Invalid,
    /// The same request may succeed later.
    Transient,
}

/// A cluster at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The id that the brokers report.
    pub cluster_id: Option<String>,
    /// How many brokers there are.
    pub brokers: i32,
    /// Every topic by its name.
    pub topics: BTreeMap<String, ObservedTopic>,
}

/// A topic as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedTopic {
    /// The topic's id; `None` from brokers that have none.
    pub id: Option<String>,
    /// Number of partitions.
    pub partitions: i32,
    /// Copies of each partition.
    pub replicas: i32,
    /// Settings in effect by their Kafka names.
    pub settings: BTreeMap<String, Setting>,
}

/// A setting in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The value; `None` where the broker keeps it to itself.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: SettingOrigin,
}

/// Where a setting in effect comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingOrigin {
    /// Set on the topic itself.
    Topic,
    /// The broker's or the program's default.
    Default,
}

/// A topic to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// The topic's name.
    pub name: String,
    /// Number of partitions, from 1.
    pub partitions: i32,
    /// Copies of each partition, from 1.
    pub replicas: i32,
    /// Settings by their Kafka names.
    pub settings: BTreeMap<String, String>,
}

/// A partition count to raise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The topic's name.
    pub name: String,
    /// The new count, above the old one.
    pub partitions: i32,
}

/// Settings to change on one topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alteration {
    /// The topic's name.
    pub name: String,
    /// Settings to set.
    pub set: BTreeMap<String, String>,
    /// Settings to take off the topic, so that the default holds again.
    pub remove: BTreeSet<String>,
}
