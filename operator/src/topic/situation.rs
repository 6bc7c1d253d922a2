//! How a Topic is, before it is put into the words of a status. Data only.

use crds::topic::{Drift, DriftPolicy};

use super::plan::Origin;
use crate::{
    Finding,
    names::ObjectName,
    ports::broker_admin::{Amount, ObservedTopic, TopicError},
};

/// Everything that can be said of a Topic. One of them holds at any time.
#[derive(Clone, Debug, PartialEq)]
pub enum Situation {
    /// `spec.paused`.
    Paused,
    /// No Cluster has the name that the spec gives.
    ClusterNotFound,
    /// The Cluster is being deleted.
    ClusterGoing,
    /// The Cluster is scaled to zero by its spec.
    ClusterStopped,
    /// The Cluster does not serve yet, or no longer, by its own account.
    ClusterNotReady,
    /// The Cluster counts as ready, and its brokers do not answer; why.
    BrokerUnreachable(String),
    /// The object is being deleted and its topic cannot be deleted yet; why.
    Leaving(String),
    /// Nobody has looked at the brokers yet.
    Unseen,
    /// The topic is not there and is about to be made.
    Making(Making),
    /// It was made, and the brokers do not show it yet.
    Made(Making),
    /// Somebody else made it in the moment before we did: it is looked at as one that was there.
    Taken,
    /// An older object names the same topic.
    Conflict(ObjectName),
    /// The spec cannot be carried out as it is written.
    Invalid(Vec<Finding>),
    /// The brokers refused a change for good.
    Refused(TopicError),
    /// The brokers refused a change for now.
    Postponed(TopicError),
    /// The topic is there.
    There(Box<There>),
}

/// A creation: what has to be known of it should its answer be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Making {
    /// The cluster that it is made in.
    pub cluster_id: Option<String>,
    /// It was there and is made again.
    pub again: bool,
}

/// A topic that is there, compared with its object after everything that could be done was done.
#[derive(Clone, Debug, PartialEq)]
pub struct There {
    /// The topic.
    pub topic: ObservedTopic,
    /// The cluster that it was seen in.
    pub cluster_id: Option<String>,
    /// Who made it.
    pub origin: Origin,
    /// Differences that were made elsewhere and that stay.
    pub drift: Vec<Drift>,
    /// What the object asks for and nobody can do; empty where that is drift.
    pub refusals: Vec<Finding>,
    /// Settings on an adopted topic that the object does not name and that stay.
    pub kept: Vec<String>,
    /// Why drift stays.
    pub drift_policy: DriftPolicy,
    /// How much of it there is; not asked for at each look.
    pub amount: Option<Amount>,
}
