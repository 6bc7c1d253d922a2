//! Carries plans out, many topics in few calls.
//!
//! Knows the port and the order of changes; what to change is decided elsewhere.

use std::collections::BTreeMap;

use super::plan::Action;
use crate::ports::broker_admin::{
    AdminError, Alteration, Answers, BrokerAdmin, Growth, NewTopic, TopicError, TopicErrorKind,
};

#[cfg(test)]
mod tests;

/// Topics in one call. Brokers bound the size of a request and the time a change may take.
const BATCH: usize = 500;

/// Why a topic's changes did not all happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The broker was not reached; whether the change happened is not known.
    #[error(transparent)]
    Unreachable(#[from] AdminError),
    /// The broker refused.
    #[error(transparent)]
    Refused(#[from] TopicError),
}

/// How each topic's changes went, by topic name; only topics that had any.
pub type Outcomes = BTreeMap<String, Result<(), ApplyError>>;

/// Carries out the actions of any number of topics: creations first, then growth, settings and
/// deletions. A topic whose change fails has that error and none of its later changes.
pub async fn apply(
    admin: &impl BrokerAdmin,
    actions: impl IntoIterator<Item = Action>,
) -> Outcomes {
    let mut work = Work::default();
    actions.into_iter().for_each(|action| work.add(action));
    let mut outcomes = Outcomes::new();

    for batch in work.creations.chunks(BATCH) {
        let names: Vec<_> = batch.iter().map(|topic| topic.name.as_str()).collect();
        record(
            &mut outcomes,
            "create",
            &names,
            admin.create_topics(batch).await,
        );
    }
    work.growths
        .retain(|growth| !has_failed(&outcomes, &growth.name));
    for batch in work.growths.chunks(BATCH) {
        let names: Vec<_> = batch.iter().map(|growth| growth.name.as_str()).collect();
        record(
            &mut outcomes,
            "grow",
            &names,
            admin.grow_partitions(batch).await,
        );
    }
    work.alterations
        .retain(|alteration| !has_failed(&outcomes, &alteration.name));
    for batch in work.alterations.chunks(BATCH) {
        let names: Vec<_> = batch
            .iter()
            .map(|alteration| alteration.name.as_str())
            .collect();
        record(
            &mut outcomes,
            "alter",
            &names,
            admin.alter_settings(batch).await,
        );
    }
    work.deletions.retain(|name| !has_failed(&outcomes, name));
    for batch in work.deletions.chunks(BATCH) {
        let names: Vec<_> = batch.iter().map(String::as_str).collect();
        record(
            &mut outcomes,
            "delete",
            &names,
            admin.delete_topics(batch).await,
        );
    }
    outcomes
}

/// The actions by kind of call.
#[derive(Default)]
struct Work {
    creations: Vec<NewTopic>,
    growths: Vec<Growth>,
    alterations: Vec<Alteration>,
    deletions: Vec<String>,
}

impl Work {
    fn add(&mut self, action: Action) {
        match action {
            Action::Create(topic) => self.creations.push(topic),
            Action::Grow(growth) => self.growths.push(growth),
            Action::Alter(alteration) => self.alterations.push(alteration),
            Action::Delete(name) => self.deletions.push(name),
        }
    }
}

fn has_failed(outcomes: &Outcomes, name: &str) -> bool {
    outcomes.get(name).is_some_and(Result::is_err)
}

fn record(
    outcomes: &mut Outcomes,
    operation: &'static str,
    names: &[&str],
    answers: Result<Answers, AdminError>,
) {
    let mut answers = match answers {
        Ok(answers) => answers,
        Err(error) => {
            let unknown = |name: &&str| ((*name).to_owned(), Err(error.clone().into()));
            outcomes.extend(names.iter().map(unknown));
            return;
        }
    };
    for name in names {
        let answer = answers
            .remove(*name)
            .unwrap_or_else(|| Err(unanswered(operation, name)));
        outcomes.insert((*name).to_owned(), answer.map_err(ApplyError::from));
    }
}

fn unanswered(operation: &'static str, topic: &str) -> TopicError {
    TopicError {
        operation,
        topic: topic.to_owned(),
        kind: TopicErrorKind::Transient,
        message: "the broker's answer does not speak of it".to_owned(),
    }
}
