//! Compares a Topic with what is there and says what to do. Pure; it cannot fail: what cannot be
//! done is a refusal in the plan.

use std::collections::{BTreeMap, BTreeSet};

use crds::topic::{Drift, DriftPolicy};

use super::validate::ValidatedTopic;
use crate::{
    Finding,
    ports::broker_admin::{Alteration, Growth, NewTopic, ObservedTopic, Setting, SettingOrigin},
};

#[cfg(test)]
mod tests;

/// Overrides that a tool sets while it moves data; removing one would break its work.
const TOOL_OVERRIDES: &str = ".throttled.replicas";

/// What is remembered of a topic between two looks at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Who made the topic; `None` before the first look.
    pub origin: Option<Origin>,
    /// The cluster's id when the topic was last seen.
    pub cluster_id: Option<String>,
    /// The topic's id when it was last seen.
    pub topic_id: Option<String>,
    /// The topic was not there, its creation was begun, and nobody has seen it since: whoever began
    /// may have died before or after the broker heard of it.
    pub intent: bool,
    /// Whether the spec as it is now was carried out before, so that a difference is drift and no
    /// wish.
    pub settled: bool,
}

/// Who made a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The object did: what it does not name is removed, and the topic goes with it.
    Created,
    /// It was there before: what the object does not name stays.
    Adopted,
}

/// One change of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make it.
    Create(NewTopic),
    /// Raise its partition count.
    Grow(Growth),
    /// Change its settings.
    Alter(Alteration),
    /// Delete it with its records.
    Delete(String),
}

/// What to do about a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The changes, in order; none when everything is as it should be.
    pub actions: Vec<Action>,
    /// Differences from the object that were made elsewhere, those that `actions` set right too.
    pub drift: Vec<Drift>,
    /// What the object asks for and nobody can do; the rest of the plan stands.
    pub refusals: Vec<Finding>,
    /// Who made the topic, once the actions have succeeded.
    pub origin: Origin,
    /// The topic was deleted elsewhere within the same cluster and is made again, empty.
    pub recreated: bool,
    /// Settings on an adopted topic that the object does not name and that stay.
    pub kept: Vec<String>,
    /// The spec was carried out on this very topic before, so that differences are drift.
    pub settled: bool,
}

/// Compares `topic` with what is there. `cluster_id` is the id of the cluster that `observed` (or
/// its absence) was seen in.
pub fn plan(
    topic: &ValidatedTopic,
    observed: Option<&ObservedTopic>,
    history: &History,
    cluster_id: Option<&str>,
) -> Plan {
    match observed {
        None => creation(topic, history, cluster_id),
        Some(observed) => changes(topic, observed, history, cluster_id),
    }
}

fn creation(topic: &ValidatedTopic, history: &History, cluster_id: Option<&str>) -> Plan {
    let mut settings = topic.defaults.settings.clone();
    settings.extend(topic.settings.clone());
    Plan {
        actions: vec![Action::Create(NewTopic {
            name: topic.name.clone(),
            partitions: topic.partitions.unwrap_or(topic.defaults.partitions),
            replicas: topic.replicas.unwrap_or(topic.defaults.replicas),
            settings,
        })],
        drift: Vec::new(),
        refusals: Vec::new(),
        origin: Origin::Created,
        recreated: history.origin.is_some()
            && !history.intent
            && history.cluster_id.as_deref() == cluster_id,
        kept: Vec::new(),
        settled: false,
    }
}

/// Whether `observed` is the topic that `history` speaks of, and who made it then.
fn remembered(
    topic: &ValidatedTopic,
    observed: &ObservedTopic,
    history: &History,
    cluster_id: Option<&str>,
) -> Option<Origin> {
    // A topic of another cluster under the same name is not the one that this object made, and
    // neither is one that somebody deleted and made anew.
    let same_cluster = history.cluster_id.is_none() || history.cluster_id.as_deref() == cluster_id;
    let other_id =
        matches!((&history.topic_id, &observed.id), (Some(known), Some(found)) if known != found);
    if !same_cluster || other_id {
        return None;
    }
    let lookalike = !history.intent || as_made(topic, observed);
    history.origin.filter(|_| lookalike)
}

/// Whether `observed` is what the creation of `topic` leads to. Decides between a topic made by a
/// creation whose answer was lost and one that somebody else made in that moment; a doubt counts as
/// somebody else's, which keeps the data.
pub fn as_made(topic: &ValidatedTopic, observed: &ObservedTopic) -> bool {
    let wanted = wanted(topic, Origin::Created);
    let has = |(name, value): (&String, &String)| {
        observed.settings.get(name).is_some_and(|found| {
            found.origin == SettingOrigin::Topic
                && found
                    .value
                    .as_deref()
                    .is_some_and(|found| same_value(name, found, value))
        })
    };
    observed.partitions == topic.partitions.unwrap_or(topic.defaults.partitions)
        && observed.replicas == topic.replicas.unwrap_or(topic.defaults.replicas)
        && wanted.iter().all(has)
        && unnamed(observed, &wanted).next().is_none()
}

fn changes(
    topic: &ValidatedTopic,
    observed: &ObservedTopic,
    history: &History,
    cluster_id: Option<&str>,
) -> Plan {
    let remembered = remembered(topic, observed, history, cluster_id);
    let origin = remembered.unwrap_or(Origin::Adopted);
    let settled = history.settled && remembered.is_some();

    let mut plan = Plan {
        actions: Vec::new(),
        drift: Vec::new(),
        refusals: Vec::new(),
        origin,
        recreated: false,
        kept: Vec::new(),
        settled,
    };
    let growth = partitions(topic, observed, settled, &mut plan);
    replicas(topic, observed, settled, &mut plan);
    let alteration = settings(topic, observed, settled, &mut plan);

    // A difference from a spec not carried out yet is a wish and is granted under every policy.
    if !settled || topic.drift_policy == DriftPolicy::Correct {
        plan.actions.extend(growth.map(Action::Grow));
        plan.actions.extend(alteration.map(Action::Alter));
    }
    plan
}

fn partitions(
    topic: &ValidatedTopic,
    observed: &ObservedTopic,
    settled: bool,
    plan: &mut Plan,
) -> Option<Growth> {
    let found = observed.partitions;
    let want = topic.partitions.filter(|want| *want != found)?;
    if settled {
        plan.drift.push(drift(
            "partitions",
            Some(want.to_string()),
            Some(found.to_string()),
        ));
    }
    if want < found {
        let message = format!(
            "topic {} has {found} partitions and partitions can only grow: write partitions: {found} or more",
            topic.name
        );
        plan.refusals.push(Finding::new("spec.partitions", message));
        return None;
    }
    Some(Growth {
        name: topic.name.clone(),
        partitions: want,
    })
}

fn replicas(topic: &ValidatedTopic, observed: &ObservedTopic, settled: bool, plan: &mut Plan) {
    let found = observed.replicas;
    let Some(want) = topic.replicas.filter(|want| *want != found) else {
        return;
    };
    if settled {
        plan.drift.push(drift(
            "replicas",
            Some(want.to_string()),
            Some(found.to_string()),
        ));
    }
    let message = format!(
        "topic {} has {found} copies of each partition, which cannot be changed here: write replicas: {found}",
        topic.name
    );
    plan.refusals.push(Finding::new("spec.replicas", message));
}

fn settings(
    topic: &ValidatedTopic,
    observed: &ObservedTopic,
    settled: bool,
    plan: &mut Plan,
) -> Option<Alteration> {
    let wanted = wanted(topic, plan.origin);
    let mut alteration = Alteration {
        name: topic.name.clone(),
        ..Alteration::default()
    };
    for (name, value) in &wanted {
        let found = observed
            .settings
            .get(name)
            .and_then(|setting| setting.value.as_deref());
        if found.is_some_and(|found| same_value(name, found, value)) {
            continue;
        }
        if settled {
            plan.drift
                .push(drift(name, Some(value.clone()), found.map(str::to_owned)));
        }
        alteration.set.insert(name.clone(), value.clone());
    }
    for (name, setting) in unnamed(observed, &wanted) {
        if plan.origin == Origin::Adopted {
            plan.kept.push(name.clone());
            continue;
        }
        if settled {
            plan.drift.push(drift(name, None, setting.value.clone()));
        }
        alteration.remove.insert(name.clone());
    }
    (!alteration.set.is_empty() || !alteration.remove.is_empty()).then_some(alteration)
}

/// The settings that the topic must have: what the object names and, on a topic that it made, what
/// unset fields mean.
fn wanted(topic: &ValidatedTopic, origin: Origin) -> BTreeMap<String, String> {
    let mut wanted = match origin {
        Origin::Created => topic.defaults.settings.clone(),
        Origin::Adopted => BTreeMap::new(),
    };
    wanted.extend(topic.settings.clone());
    wanted
}

/// Settings on the topic itself that nobody asks for, but for those of tools at work.
fn unnamed<'a>(
    observed: &'a ObservedTopic,
    wanted: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = (&'a String, &'a Setting)> {
    observed.settings.iter().filter(|(name, setting)| {
        setting.origin == SettingOrigin::Topic
            && !wanted.contains_key(*name)
            && !name.ends_with(TOOL_OVERRIDES)
    })
}

/// Whether a broker that shows `found` has what was asked for as `want`: brokers may write numbers,
/// truth values and lists in their own way.
fn same_value(name: &str, found: &str, want: &str) -> bool {
    let (found, want) = (found.trim(), want.trim());
    if found == want {
        return true;
    }
    if let (Ok(found), Ok(want)) = (found.parse::<i64>(), want.parse::<i64>()) {
        return found == want;
    }
    if let (Ok(found), Ok(want)) = (found.parse::<f64>(), want.parse::<f64>()) {
        // Bit for bit: two texts of the same number give the same bits.
        return found.to_bits() == want.to_bits();
    }
    let list = |text: &str| -> BTreeSet<String> {
        text.split(',').map(|word| word.trim().to_owned()).collect()
    };
    if name == "cleanup.policy" {
        return list(found) == list(want);
    }
    let truth = |text: &str| text.to_ascii_lowercase().parse::<bool>().ok();
    truth(found).is_some() && truth(found) == truth(want)
}

fn drift(key: &str, want: Option<String>, found: Option<String>) -> Drift {
    Drift {
        key: key.to_owned(),
        want,
        found,
    }
}
