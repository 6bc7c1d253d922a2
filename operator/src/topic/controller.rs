//! The Topic controller: who takes turns, and what each turn is given.

use std::sync::Arc;

use crds::{Topic, TopicSpec};
use jiff::Timestamp;
use kube::{ResourceExt, core::ObjectMeta};
use tokio_util::sync::CancellationToken;

use super::{
    events::{self, Parting},
    leave::{Departure, depart, hold},
    objects::Objects,
    observe::{Observed, cluster_of, rivals, same_topic},
    reconcile::{TopicFault, Turn},
    situation::Situation,
    status::status,
};
use crate::{
    Finding,
    context::{Context, Kind},
    kubernetes::{
        controller::{self, Outcome},
        finalizer,
    },
    names::{ObjectName, kafka_topic},
};

/// Turns at once: a batch of changes gathers no more than that.
const CONCURRENCY: usize = 512;

/// Runs until `stop`.
pub async fn controller(context: Arc<Context>, stop: CancellationToken) {
    controller::run(Kind::Topic, CONCURRENCY, context, stop, reconcile).await;
}

async fn reconcile(context: Arc<Context>, name: ObjectName) -> Result<Outcome, TopicFault> {
    let stores = &context.stores;
    let turn = Turn {
        objects: context.as_ref(),
        snapshots: &context.snapshots,
        deadline: context.settings.topic_deletion_deadline,
        now: Timestamp::now(),
    };
    if let Some(metadata) = stores.topics.faulty_and_going(&name) {
        return unreadable_goes(&context, metadata).await;
    }
    let Some(topic) = stores.topics.get(&name) else {
        return gone(&context, &turn, &name).await;
    };
    if let Some(fault) = stores.topics.fault(&name) {
        return unreadable(&context, &topic, fault).await;
    }
    turn.run(&topic, &observe(&context, &topic)).await
}

/// An object that went while nothing held it back: its topic may have to go, too.
async fn gone(
    context: &Context,
    turn: &Turn<'_, Context>,
    name: &ObjectName,
) -> Result<Outcome, TopicFault> {
    let Some(last) = context.departed.find(name) else {
        return Ok(Outcome::Gone);
    };
    let around = observe(context, &last);
    // A namespace that goes may have taken the right to ask; that is no reason to ask for ever.
    let late = matches!(
        hold(&last, "", turn.now, turn.deadline),
        Departure::LetGo(_)
    );
    // Nothing holds the name for a topic whose time is over: by now it may be somebody else's.
    if late && depart(&last, &around, turn.now, turn.deadline) == Departure::Delete {
        let parting = Parting::Orphaned("its time to go is over".to_owned());
        let note = events::of_parting(kafka_topic(&last), &last.spec.cluster, &parting);
        turn.objects.tell(&last, note).await;
        context.departed.forget(name);
        return Ok(Outcome::Gone);
    }
    match turn.leave(&last, &around).await {
        Ok(Outcome::Gone) => {}
        Err(error) if late => {
            tracing::warn!(topic = %name, %error, "the topic of a Topic that went stays");
        }
        waiting => return waiting,
    }
    context.departed.forget(name);
    Ok(Outcome::Gone)
}

/// The schema keeps such objects out; one that was stored before it is told apart here.
async fn unreadable(
    context: &Context,
    topic: &Topic,
    fault: String,
) -> Result<Outcome, TopicFault> {
    let situation = Situation::Invalid(vec![Finding::new("spec", fault)]);
    let status = status(topic, &situation, Timestamp::now());
    context.write_status(topic, &status).await?;
    Ok(Outcome::Settled)
}

/// What does not decode cannot say what is to become of its topic: a doubt, which keeps it.
async fn unreadable_goes(context: &Context, metadata: ObjectMeta) -> Result<Outcome, TopicFault> {
    let mut topic = Topic::new("", TopicSpec::default());
    topic.metadata = metadata;
    if finalizer::remove(context, &topic).await? {
        context
            .events
            .publish(&topic, events::of_unreadable())
            .await;
    }
    Ok(Outcome::Settled)
}

fn observe(context: &Context, topic: &Topic) -> Observed {
    let stores = &context.stores;
    let cluster = cluster_of(topic);
    let claimants = stores
        .topics
        .select(|other| same_topic(topic, other) && other.uid() != topic.uid());
    let (owner, heir) = rivals(topic, &claimants);
    Observed {
        cluster: stores.clusters.get(&cluster),
        view: context.snapshots.view(&cluster),
        owner,
        heir,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{Router, http::StatusCode};
    use crds::Cluster;
    use kube::Client;
    use serde_json::json;

    use super::*;
    use crate::{
        kubernetes::store::Change, ports::fake_broker::FakeBroker, settings::Settings,
        snapshots::Endpoint,
    };

    fn name(name: &str) -> ObjectName {
        ObjectName {
            namespace: "n".to_owned(),
            name: name.to_owned(),
        }
    }

    /// An operator with Roles only, a Cluster `c`, and its broker's topic `t` (`id-1`).
    async fn context(broker: &FakeBroker) -> Arc<Context> {
        let api_server = Router::new().fallback(async || StatusCode::FORBIDDEN);
        let settings = Settings {
            namespaces: vec!["n".to_owned()],
            resync: Duration::from_mins(10),
            image: "eddyline".to_owned(),
            lease_namespace: "n".to_owned(),
            lease_name: "operator".to_owned(),
            identity: "me".to_owned(),
            admin_listen: ([127, 0, 0, 1], 0).into(),
            topic_deletion_deadline: Duration::from_secs(30),
        };
        let context = Arc::new(Context::new(Client::new(api_server, "n"), settings));
        let cluster: Cluster = serde_json::from_value(json!({
            "apiVersion": "eddyline.dev/v1alpha1", "kind": "Cluster",
            "metadata": {"name": "c", "namespace": "n", "uid": "c"}, "spec": {},
        }))
        .unwrap();
        context.stores.clusters.accept(cluster);
        broker.make("t", 1, &[]);
        let endpoint = Endpoint {
            uid: "c".to_owned(),
            bootstrap: "c:9092".to_owned(),
        };
        let snapshots = &context.snapshots;
        snapshots.attach(&name("c"), endpoint, |_| broker.clone());
        snapshots.change(&name("c"), "t", Vec::new()).await.unwrap();
        context
    }

    #[tokio::test]
    async fn a_topic_goes_after_its_object_while_there_is_time() {
        for (seconds_ago, stays) in [(0, false), (31, true)] {
            let broker = FakeBroker::new();
            let context = context(&broker).await;
            let topic: Topic = serde_json::from_value(json!({
                "apiVersion": "eddyline.dev/v1alpha1", "kind": "Topic",
                "metadata": {"name": "t", "namespace": "n", "uid": "t"},
                "spec": {"cluster": "c"},
                "status": {"adopted": false, "clusterId": "k", "topicId": "id-1", "partitions": 1},
            }))
            .unwrap();
            let went = Change {
                name: name("t"),
                before: Some(Arc::new(topic)),
                after: None,
            };
            let now = Timestamp::now() - jiff::SignedDuration::from_secs(seconds_ago);
            context.departed.note(&went, now);
            let outcome = reconcile(context.clone(), name("t")).await.unwrap();
            assert_eq!(outcome, Outcome::Gone);
            assert!(context.departed.find(&name("t")).is_none());
            let left = broker.state().cluster.topics.contains_key("t");
            assert_eq!(left, stays, "{seconds_ago} s ago");
        }
    }
}
