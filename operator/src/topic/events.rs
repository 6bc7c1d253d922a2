//! What is told as Events about a Topic: transitions, never states. Pure.

use crds::{
    Reason,
    topic::{DriftPolicy, TopicStatus},
};

use crate::kubernetes::events::Note;

use super::{
    decide::Look,
    deletion::KeepReason,
    plan::{Action, Origin},
    status::{difference, ready},
};

#[cfg(test)]
mod tests;

/// What the operator does whenever it tells something.
const ACTION: &str = "Reconcile";

fn normal(reason: &'static str, text: String) -> Note {
    Note {
        warning: false,
        reason,
        action: ACTION,
        text,
    }
}

fn warning(reason: &'static str, text: String) -> Note {
    Note {
        warning: true,
        ..normal(reason, text)
    }
}

/// What became of a topic whose object goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parting {
    /// It went, too.
    Deleted,
    /// It stays, and why.
    Kept(KeepReason),
    /// Its whole cluster goes or is gone.
    WithCluster,
    /// It could not be deleted in time; what the broker or the connection said.
    Orphaned(String),
}

/// What is told when a topic is first found to be as the spec says, or as near as it can be.
pub fn of_finding(look: &Look) -> Vec<Note> {
    let mut news = adoption(look);
    if !look.plan.settled {
        let notes = look.valid.notes.iter();
        news.extend(notes.map(|note| warning("SpecAdjusted", note.to_string())));
    }
    news
}

/// What is told when the changes of `look` were carried out.
pub fn of_changes(look: &Look) -> Vec<Note> {
    let (plan, name) = (&look.plan, &look.valid.name);
    let mut news = Vec::new();
    for action in &plan.actions {
        match action {
            Action::Create(new) if plan.recreated => news.push(warning(
                "Recreated",
                format!(
                    "topic {name} was deleted elsewhere and is made again, empty, with {}",
                    partitions(new.partitions)
                ),
            )),
            Action::Create(new) => news.push(normal(
                "Created",
                format!("topic {name} is made with {}", partitions(new.partitions)),
            )),
            Action::Grow(_) | Action::Alter(_) if plan.settled => {}
            Action::Grow(growth) => {
                let before = look.before.as_ref().map_or(0, |topic| topic.partitions);
                news.push(warning(
                    "PartitionsGrown",
                    format!(
                        "topic {name} has {} instead of {before}: keys go to other partitions from now on, so the order of records with one \
                         key is kept within each part only",
                        partitions(growth.partitions)
                    ),
                ));
            }
            Action::Alter(_) => news.push(normal("SettingsChanged", altered(look, action))),
            Action::Delete(_) => {}
        }
    }
    let changed = !plan.actions.is_empty();
    if plan.settled && changed && !plan.drift.is_empty() {
        let drifts: Vec<_> = plan.drift.iter().map(difference).collect();
        let note = format!(
            "topic {name} was changed elsewhere and is set right: {}",
            drifts.join("; ")
        );
        news.push(warning("DriftCorrected", note));
    }
    news
}

/// What is told when a topic that was there is taken over.
fn adoption(look: &Look) -> Vec<Note> {
    let (plan, name) = (&look.plan, &look.valid.name);
    let known = look.history.origin == Some(Origin::Adopted) && plan.settled;
    let repeated = look.history.origin == Some(Origin::Adopted)
        && look.history.cluster_id == look.cluster_id
        && look.history.topic_id == look.before.as_ref().and_then(|topic| topic.id.clone());
    if plan.origin != Origin::Adopted || known || repeated {
        return Vec::new();
    }
    let kept = if plan.kept.is_empty() {
        String::new()
    } else {
        format!(", and keeps {}", plan.kept.join(", "))
    };
    vec![normal(
        "Adopted",
        format!("topic {name} was there before and is adopted{kept}"),
    )]
}

fn partitions(count: i32) -> String {
    match count {
        1 => "1 partition".to_owned(),
        count => format!("{count} partitions"),
    }
}

fn altered(look: &Look, action: &Action) -> String {
    let Action::Alter(alteration) = action else {
        return String::new();
    };
    let found = |name: &str| {
        let setting = look
            .before
            .as_ref()
            .and_then(|topic| topic.settings.get(name));
        setting
            .and_then(|setting| setting.value.as_deref())
            .unwrap_or("unset")
    };
    let set = alteration.set.iter();
    let set = set.map(|(name, value)| format!("{name} {} → {value}", found(name)));
    let removed = alteration.remove.iter();
    let removed = removed.map(|name| format!("{name} {} → the broker's default", found(name)));
    let changes: Vec<_> = set.chain(removed).collect();
    format!("topic {}: {}", look.valid.name, changes.join("; "))
}

/// What is told when a status changes from `before` to `after`, beside what was done.
pub fn of_transition(
    before: Option<&TopicStatus>,
    after: &TopicStatus,
    drift_policy: DriftPolicy,
) -> Option<Note> {
    let is = |reason: Reason, text: &str| reason.as_str() == text;
    let after_ready = ready(after)?;
    let reason = Reason::ALL
        .into_iter()
        .find(|one| is(*one, &after_ready.reason))?;
    let before_ready = before.and_then(ready);
    let same_reason = before_ready.is_some_and(|before| before.reason == after_ready.reason);
    let same_message = before_ready.is_some_and(|before| before.message == after_ready.message);
    let told = match reason {
        Reason::InvalidConfig | Reason::Conflict => same_reason && same_message,
        Reason::Drifted if drift_policy == DriftPolicy::Ignore => true,
        Reason::Drifted => same_reason && before.map(|before| &before.drift) == Some(&after.drift),
        Reason::Pending => true,
        // What was done is told by itself.
        Reason::Reconciled => {
            same_reason || before_ready.is_none_or(|before| is(Reason::Pending, &before.reason))
        }
        _ => same_reason,
    };
    let warning = !matches!(
        reason,
        Reason::Reconciled | Reason::Paused | Reason::ClusterNotReady
    );
    (!told).then(|| Note {
        warning,
        ..normal(reason.as_str(), after_ready.message.clone())
    })
}

/// What is told when an object goes.
pub fn of_parting(topic: &str, cluster: &str, parting: &Parting) -> Note {
    match parting {
        Parting::Deleted => normal(
            "Deleted",
            format!("topic {topic} is deleted with its records"),
        ),
        Parting::Kept(KeepReason::Inherited(heir)) => normal(
            "Inherited",
            format!("topic {topic} stays: the Topic {heir} names it too and has it now"),
        ),
        Parting::Kept(why) => normal("Kept", format!("topic {topic} stays: {why}")),
        Parting::WithCluster => normal(
            "ClusterGone",
            format!("topic {topic} goes with its Cluster {cluster}"),
        ),
        Parting::Orphaned(why) => warning(
            "Orphaned",
            format!(
                "topic {topic} stays in Cluster {cluster} with nobody to look after it, for it could not be deleted: {why}; delete it there \
                 by hand: eddyline topic delete {topic}"
            ),
        ),
    }
}

/// What is told when an object goes that cannot be read.
pub fn of_unreadable() -> Note {
    let text = "this Topic cannot be read, so that nobody knows what is to become of its topic: if it has one, it stays in its cluster \
                with nobody to look after it";
    warning("Orphaned", text.to_owned())
}
