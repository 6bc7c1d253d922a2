//! What becomes of the topics of objects that left the files: they stay, with a hint, unless `--prune` was given. Pure.

use crds::topic::DeletionPolicy;
use operator::names::ObjectName;
use operator::ports::broker_admin::Snapshot;
use operator::topic::claims::{Claim, owners};
use operator::topic::deletion::{Deletion, Leaving, deletion};
use operator::topic::{Action, Origin};

use super::{Survey, Wish};
use crate::laptop::documents::Id;
use crate::laptop::state::{KnownTopic, Remembered, State};

/// Adds to the survey what happens to the topics of objects that are in the state and not among `claims`.
pub(super) fn plan(
    survey: &mut Survey,
    wish: Wish<'_>,
    claims: &[Claim],
    state: &mut State,
    seen: &Snapshot,
) {
    let present = |id: &Id| wish.topics.iter().any(|topic| topic.id == *id);
    let gone: Vec<Id> = state
        .objects
        .keys()
        .filter(|id| id.kind == "Topic" && !present(id))
        .cloned()
        .collect();
    for id in gone {
        let Some(known) = state.objects.get_mut(&id) else {
            continue;
        };
        known.left = true;
        match known
            .topic
            .clone()
            .filter(|topic| seen.topics.contains_key(&topic.name))
        {
            None => survey.forget.push((id, String::new())),
            Some(topic) if wish.prune => prune(survey, claims, &id, known, topic),
            Some(topic) => {
                let name = topic.name;
                survey.report.notes.push(format!(
                    "topic {name} stays, though its Topic left the files; --prune deletes such topics, or: eddyline topic delete {name}"
                ));
            }
        }
    }
}

fn prune(survey: &mut Survey, claims: &[Claim], id: &Id, known: &Remembered, topic: KnownTopic) {
    let object = ObjectName {
        namespace: id.namespace.clone(),
        name: id.name.clone(),
    };
    let mut all = claims.to_vec();
    all.push(Claim {
        object: object.clone(),
        topic: topic.name.clone(),
        created: known.created,
    });
    let heir = claims.iter().find(|claim| claim.topic == topic.name);
    let spec = &known.object["spec"];
    let decided = deletion(&Leaving {
        policy: serde_json::from_value::<DeletionPolicy>(spec["deletionPolicy"].clone()).ok(),
        protected: spec["deletionProtection"] == true,
        origin: Some(if topic.made_here {
            Origin::Created
        } else {
            Origin::Adopted
        }),
        owner: owners(&all)
            .get(topic.name.as_str())
            .is_some_and(|owner| **owner == object),
        heir: heir.map(|claim| &claim.object),
    });
    match decided {
        Deletion::Delete => {
            survey.report.notes.push(format!(
                "topic {} is deleted: its Topic left the files",
                topic.name
            ));
            survey.actions.push(Action::Delete(topic.name.clone()));
        }
        Deletion::Keep(reason) => {
            survey
                .report
                .notes
                .push(format!("topic {} stays: {reason}", topic.name));
        }
    }
    survey.forget.push((id.clone(), topic.name));
}
