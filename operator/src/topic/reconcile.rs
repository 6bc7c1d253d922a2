//! One turn of one Topic: looks at what is known, does what was decided, says how it is.
//!
//! Order makes it safe to die at any point: the finalizer is set and the intent written before a
//! topic is made, and the topic is gone before the finalizer is. Every step may be repeated.

use std::{borrow::Cow, time::Duration};

use crds::{Topic, topic::DriftPolicy, topic::TopicStatus};
use jiff::Timestamp;
use tokio::time::sleep;

use super::{
    apply::ApplyError,
    decide::{Decision, Look, decide},
    deletion::{Deletion, Leaving, deletion},
    events,
    leave::{Departure, depart, hold},
    memory,
    objects::Objects,
    observe::{Observed, cluster_of},
    plan::{Action, Origin},
    situation::{Making, Situation, There},
    status::status,
};
use crate::{
    kubernetes::{
        call::CallError,
        controller::{Fault, Outcome},
        events::Note,
        finalizer,
    },
    names::kafka_topic,
    ports::broker_admin::{TopicError, TopicErrorKind},
    snapshots::{Changed, Snapshots, View},
};

#[cfg(test)]
mod tests;

/// Waits between looks for a change that brokers carried out and do not show yet.
const SHOWN_LATER: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];

/// How often a topic that cannot be deleted yet is tried again.
const LEAVING: Duration = Duration::from_secs(2);

/// Why a turn failed; the next one starts from the beginning.
#[derive(Debug, thiserror::Error)]
pub enum TopicFault {
    /// The API server.
    #[error(transparent)]
    Kubernetes(#[from] CallError),
    /// The brokers.
    #[error(transparent)]
    Broker(#[from] ApplyError),
    /// The Cluster went, or moved, while a change was under way.
    #[error("the Cluster went, or its servers changed, while topic {0} was being changed")]
    Interrupted(String),
    /// The brokers said yes and do not show the topic.
    #[error("topic {0} was changed and the brokers do not show it")]
    NotShown(String),
}

impl Fault for TopicFault {
    fn category(&self) -> &'static str {
        match self {
            Self::Kubernetes(error) => error.category(),
            Self::Broker(ApplyError::Unreachable(_)) => "BrokerUnreachable",
            Self::Broker(ApplyError::Refused(_)) => "BrokerRefused",
            Self::Interrupted(_) => "Interrupted",
            Self::NotShown(_) => "NotShown",
        }
    }
}

/// What a turn works with.
#[derive(Debug)]
pub struct Turn<'a, O> {
    /// Kubernetes.
    pub objects: &'a O,
    /// The brokers.
    pub snapshots: &'a Snapshots,
    /// How long a Topic that is being deleted waits for brokers that do not answer.
    pub deadline: Duration,
    /// The time of day.
    pub now: Timestamp,
}

impl<O: Objects> Turn<'_, O> {
    /// Makes the topic as `topic` says, or sees it off.
    pub async fn run(&self, topic: &Topic, observed: &Observed) -> Result<Outcome, TopicFault> {
        if topic.metadata.deletion_timestamp.is_some() {
            if finalizer::is_set(topic) {
                return self.leave(topic, observed).await;
            }
            // Somebody else's finalizer holds it; nothing of it is ours any more.
            return Ok(Outcome::Settled);
        }
        match decide(topic, observed) {
            Decision::Wait => Ok(Outcome::Settled),
            Decision::Report(Situation::Paused, _) => {
                self.report(topic, &Situation::Paused, Vec::new()).await?;
                Ok(Outcome::Settled)
            }
            Decision::Report(situation, look) => {
                let look = look.as_deref();
                let origin = look.map(|look| look.plan.origin);
                let origin = origin.or_else(|| memory::history(topic).origin);
                let owner = !matches!(situation, Situation::Conflict(_));
                self.keep_finalizer(topic, origin, owner).await?;
                let notes = look.map(events::of_finding).unwrap_or_default();
                let situation = self.measured(topic, situation).await;
                self.report(topic, &situation, notes).await?;
                Ok(Outcome::Settled)
            }
            Decision::Carry(look) => self.carry(topic, &look).await,
        }
    }

    /// Has our finalizer where the topic would be deleted with the object, and nowhere else.
    async fn keep_finalizer(
        &self,
        topic: &Topic,
        origin: Option<Origin>,
        owner: bool,
    ) -> Result<(), CallError> {
        let leaving = Leaving {
            policy: topic.spec.deletion_policy,
            protected: topic.spec.deletion_protection,
            origin,
            owner,
            heir: None,
        };
        match deletion(&leaving) {
            Deletion::Delete => self.objects.hold_back(topic).await,
            Deletion::Keep(_) => self.objects.let_go(topic).await.map(drop),
        }
    }

    /// Writes the status, and tells `notes` and the transition where it says something new.
    async fn report(
        &self,
        topic: &Topic,
        situation: &Situation,
        notes: Vec<Note>,
    ) -> Result<TopicStatus, CallError> {
        let after = status(topic, situation, self.now);
        if topic.status.as_ref() == Some(&after) {
            return Ok(after);
        }
        self.objects.write_status(topic, &after).await?;
        let policy = match situation {
            Situation::There(there) => there.drift_policy,
            _ => DriftPolicy::default(),
        };
        let transition = events::of_transition(topic.status.as_ref(), &after, policy);
        for note in notes.into_iter().chain(transition) {
            self.objects.tell(topic, note).await;
        }
        Ok(after)
    }

    async fn carry(&self, topic: &Topic, look: &Look) -> Result<Outcome, TopicFault> {
        self.keep_finalizer(topic, Some(look.plan.origin), true)
            .await?;
        let begun = look.history.intent && look.history.cluster_id == look.cluster_id;
        let mut topic = Cow::Borrowed(topic);
        if look.before.is_none() && !begun {
            let making = Situation::Making(look.making());
            let intent = self.report(&topic, &making, Vec::new()).await?;
            topic.to_mut().status = Some(intent);
        }
        let actions = look.plan.actions.clone();
        let changed = self.change(&topic, actions).await?;
        match changed.outcome.clone() {
            Ok(()) => self.carried_out(&topic, look, changed).await,
            Err(ApplyError::Refused(error)) => {
                self.refused(&topic, begun, error, &changed.view).await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn change(&self, topic: &Topic, actions: Vec<Action>) -> Result<Changed, TopicFault> {
        let name = kafka_topic(topic);
        let cluster = cluster_of(topic);
        let changed = self.snapshots.change(&cluster, name, actions).await;
        changed.ok_or_else(|| TopicFault::Interrupted(name.to_owned()))
    }

    /// Adds how much of the topic there is, where its status is going to be written anyway.
    async fn measured(&self, topic: &Topic, situation: Situation) -> Situation {
        match situation {
            Situation::There(there) if self.is_news(topic, &there) => {
                let measured = self.change(topic, Vec::new()).await;
                Situation::There(Box::new(There {
                    amount: measured.ok().and_then(|changed| changed.amount),
                    ..*there
                }))
            }
            other => other,
        }
    }

    fn is_news(&self, topic: &Topic, there: &There) -> bool {
        let situation = Situation::There(Box::new(there.clone()));
        topic.status.as_ref() != Some(&status(topic, &situation, self.now))
    }

    /// Waits a moment until the brokers show the change, and says what they show.
    async fn carried_out(
        &self,
        topic: &Topic,
        look: &Look,
        mut changed: Changed,
    ) -> Result<Outcome, TopicFault> {
        for wait in SHOWN_LATER {
            let there = look.shown(&changed);
            if there.is_some_and(|there| look.is_done(&there)) {
                break;
            }
            sleep(wait).await;
            changed = self.change(topic, Vec::new()).await?;
        }
        let there = look.shown(&changed);
        let shown = there.is_some();
        let situation = match there {
            Some(there) => Some(Situation::There(Box::new(there))),
            None if look.before.is_none() => Some(Situation::Made(look.making())),
            None => None,
        };
        let mut written = Ok(());
        if let Some(situation) = situation {
            let found = events::of_finding(look);
            written = self.report(topic, &situation, found).await.map(drop);
        }
        // What was done is told even where the status says the same as before, or was not written.
        for note in events::of_changes(look) {
            self.objects.tell(topic, note).await;
        }
        written?;
        if shown {
            Ok(Outcome::Settled)
        } else {
            Err(TopicFault::NotShown(look.valid.name.clone()))
        }
    }

    /// `begun`: an earlier turn had begun to make the topic, so that one that is there may be ours.
    async fn refused(
        &self,
        topic: &Topic,
        begun: bool,
        error: TopicError,
        view: &View,
    ) -> Result<Outcome, TopicFault> {
        match error.kind {
            TopicErrorKind::AlreadyExists if !begun => {
                self.report(topic, &Situation::Taken, Vec::new()).await?;
                let seen = view.snapshot().map(|snapshot| &snapshot.topics);
                if seen.is_some_and(|topics| topics.contains_key(kafka_topic(topic))) {
                    return Ok(Outcome::After(Duration::ZERO));
                }
                // Taken and not shown: asked again at once it would be the same, for ever.
                Err(ApplyError::Refused(error).into())
            }
            // The look that followed shows it, or that it is gone.
            TopicErrorKind::AlreadyExists | TopicErrorKind::NotFound => {
                Err(ApplyError::Refused(error).into())
            }
            TopicErrorKind::Invalid => {
                self.report(topic, &Situation::Refused(error), Vec::new())
                    .await?;
                Ok(Outcome::Settled)
            }
            TopicErrorKind::Transient => {
                let situation = Situation::Postponed(error.clone());
                self.report(topic, &situation, Vec::new()).await?;
                Err(ApplyError::Refused(error).into())
            }
        }
    }

    /// Sees off a Topic that is being deleted: first its topic where that goes too, then the object.
    pub async fn leave(&self, topic: &Topic, observed: &Observed) -> Result<Outcome, TopicFault> {
        let mut departure = depart(topic, observed, self.now, self.deadline);
        if departure == Departure::AskForCluster {
            departure = self.ask_for_cluster(topic).await?;
        }
        if departure == Departure::Delete {
            departure = self.delete(topic, observed).await;
        }
        match departure {
            Departure::LetGo(parting) => {
                let (name, cluster) = (kafka_topic(topic), &topic.spec.cluster);
                let note = events::of_parting(name, cluster, &parting);
                let let_go = self.objects.let_go(topic).await?;
                // Told once, by whoever let it go: a cache may show the object a moment longer.
                if let_go || !finalizer::is_set(topic) {
                    self.objects.tell(topic, note).await;
                }
                Ok(Outcome::Gone)
            }
            Departure::Hold(why, rest) => {
                let leaving = Situation::Leaving(why);
                self.report(topic, &leaving, Vec::new()).await?;
                Ok(Outcome::After(rest.min(LEAVING)))
            }
            Departure::AskForCluster | Departure::Delete => Ok(Outcome::After(LEAVING)),
        }
    }

    async fn ask_for_cluster(&self, topic: &Topic) -> Result<Departure, CallError> {
        let found = self.objects.find_cluster(&cluster_of(topic)).await?;
        let stays = found.is_some_and(|cluster| cluster.metadata.deletion_timestamp.is_none());
        Ok(if stays {
            hold(topic, "its Cluster was just made", self.now, self.deadline)
        } else {
            Departure::LetGo(events::Parting::WithCluster)
        })
    }

    /// Topics are deleted by name, and the last look may be a resync old: what is there now under
    /// the name decides.
    async fn delete(&self, topic: &Topic, observed: &Observed) -> Departure {
        let now = match self.change(topic, Vec::new()).await {
            Ok(looked) => Observed {
                view: Some(looked.view),
                ..observed.clone()
            },
            Err(error) => return hold(topic, &error.to_string(), self.now, self.deadline),
        };
        let departure = depart(topic, &now, self.now, self.deadline);
        if departure != Departure::Delete {
            return departure;
        }
        let deletion = Action::Delete(kafka_topic(topic).to_owned());
        let changed = self.change(topic, vec![deletion]).await;
        let why = match changed.map(|changed| changed.outcome) {
            Ok(Ok(())) => return Departure::LetGo(events::Parting::Deleted),
            Ok(Err(ApplyError::Refused(error))) if error.kind == TopicErrorKind::NotFound => {
                return Departure::LetGo(events::Parting::Deleted);
            }
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        hold(topic, &why, self.now, self.deadline)
    }
}

impl Look {
    fn making(&self) -> Making {
        Making {
            cluster_id: self.cluster_id.clone(),
            again: self.plan.recreated,
        }
    }

    /// The topic as the brokers show it after a change.
    fn shown(&self, changed: &Changed) -> Option<There> {
        let topic = changed.view.snapshot()?.topics.get(&self.valid.name)?;
        Some(There {
            amount: changed.amount,
            ..self.there(topic)
        })
    }

    /// Whether nothing differs but what nobody can change.
    fn is_done(&self, there: &There) -> bool {
        let mut refused = self.plan.refusals.iter();
        there
            .drift
            .iter()
            .all(|drift| refused.any(|refusal| refusal.path == format!("spec.{}", drift.key)))
    }
}
