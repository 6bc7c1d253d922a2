//! `Metadata` (key 3, versions 0–13): this broker, and topics with their partitions.
//!
//! Creates the topics asked for where `auto.create.topics.enable` and the request allow it; unlike
//! Apache's, the answer has them at once. All topics are: an empty list in version 0, else null.

use std::collections::HashSet;
use std::sync::Arc;

use wire::messages::metadata::{
    MetadataRequestTopic, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
    Request, Response,
};
use wire::{ErrorCode, Uuid};

use crate::api::{Context, Refusal, operations};
use crate::log::PartitionKey;
use crate::topics::create::{create, is_internal_name};
use crate::topics::{ChangeError, NewTopic, State, Topic, TopicError, random_id};
use crate::{Broker, NODE_ID};

pub(crate) async fn handle<'r>(
    broker: &Broker,
    context: &Context,
    request: Request<'_>,
) -> Result<Response<'r>, Refusal> {
    let operations = operations::asked(
        request.include_topic_authorized_operations,
        operations::TOPIC,
    );
    let all = |topics: &Vec<_>| context.api_version == 0 && topics.is_empty();
    let topics = match request.topics.filter(|topics| !all(topics)) {
        None => {
            let state = broker.topics.view();
            state
                .topics()
                .map(|topic| found(broker, topic, operations))
                .collect()
        }
        Some(wanted) => {
            let may_create = request.allow_auto_topic_creation && broker.config.auto_create_topics;
            named(broker, context, &wanted, may_create, operations).await
        }
    };
    let address = context.advertised();
    let cluster_id = broker.topics.view().cluster_id().to_owned();
    Ok(Response {
        brokers: vec![MetadataResponseBroker {
            node_id: NODE_ID,
            host: address.host.clone().into(),
            port: i32::from(address.port),
            rack: None,
        }],
        cluster_id: Some(cluster_id.into()),
        controller_id: NODE_ID,
        topics,
        cluster_authorized_operations: operations::asked(
            request.include_cluster_authorized_operations,
            operations::CLUSTER,
        ),
        ..Response::default()
    })
}

/// The topics asked for, each once, by name or by id.
async fn named<'r>(
    broker: &Broker,
    context: &Context,
    wanted: &[MetadataRequestTopic<'_>],
    may_create: bool,
    operations: i32,
) -> Vec<MetadataResponseTopic<'r>> {
    let mut state = broker.topics.view();
    let mut refused = false;
    let unknown: Vec<String> = wanted
        .iter()
        .filter_map(|topic| topic.name.as_deref().filter(|_| topic.topic_id.is_zero()))
        .filter(|name| state.topic(name).is_none() && !is_internal_name(name))
        .map(str::to_owned)
        .collect();
    let mut verdicts = Vec::new();
    if may_create && !unknown.is_empty() {
        match create_all(broker, unknown).await {
            Ok(made) => verdicts = made,
            Err(error) => {
                tracing::warn!("create topics asked for by Metadata: {error}");
                refused = true;
            }
        }
        state = broker.topics.view();
    }
    let missing = |name: &str| match verdicts.iter().find(|(made, _)| made == name) {
        Some((_, Err(error))) => error.into(),
        // Created and already deleted by somebody else, or never to be created.
        _ => missing_code(name, refused),
    };
    let mut seen = HashSet::new();
    wanted
        .iter()
        .filter(|topic| seen.insert((topic.topic_id, topic.name.as_deref())))
        .map(|topic| match lookup(&state, topic) {
            Some(topic) => found(broker, topic, operations),
            None => unknown_topic(topic, context.api_version, missing),
        })
        .collect()
}

type Verdict = (String, Result<(), TopicError>);

async fn create_all(broker: &Broker, names: Vec<String>) -> Result<Vec<Verdict>, ChangeError> {
    let plan = move |draft: &mut crate::topics::Draft| {
        let made = names.into_iter().map(|name| {
            let topic = NewTopic::named(name.clone(), random_id());
            match create(draft, topic) {
                // Asked for twice, or somebody else was faster: that is what was wanted.
                Ok(_) | Err(TopicError::Exists(_)) => (name, Ok(())),
                Err(error) => (name, Err(error)),
            }
        });
        made.collect()
    };
    broker.topics.change(plan).await
}

fn missing_code(name: &str, refused: bool) -> ErrorCode {
    match crate::topics::name::check(name) {
        Err(error) => (&TopicError::from(error)).into(),
        // Retriable, and what Kafka says while it creates a topic.
        Ok(()) if refused => ErrorCode::LeaderNotAvailable,
        Ok(()) => ErrorCode::UnknownTopicOrPartition,
    }
}

fn lookup<'s>(state: &'s State, wanted: &MetadataRequestTopic<'_>) -> Option<&'s Arc<Topic>> {
    if wanted.topic_id.is_zero() {
        state.topic(wanted.name.as_deref()?)
    } else {
        state.topic_by_id(wanted.topic_id)
    }
}

fn unknown_topic<'r>(
    wanted: &MetadataRequestTopic<'_>,
    version: i16,
    missing: impl Fn(&str) -> ErrorCode,
) -> MetadataResponseTopic<'r> {
    let by_id = !wanted.topic_id.is_zero();
    let name = wanted.name.as_deref();
    let code = if by_id {
        ErrorCode::UnknownTopicId
    } else {
        missing(name.unwrap_or_default())
    };
    MetadataResponseTopic {
        error_code: code.code(),
        // Versions below 12 cannot carry null.
        name: name
            .or((version < 12).then_some(""))
            .map(|name| name.to_owned().into()),
        topic_id: wanted.topic_id,
        ..MetadataResponseTopic::default()
    }
}

fn found<'r>(broker: &Broker, topic: &Topic, operations: i32) -> MetadataResponseTopic<'r> {
    MetadataResponseTopic {
        name: Some(topic.name.to_string().into()),
        topic_id: topic.id,
        is_internal: topic.internal,
        partitions: (0..topic.partitions)
            .map(|number| partition(broker, topic.id, number))
            .collect(),
        topic_authorized_operations: operations,
        ..MetadataResponseTopic::default()
    }
}

fn partition(broker: &Broker, topic: Uuid, partition: i32) -> MetadataResponsePartition {
    let epoch = broker.log.leader_epoch(PartitionKey { topic, partition });
    MetadataResponsePartition {
        partition_index: partition,
        leader_id: NODE_ID,
        leader_epoch: epoch.unwrap_or(-1),
        replica_nodes: vec![NODE_ID],
        isr_nodes: vec![NODE_ID],
        ..MetadataResponsePartition::default()
    }
}
