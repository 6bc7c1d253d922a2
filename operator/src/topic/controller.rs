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
