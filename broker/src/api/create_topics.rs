//! `CreateTopics` (key 19, versions 2–7): creates topics, or only says whether it could.
//!
//! A replication factor above 1 is taken, stored and reported as 1, with a warning in the log
//! (Apache refuses it on one broker, but many charts hard-code 3).

use std::collections::HashMap;

use wire::ErrorCode;
use wire::messages::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, Request, Response,
};

use crate::Broker;
use crate::api::error::{Problem, fields};
use crate::api::{Context, Refusal};
use crate::topics::create::create;
use crate::topics::described::Described;
use crate::topics::{Draft, NewTopic, Topic, random_id};

type Created = Result<(std::sync::Arc<Topic>, Vec<Described>), Problem>;

pub(crate) async fn handle<'r>(
    broker: &Broker,
    _context: &Context,
    request: Request<'r>,
) -> Result<Response<'r>, Refusal> {
    let twice = Counts::of(&request.topics);
    let wanted: Vec<_> = request
        .topics
        .iter()
        .map(|topic| wish(topic, &twice))
        .collect();
    warn_about_replicas(&request.topics);
    let plan = move |draft: &mut Draft| -> Vec<Created> {
        wanted.into_iter().map(|wish| made(draft, wish)).collect()
    };
    let outcomes = if request.validate_only {
        broker.topics.rehearse(plan)
    } else {
        match broker.topics.change(plan).await {
            Ok(outcomes) => outcomes,
            Err(error) => vec![Err(error.into()); request.topics.len()],
        }
    };
    let topics = request.topics.into_iter().zip(outcomes);
    let topics = topics
        .map(|(topic, outcome)| result(topic, outcome))
        .collect();
    Ok(Response {
        topics,
        ..Response::default()
    })
}

/// How often each name stands in the request.
struct Counts<'n>(HashMap<&'n str, usize>);

impl<'n> Counts<'n> {
    fn of(topics: &'n [CreatableTopic<'_>]) -> Self {
        let mut counts = HashMap::with_capacity(topics.len());
        for topic in topics {
            *counts.entry(&*topic.name).or_default() += 1;
        }
        Self(counts)
    }
}

fn wish(topic: &CreatableTopic<'_>, counts: &Counts<'_>) -> Result<NewTopic, Problem> {
    if counts.0.get(&*topic.name).is_some_and(|count| *count > 1) {
        let message = "the topic stands in the request twice";
        return Err(Problem::new(ErrorCode::InvalidRequest, message));
    }
    let assignments = topic.assignments.iter();
    let configs = topic.configs.iter();
    Ok(NewTopic {
        name: topic.name.to_string(),
        id: random_id(),
        partitions: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignments: assignments
            .map(|one| (one.partition_index, one.broker_ids.clone()))
            .collect(),
        configs: configs
            .map(|one| {
                (
                    one.name.to_string(),
                    one.value.as_deref().map(str::to_owned),
                )
            })
            .collect(),
        internal: false,
    })
}

fn made(draft: &mut Draft, wish: Result<NewTopic, Problem>) -> Created {
    let topic = create(draft, wish?)?;
    let described = draft.state().describe_topic(&topic.configs);
    Ok((topic, described))
}

fn warn_about_replicas(topics: &[CreatableTopic<'_>]) {
    let replicated = topics.iter().filter(|topic| topic.replication_factor > 1);
    if let Some(first) = replicated.clone().next() {
        let (factor, count) = (first.replication_factor, replicated.count());
        tracing::warn!(
            count,
            "replication factor {factor} of topic {} is kept as 1: there is one broker",
            first.name
        );
    }
}

fn result(topic: CreatableTopic<'_>, outcome: Created) -> CreatableTopicResult<'_> {
    let (error_code, error_message) = fields(&outcome);
    let failed = CreatableTopicResult {
        name: topic.name,
        error_code,
        error_message,
        ..<_>::default()
    };
    let Ok((made, described)) = outcome else {
        return failed;
    };
    CreatableTopicResult {
        topic_id: made.id,
        num_partitions: made.partitions,
        replication_factor: 1,
        configs: Some(described.iter().map(setting).collect()),
        ..failed
    }
}

fn setting<'r>(described: &Described) -> CreatableTopicConfigs<'r> {
    CreatableTopicConfigs {
        name: described.definition.name.into(),
        value: described.value().map(|value| value.to_owned().into()),
        read_only: false,
        config_source: described.source() as i8,
        is_sensitive: false,
    }
}
