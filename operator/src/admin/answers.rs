//! Answers in the admin port's words. Pure.

use wire::{
    ErrorCode, Str,
    messages::{
        create_partitions, create_topics, delete_topics, describe_configs,
        incremental_alter_configs, metadata,
    },
};

use crate::ports::broker_admin::{
    Answers, ObservedTopic, Setting, SettingOrigin, Snapshot, TopicError, TopicErrorKind,
};

/// Where `DescribeConfigs` says a setting comes from when it is set on the topic itself.
const FROM_TOPIC: i8 = 1;

/// The topics of a Metadata answer, without their settings.
///
/// Topics that we may not see are left out; an error that may pass makes the whole answer one, for
/// a topic that only seems to be missing would be made again.
pub(super) fn topics(answer: &metadata::Response<'_>) -> Result<Snapshot, String> {
    check(answer.error_code, "the cluster")?;
    let mut snapshot = Snapshot {
        cluster_id: answer.cluster_id.as_deref().map(str::to_owned),
        brokers: i32::try_from(answer.brokers.len()).unwrap_or(i32::MAX),
        ..Snapshot::default()
    };
    for topic in &answer.topics {
        let Some(name) = topic.name.as_deref() else {
            continue;
        };
        match ErrorCode::from_code(topic.error_code) {
            Some(ErrorCode::None) => {}
            Some(ErrorCode::UnknownTopicOrPartition) => continue,
            Some(error) if !error.is_retriable() => continue,
            _ => return Err(problem(topic.error_code, &format!("topic {name}"))),
        }
        let replicas = topic
            .partitions
            .iter()
            .map(|partition| partition.replica_nodes.len())
            .max();
        let observed = ObservedTopic {
            id: (!topic.topic_id.is_zero()).then(|| topic.topic_id.to_string()),
            partitions: i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX),
            replicas: i32::try_from(replicas.unwrap_or(0)).unwrap_or(i32::MAX),
            ..ObservedTopic::default()
        };
        snapshot.topics.insert(name.to_owned(), observed);
    }
    Ok(snapshot)
}

/// Adds the settings of a `DescribeConfigs` answer; a topic deleted in between is taken out.
pub(super) fn settings(
    answer: &describe_configs::Response<'_>,
    snapshot: &mut Snapshot,
) -> Result<(), String> {
    for result in &answer.results {
        let name = result.resource_name.as_ref();
        match ErrorCode::from_code(result.error_code) {
            Some(ErrorCode::None) => {}
            Some(ErrorCode::UnknownTopicOrPartition) => {
                snapshot.topics.remove(name);
                continue;
            }
            // Not allowed to see them: an attempt to change them is refused with a clear answer.
            Some(error) if !error.is_retriable() => continue,
            _ => return Err(problem(result.error_code, &format!("topic {name}"))),
        }
        let Some(topic) = snapshot.topics.get_mut(name) else {
            continue;
        };
        topic.settings.extend(result.configs.iter().map(|config| {
            let origin = match config.config_source {
                FROM_TOPIC => SettingOrigin::Topic,
                _ => SettingOrigin::Default,
            };
            let value = config.value.as_deref().map(str::to_owned);
            (config.name.as_ref().to_owned(), Setting { value, origin })
        }));
    }
    Ok(())
}

pub(super) fn created(answer: &create_topics::Response<'_>) -> Answers {
    let answers = answer.topics.iter();
    answers
        .map(|one| {
            answered(
                "create",
                &one.name,
                one.error_code,
                one.error_message.as_ref(),
            )
        })
        .collect()
}

pub(super) fn grown(answer: &create_partitions::Response<'_>) -> Answers {
    let answers = answer.results.iter();
    answers
        .map(|one| {
            answered(
                "grow",
                &one.name,
                one.error_code,
                one.error_message.as_ref(),
            )
        })
        .collect()
}

pub(super) fn altered(answer: &incremental_alter_configs::Response<'_>) -> Answers {
    let answers = answer.responses.iter();
    answers
        .map(|one| {
            answered(
                "alter",
                &one.resource_name,
                one.error_code,
                one.error_message.as_ref(),
            )
        })
        .collect()
}

pub(super) fn deleted(answer: &delete_topics::Response<'_>) -> Answers {
    let answers = answer.responses.iter();
    answers
        .filter_map(|one| Some((one.name.as_ref()?, one)))
        .map(|(name, one)| answered("delete", name, one.error_code, one.error_message.as_ref()))
        .collect()
}

fn answered(
    operation: &'static str,
    topic: &str,
    code: i16,
    message: Option<&Str<'_>>,
) -> (String, Result<(), TopicError>) {
    let error = ErrorCode::from_code(code);
    if error == Some(ErrorCode::None) {
        return (topic.to_owned(), Ok(()));
    }
    let text = message
        .map(AsRef::as_ref)
        .filter(|text: &&str| !text.is_empty());
    let error = TopicError {
        operation,
        topic: topic.to_owned(),
        kind: kind(error),
        message: text.map_or_else(|| describe(code), str::to_owned),
    };
    (topic.to_owned(), Err(error))
}

fn kind(error: Option<ErrorCode>) -> TopicErrorKind {
    match error {
        Some(ErrorCode::TopicAlreadyExists) => TopicErrorKind::AlreadyExists,
        Some(ErrorCode::UnknownTopicOrPartition) => TopicErrorKind::NotFound,
        Some(error) if !error.is_retriable() && error != ErrorCode::UnknownServerError => {
            TopicErrorKind::Invalid
        }
        _ => TopicErrorKind::Transient,
    }
}

fn check(code: i16, what: &str) -> Result<(), String> {
    if code == 0 {
        Ok(())
    } else {
        Err(problem(code, what))
    }
}

fn problem(code: i16, what: &str) -> String {
    format!("{what} answers {}", describe(code))
}

fn describe(code: i16) -> String {
    match ErrorCode::from_code(code) {
        Some(error) => format!("{} ({})", error.name(), error.message()),
        None => format!("error code {code}, which is not known here"),
    }
}

#[cfg(test)]
mod tests;
