//! Planning changes to what is there: more partitions, other settings, no topic any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use wire::Uuid;

use crate::settings::broker_config;
use crate::settings::broker_table::broker_setting;
use crate::settings::definition::Definition;
use crate::settings::kind::items;
use crate::settings::topic_table::topic_setting;
use crate::topics::create::{check_brokers, check_config, check_total};
use crate::topics::draft::Draft;
use crate::topics::error::{MAX_PARTITIONS, TopicError};
use crate::topics::record::{Configs, Record};
use crate::topics::state::Topic;

/// What to do with one setting (KIP-339).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Set,
    Delete,
    /// Adds items to a list.
    Append,
    /// Takes items out of a list.
    Subtract,
}

/// One wish about one setting.
#[derive(Debug, Clone)]
pub struct ConfigChange {
    pub name: String,
    pub operation: Operation,
    pub value: Option<String>,
}

/// Decides on a topic's end.
///
/// # Errors
/// There is no such topic, or it is the broker's own.
pub fn delete(draft: &mut Draft, id: Uuid) -> Result<Arc<Topic>, TopicError> {
    let topic = draft
        .state()
        .topic_by_id(id)
        .cloned()
        .ok_or(TopicError::Unknown)?;
    if topic.internal {
        return Err(TopicError::Internal(topic.name.to_string()));
    }
    draft.push(Record::TopicDeleted { id });
    Ok(topic)
}

/// Decides on a topic's new number of partitions. `assignments` name the brokers of the new ones.
///
/// # Errors
/// There is no such topic, it is the broker's own, or the number is not larger or too large.
pub fn grow(
    draft: &mut Draft,
    name: &str,
    count: i32,
    assignments: Option<&[Vec<i32>]>,
) -> Result<(), TopicError> {
    let topic = draft
        .state()
        .topic(name)
        .cloned()
        .ok_or(TopicError::Unknown)?;
    if topic.internal {
        return Err(TopicError::Internal(name.to_owned()));
    }
    if count <= topic.partitions {
        return Err(TopicError::NotMorePartitions {
            has: topic.partitions,
        });
    }
    if count > MAX_PARTITIONS {
        return Err(TopicError::PartitionCount(count));
    }
    let more = count - topic.partitions;
    check_total(draft, more)?;
    if let Some(assignments) = assignments {
        if usize::try_from(more) != Ok(assignments.len()) {
            let problem = format!(
                "{more} partitions are new, {} are assigned",
                assignments.len()
            );
            return Err(TopicError::Assignment(problem));
        }
        for brokers in assignments {
            check_brokers(brokers)?;
        }
    }
    draft.push(Record::Partitions {
        id: topic.id,
        count,
    });
    Ok(())
}

/// Decides on changes to a topic's settings: all of them or none.
///
/// # Errors
/// There is no such topic, or the first change that is wrong.
pub fn alter_topic(
    draft: &mut Draft,
    name: &str,
    changes: &[ConfigChange],
) -> Result<(), TopicError> {
    let topic = draft
        .state()
        .topic(name)
        .cloned()
        .ok_or(TopicError::Unknown)?;
    let lookup = |name: &str| topic_setting(name).copied().map_err(TopicError::from);
    let state = draft.state();
    let check = |name: &str, value: &str| check_config(state.given(), name, value);
    let configs = changed(&topic.configs, changes, lookup, check)?;
    if configs != topic.configs {
        draft.push(Record::TopicConfigs {
            id: topic.id,
            configs,
        });
    }
    Ok(())
}

/// Decides on changes to the settings of all brokers, or of this one: all of them or none.
///
/// # Errors
/// The first change that is wrong.
pub fn alter_broker(
    draft: &mut Draft,
    cluster_wide: bool,
    changes: &[ConfigChange],
) -> Result<(), TopicError> {
    let current = draft.state().broker_configs(cluster_wide);
    let lookup = |name: &str| match broker_setting(name)? {
        definition if definition.dynamic => Ok(definition),
        _ => Err(TopicError::NotDynamic(name.to_owned())),
    };
    let given = draft.state().given();
    let check = |name: &str, value: &str| {
        broker_config::check(name, value)?;
        Ok(given.check_batch_bound(name, value)?)
    };
    let configs = changed(current, changes, lookup, check)?;
    if configs != *current {
        draft.push(Record::BrokerConfigs {
            cluster_wide,
            configs,
        });
    }
    Ok(())
}

/// The settings after the changes.
fn changed(
    current: &Configs,
    changes: &[ConfigChange],
    lookup: impl Fn(&str) -> Result<Definition, TopicError>,
    check: impl Fn(&str, &str) -> Result<(), TopicError>,
) -> Result<Configs, TopicError> {
    let mut configs = current.clone();
    let mut seen = BTreeSet::new();
    for change in changes {
        if !seen.insert(change.name.as_str()) {
            let problem = format!("setting {} stands there twice", change.name);
            return Err(TopicError::Request(problem));
        }
        let definition = lookup(&change.name)?;
        if change.operation == Operation::Delete {
            configs.remove(&change.name);
            continue;
        }
        let Some(given) = change.value.as_deref() else {
            let problem = format!(
                "setting {} has no value; to unset it, delete it",
                change.name
            );
            return Err(TopicError::Request(problem));
        };
        let current = configs
            .get(&change.name)
            .map(String::as_str)
            .or(definition.default);
        let value = new_value(
            &definition,
            change.operation,
            current.unwrap_or_default(),
            given,
        )?;
        check(&change.name, &value)?;
        configs.insert(change.name.clone(), value);
    }
    Ok(configs)
}

fn new_value(
    definition: &Definition,
    operation: Operation,
    current: &str,
    given: &str,
) -> Result<String, TopicError> {
    if operation == Operation::Set {
        return Ok(given.to_owned());
    }
    if !definition.kind.is_list() {
        let problem = format!("setting {} is not a list; set it instead", definition.name);
        return Err(TopicError::Request(problem));
    }
    let mut list: Vec<&str> = items(current).collect();
    for item in items(given) {
        match operation {
            Operation::Append if !list.contains(&item) => list.push(item),
            Operation::Subtract => list.retain(|kept| *kept != item),
            _ => {}
        }
    }
    Ok(list.join(","))
}
