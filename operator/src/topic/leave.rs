//! A Topic that is being deleted: from what is known to what to do. Pure.

use std::time::Duration;

use crds::Topic;
use jiff::Timestamp;

use super::{
    deletion::{Deletion, Leaving, deletion},
    events::Parting,
    memory,
    observe::Observed,
    plan::{Origin, as_made},
    validate::{ClusterFacts, validate},
};
use crate::{
    ports::broker_admin::{ObservedTopic, Snapshot},
    snapshots::View,
};

/// What to do about a Topic that is being deleted and has our finalizer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Departure {
    /// Nothing is left to do: let the object go.
    LetGo(Parting),
    /// Delete the topic first.
    Delete,
    /// The Cluster is not known here: ask the API server itself whether it is gone.
    AskForCluster,
    /// The brokers cannot be asked, and why; wait this much longer at most.
    Hold(String, Duration),
}

/// Decides about `topic`, `deadline` after its deletion at the latest.
pub fn depart(topic: &Topic, observed: &Observed, now: Timestamp, deadline: Duration) -> Departure {
    let leaving = Leaving {
        policy: topic.spec.deletion_policy,
        protected: topic.spec.deletion_protection,
        origin: origin(topic, observed),
        owner: observed.owner.is_none(),
        heir: observed.heir.as_ref(),
    };
    if let Deletion::Keep(why) = deletion(&leaving) {
        return Departure::LetGo(Parting::Kept(why));
    }
    let Some(cluster) = &observed.cluster else {
        return Departure::AskForCluster;
    };
    if cluster.metadata.deletion_timestamp.is_some() {
        return Departure::LetGo(Parting::WithCluster);
    }
    match &observed.view {
        Some(View::Seen(_)) => Departure::Delete,
        Some(View::Unreachable(why)) => hold(topic, why, now, deadline),
        Some(View::Unseen) => hold(topic, "its brokers were not looked at yet", now, deadline),
        None => hold(topic, "its Cluster is stopped", now, deadline),
    }
}

/// What to do when the brokers cannot be asked, or refuse: `why`.
pub fn hold(topic: &Topic, why: &str, now: Timestamp, deadline: Duration) -> Departure {
    let since = topic.metadata.deletion_timestamp.as_ref();
    let waited = since.map_or(0, |since| now.duration_since(since.0).as_millis());
    let waited = Duration::from_millis(u64::try_from(waited).unwrap_or(0));
    match deadline.checked_sub(waited) {
        Some(rest) if !rest.is_zero() => Departure::Hold(why.to_owned(), rest),
        _ => Departure::LetGo(Parting::Orphaned(why.to_owned())),
    }
}

/// Who made the topic that is there now under the name: nobody we know where it is in another
/// cluster, somebody else where its id is another one, and nobody we know where a creation was
/// begun and something else came of it.
fn origin(topic: &Topic, observed: &Observed) -> Option<Origin> {
    let history = memory::history(topic);
    let Some(View::Seen(snapshot)) = &observed.view else {
        return history.origin;
    };
    if history.cluster_id.is_some() && history.cluster_id != snapshot.cluster_id {
        return None;
    }
    let there = snapshot.topics.get(crate::names::kafka_topic(topic));
    if history.intent && there.is_some_and(|there| !may_be_ours(topic, observed, snapshot, there)) {
        return None;
    }
    match (&history.topic_id, there.and_then(|there| there.id.as_ref())) {
        (Some(known), Some(found)) if known != found => history.origin.map(|_| Origin::Adopted),
        _ => history.origin,
    }
}

/// Whether `there` is what the creation that was begun for `topic` leads to; a doubt keeps the data.
fn may_be_ours(
    topic: &Topic,
    observed: &Observed,
    snapshot: &Snapshot,
    there: &ObservedTopic,
) -> bool {
    let Some(cluster) = &observed.cluster else {
        return false;
    };
    let facts = ClusterFacts {
        engine: cluster.spec.engine,
        brokers: snapshot.brokers,
        config: &cluster.spec.config,
    };
    validate(topic, &facts).is_ok_and(|valid| as_made(&valid, there))
}
