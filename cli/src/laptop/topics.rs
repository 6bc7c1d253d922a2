//! Makes topics as their objects say, by the operator's own planning: a Topic means here what it means on Kubernetes.
//!
//! `survey` is pure; `reconcile` looks, carries out and remembers. What goes wrong with one topic leaves the others alone.

use std::collections::BTreeMap;

use crds::Topic;
use crds::cluster::Engine;
use operator::names::{ObjectName, kafka_topic};
use operator::ports::BrokerAdmin;
use operator::ports::broker_admin::{AdminError, Snapshot};
use operator::topic::apply::{Outcomes, apply};
use operator::topic::claims::{Claim, owners};
use operator::topic::{Action, ClusterFacts, Origin, Plan, plan, validate};

use crate::laptop::documents::{Id, Object};
use crate::laptop::state::{KnownTopic, Remembered, State};

mod leaving;

/// What the files say of topics.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    pub topics: &'a [Object<Topic>],
    pub engine: Engine,
    /// The Cluster's settings by their Kafka names.
    pub config: &'a BTreeMap<String, String>,
    /// Topics whose object left the files go too.
    pub prune: bool,
}

/// What came of it, for the screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Topics of the files that are there, with their partitions.
    pub present: Vec<(String, i32)>,
    /// What a person has to do something about.
    pub problems: Vec<String>,
    /// What was done beyond the plain wish, or left undone on purpose.
    pub notes: Vec<String>,
}

/// What to do, and what is known before anything is done.
#[derive(Debug, Default)]
struct Survey {
    actions: Vec<Action>,
    planned: Vec<(Id, String, Plan)>,
    /// Objects that left and whose topic goes with them, or is gone already.
    forget: Vec<(Id, String)>,
    report: Report,
}

/// Looks at the cluster, carries out what is missing, and remembers it in `state`.
///
/// # Errors
/// The cluster did not answer: nothing is known, and nothing was remembered.
pub async fn reconcile(
    admin: &impl BrokerAdmin,
    wish: Wish<'_>,
    state: &mut State,
) -> Result<Report, AdminError> {
    let before = admin.snapshot().await?;
    let mut survey = survey(wish, state, &before);
    let idle = survey.actions.is_empty();
    let outcomes = apply(admin, std::mem::take(&mut survey.actions)).await;
    for (topic, outcome) in &outcomes {
        if let Err(error) = outcome {
            survey
                .report
                .problems
                .push(format!("topic {topic}: {error}"));
        }
    }
    let after = if idle {
        before
    } else {
        admin.snapshot().await?
    };
    Ok(remember(survey, &outcomes, state, &after))
}

/// Plans every topic beside what is there.
fn survey(wish: Wish<'_>, state: &mut State, seen: &Snapshot) -> Survey {
    let mut survey = Survey::default();
    let facts = ClusterFacts {
        engine: wish.engine,
        brokers: seen.brokers,
        config: wish.config,
    };
    let claims: Vec<Claim> = wish
        .topics
        .iter()
        .map(|topic| claim(topic, state))
        .collect();
    let owners = owners(&claims);
    for (topic, claim) in wish
        .topics
        .iter()
        .zip(&claims)
        .filter(|(topic, _)| !topic.value.spec.paused)
    {
        match owners.get(claim.topic.as_str()) {
            Some(owner) if **owner != claim.object => {
                let place = topic.place_of("spec.topicName");
                survey.report.problems.push(format!(
                    "{place}: {}: Conflict: topic {} belongs to the Topic {owner}; name another one",
                    topic.id, claim.topic
                ));
            }
            _ => one(&mut survey, topic, &facts, state, seen),
        }
    }
    leaving::plan(&mut survey, wish, &claims, state, seen);
    survey
}

fn claim(topic: &Object<Topic>, state: &State) -> Claim {
    Claim {
        object: ObjectName {
            namespace: topic.id.namespace.clone(),
            name: topic.id.name.clone(),
        },
        topic: kafka_topic(&topic.value).to_owned(),
        created: state
            .objects
            .get(&topic.id)
            .map_or(i64::MAX, |known| known.created),
    }
}

fn one(
    survey: &mut Survey,
    topic: &Object<Topic>,
    facts: &ClusterFacts<'_>,
    state: &State,
    seen: &Snapshot,
) {
    let report = &mut survey.report;
    let valid = match validate(&topic.value, facts) {
        Ok(valid) => valid,
        Err(findings) => {
            let lines = findings
                .iter()
                .map(|f| format!("{}: {}", topic.place_of(&f.path), f.message));
            return report.problems.extend(lines);
        }
    };
    report.notes.extend(
        valid
            .notes
            .iter()
            .map(|note| format!("topic {}: {note}", valid.name)),
    );
    let forgotten = Remembered::default();
    let known = state.objects.get(&topic.id).unwrap_or(&forgotten);
    let history = known.history(&valid.name);
    let plan = plan(
        &valid,
        seen.topics.get(&valid.name),
        &history,
        seen.cluster_id.as_deref(),
    );

    report.problems.extend(
        plan.refusals
            .iter()
            .map(|f| format!("{}: {}", topic.place_of(&f.path), f.message)),
    );
    if plan.recreated {
        report.notes.push(format!(
            "topic {} was deleted elsewhere and is made again, empty",
            valid.name
        ));
    }
    if plan.origin == Origin::Adopted && history.origin.is_none() {
        let kept = if plan.kept.is_empty() {
            String::new()
        } else {
            format!("; it keeps {}", plan.kept.join(", "))
        };
        report.notes.push(format!(
            "topic {} was there before and is adopted{kept}",
            valid.name
        ));
    }
    for drift in &plan.drift {
        let found = drift.found.as_deref().unwrap_or("unset");
        let want = drift.want.as_deref().unwrap_or("unset");
        let policy = if plan.actions.is_empty() {
            "left as it is"
        } else {
            "set right"
        };
        report.notes.push(format!(
            "topic {}: {} was changed elsewhere to {found}, wanted is {want}: {policy}",
            valid.name, drift.key
        ));
    }
    survey.actions.extend(plan.actions.iter().cloned());
    survey.planned.push((topic.id.clone(), valid.name, plan));
}

/// Writes down what holds now. A topic whose change failed is looked at anew the next time.
fn remember(survey: Survey, outcomes: &Outcomes, state: &mut State, seen: &Snapshot) -> Report {
    let Survey {
        planned,
        forget,
        mut report,
        ..
    } = survey;
    let failed = |topic: &str| outcomes.get(topic).is_some_and(Result::is_err);
    for (id, topic, plan) in planned {
        let Some(there) = seen.topics.get(&topic) else {
            continue;
        };
        report.present.push((topic.clone(), there.partitions));
        if failed(&topic) {
            continue;
        }
        if let Some(known) = state.objects.get_mut(&id) {
            known.topic = Some(KnownTopic {
                name: topic,
                made_here: plan.origin == Origin::Created,
                cluster_id: seen.cluster_id.clone(),
                topic_id: there.id.clone(),
                settled: known.generation,
            });
        }
    }
    for (id, topic) in forget {
        if !failed(&topic) {
            state.objects.remove(&id);
        }
    }
    report
}

#[cfg(test)]
mod tests;
