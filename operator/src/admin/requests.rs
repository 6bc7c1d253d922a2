//! The admin port's wishes as requests. Pure.

use wire::messages::{
    create_partitions, create_topics, delete_topics, describe_configs, incremental_alter_configs,
    metadata,
};

use crate::ports::broker_admin::{Alteration, Growth, NewTopic};

/// The resource type of a topic in the settings APIs.
const TOPIC: i8 = 2;

/// What `IncrementalAlterConfigs` does with a setting.
const SET: i8 = 0;
const DELETE: i8 = 1;

/// The newest version of `DeleteTopics` that goes by name alone; later ones carry ids too.
pub(super) const DELETION_BY_NAME: i16 = 5;

/// Metadata of every topic, and none made by asking.
pub(super) fn all_topics() -> metadata::Request<'static> {
    metadata::Request {
        topics: None,
        allow_auto_topic_creation: false,
        ..Default::default()
    }
}

/// `DescribeConfigs` of these topics, all settings.
pub(super) fn settings<'a>(
    names: impl Iterator<Item = &'a String>,
) -> describe_configs::Request<'a> {
    let resources = names.map(|name| describe_configs::DescribeConfigsResource {
        resource_type: TOPIC,
        resource_name: name.as_str().into(),
        configuration_keys: None,
    });
    describe_configs::Request {
        resources: resources.collect(),
        ..Default::default()
    }
}

/// `CreateTopics`; an error for a number of copies that the protocol cannot carry.
pub(super) fn creation(
    topics: &[NewTopic],
    timeout_ms: i32,
) -> Result<create_topics::Request<'_>, String> {
    let topics: Result<Vec<_>, String> = topics.iter().map(creatable).collect();
    Ok(create_topics::Request {
        topics: topics?,
        timeout_ms,
        ..Default::default()
    })
}

fn creatable(topic: &NewTopic) -> Result<create_topics::CreatableTopic<'_>, String> {
    let replication_factor = i16::try_from(topic.replicas).map_err(|_| {
        format!(
            "topic {} cannot have {} copies: write at most 32767",
            topic.name, topic.replicas
        )
    })?;
    let configs = topic
        .settings
        .iter()
        .map(|(name, value)| create_topics::CreatableTopicConfig {
            name: name.as_str().into(),
            value: Some(value.as_str().into()),
        });
    Ok(create_topics::CreatableTopic {
        name: topic.name.as_str().into(),
        num_partitions: topic.partitions,
        replication_factor,
        configs: configs.collect(),
        ..Default::default()
    })
}

/// `CreatePartitions`; the brokers choose where the new ones go.
pub(super) fn growth(growths: &[Growth], timeout_ms: i32) -> create_partitions::Request<'_> {
    let topics = growths
        .iter()
        .map(|growth| create_partitions::CreatePartitionsTopic {
            name: growth.name.as_str().into(),
            count: growth.partitions,
            assignments: None,
        });
    create_partitions::Request {
        topics: topics.collect(),
        timeout_ms,
        ..Default::default()
    }
}

/// `IncrementalAlterConfigs` of topics.
pub(super) fn alteration(alterations: &[Alteration]) -> incremental_alter_configs::Request<'_> {
    use incremental_alter_configs::{AlterConfigsResource, AlterableConfig, Request};

    let resources = alterations.iter().map(|alteration| {
        let set = alteration.set.iter().map(|(name, value)| AlterableConfig {
            name: name.as_str().into(),
            config_operation: SET,
            value: Some(value.as_str().into()),
        });
        let remove = alteration.remove.iter().map(|name| AlterableConfig {
            name: name.as_str().into(),
            config_operation: DELETE,
            value: None,
        });
        AlterConfigsResource {
            resource_type: TOPIC,
            resource_name: alteration.name.as_str().into(),
            configs: set.chain(remove).collect(),
        }
    });
    Request {
        resources: resources.collect(),
        ..Default::default()
    }
}

/// `DeleteTopics` by name.
pub(super) fn deletion(names: &[String], timeout_ms: i32) -> delete_topics::Request<'_> {
    let topic_names = names.iter().map(|name| name.as_str().into()).collect();
    delete_topics::Request {
        topic_names,
        timeout_ms,
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_made_with_its_settings() {
        let topic = NewTopic {
            name: "orders".to_owned(),
            partitions: 2,
            replicas: 3,
            settings: [("retention.ms".to_owned(), "1000".to_owned())].into(),
        };
        let topics = [topic];
        let request = creation(&topics, 500).unwrap();
        let sent = &request.topics[0];
        assert_eq!((sent.num_partitions, sent.replication_factor), (2, 3));
        assert_eq!(sent.configs[0].value.as_deref(), Some("1000"));
        assert!(!request.validate_only);

        let too_many = [NewTopic {
            replicas: 40_000,
            ..topics[0].clone()
        }];
        assert!(
            creation(&too_many, 500)
                .unwrap_err()
                .contains("at most 32767")
        );
    }

    #[test]
    fn settings_are_set_and_taken_off() {
        let alterations = [Alteration {
            name: "orders".to_owned(),
            set: [("retention.ms".to_owned(), "1000".to_owned())].into(),
            remove: ["segment.ms".to_owned()].into(),
        }];
        let request = alteration(&alterations);
        let sent: Vec<_> = request.resources[0]
            .configs
            .iter()
            .map(|config| {
                (
                    config.name.as_ref(),
                    config.config_operation,
                    config.value.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            sent,
            [
                ("retention.ms", SET, Some("1000")),
                ("segment.ms", DELETE, None)
            ]
        );
    }
}
