//! Planning a new topic: every rule it has to pass, in the order Kafka checks them.

use std::sync::Arc;

use wire::Uuid;

use crate::NODE_ID;
use crate::settings::BrokerConfig;
use crate::settings::topic_table::topic_setting;
use crate::topics::draft::Draft;
use crate::topics::error::{MAX_PARTITIONS, MAX_PARTITIONS_TOTAL, TopicError};
use crate::topics::name;
use crate::topics::record::{Configs, Record};
use crate::topics::state::Topic;

/// A topic somebody wants.
#[derive(Debug, Clone, Default)]
pub struct NewTopic {
    pub name: String,
    /// A fresh random id.
    pub id: Uuid,
    /// -1: the broker's default.
    pub partitions: i32,
    /// -1: the broker's default. Above 1 it is taken and counts as 1.
    pub replication_factor: i16,
    /// Partition and the brokers of its replicas; empty when the broker is to choose.
    pub assignments: Vec<(i32, Vec<i32>)>,
    pub configs: Vec<(String, Option<String>)>,
    pub internal: bool,
}

impl NewTopic {
    /// A topic with the broker's defaults.
    pub fn named(name: impl Into<String>, id: Uuid) -> Self {
        Self {
            name: name.into(),
            id,
            partitions: -1,
            replication_factor: -1,
            ..Self::default()
        }
    }
}

/// Decides on a new topic.
///
/// # Errors
/// The first rule it breaks; nothing is decided then.
pub fn create(draft: &mut Draft, topic: NewTopic) -> Result<Arc<Topic>, TopicError> {
    check_name(draft, &topic)?;
    let partitions = partitions(draft, &topic)?;
    if topic.replication_factor < -1 || topic.replication_factor == 0 {
        return Err(TopicError::ReplicationFactor(topic.replication_factor));
    }
    let configs = configs(draft.state().given(), topic.configs)?;
    let NewTopic {
        name, id, internal, ..
    } = topic;
    draft.push(Record::Topic {
        name,
        id,
        partitions,
        internal,
        configs,
    });
    draft
        .state()
        .topic_by_id(id)
        .cloned()
        .ok_or(TopicError::Unknown)
}

fn check_name(draft: &Draft, topic: &NewTopic) -> Result<(), TopicError> {
    name::check(&topic.name)?;
    if is_internal_name(&topic.name) && !topic.internal {
        return Err(TopicError::Internal(topic.name.clone()));
    }
    if draft.state().topic(&topic.name).is_some() {
        return Err(TopicError::Exists(topic.name.clone()));
    }
    match draft.state().colliding(&topic.name) {
        None => Ok(()),
        Some(other) => Err(TopicError::Collides {
            name: topic.name.clone(),
            other: other.to_owned(),
        }),
    }
}

/// The names of the broker's own topics, whether or not they are there yet.
pub fn is_internal_name(name: &str) -> bool {
    matches!(name, "__consumer_offsets" | "__transaction_state")
}

fn partitions(draft: &Draft, topic: &NewTopic) -> Result<i32, TopicError> {
    let count = if !topic.assignments.is_empty() {
        assigned(topic)?
    } else if topic.partitions == -1 {
        draft.state().given().num_partitions
    } else {
        topic.partitions
    };
    if !(1..=MAX_PARTITIONS).contains(&count) {
        return Err(TopicError::PartitionCount(count));
    }
    check_total(draft, count)?;
    Ok(count)
}

/// Whether there is room for this many partitions more.
pub(super) fn check_total(draft: &Draft, more: i32) -> Result<(), TopicError> {
    let more = usize::try_from(more).unwrap_or(usize::MAX);
    if draft.state().partitions().saturating_add(more) > MAX_PARTITIONS_TOTAL {
        return Err(TopicError::PartitionTotal);
    }
    Ok(())
}

/// The number of partitions of a manual assignment: each from 0 on once, each on this node.
fn assigned(topic: &NewTopic) -> Result<i32, TopicError> {
    if topic.partitions != -1 || topic.replication_factor != -1 {
        let problem = "with an assignment, partitions and replication factor are -1";
        return Err(TopicError::Request(problem.to_owned()));
    }
    let mut numbers: Vec<i32> = topic
        .assignments
        .iter()
        .map(|(number, _)| *number)
        .collect();
    numbers.sort_unstable();
    if !numbers
        .iter()
        .copied()
        .eq(0..i32::try_from(numbers.len()).unwrap_or(0))
    {
        let problem = "partitions are numbered from 0 on, each once";
        return Err(TopicError::Assignment(problem.to_owned()));
    }
    for (_, brokers) in &topic.assignments {
        check_brokers(brokers)?;
    }
    i32::try_from(numbers.len()).map_err(|_| TopicError::PartitionCount(i32::MAX))
}

/// The only broker there is holds the only replica.
pub(super) fn check_brokers(brokers: &[i32]) -> Result<(), TopicError> {
    if brokers == [NODE_ID] {
        return Ok(());
    }
    Err(TopicError::Assignment(format!(
        "the only broker is {NODE_ID}, once per partition"
    )))
}

/// Checks the settings of a new topic.
fn configs(
    broker: &BrokerConfig,
    given: Vec<(String, Option<String>)>,
) -> Result<Configs, TopicError> {
    let mut configs = Configs::new();
    for (name, value) in given {
        let Some(value) = value else {
            return Err(TopicError::Value {
                name,
                value: "null".to_owned(),
                allowed: "a value".to_owned(),
            });
        };
        check_config(broker, &name, &value)?;
        configs.insert(name, value);
    }
    Ok(configs)
}

/// Checks one setting of a topic.
pub(super) fn check_config(
    broker: &BrokerConfig,
    name: &str,
    value: &str,
) -> Result<(), TopicError> {
    let definition = topic_setting(name)?;
    definition
        .kind
        .check(value)
        .map_err(|allowed| TopicError::Value {
            name: name.to_owned(),
            value: value.chars().take(128).collect(),
            allowed,
        })?;
    Ok(broker.check_batch_bound(name, value)?)
}
