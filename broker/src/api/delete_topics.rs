//! `DeleteTopics` (key 20, versions 1–6): deletes topics by name, from version 6 also by id.

use wire::messages::delete_topics::{DeletableTopicResult, DeleteTopicState, Request, Response};
use wire::{ErrorCode, Uuid};

use crate::Broker;
use crate::api::error::{Problem, fields};
use crate::api::{Context, Refusal};
use crate::topics::Draft;
use crate::topics::alter::delete;

/// A topic's name and id, once it is deleted.
type Deleted = Result<(String, Uuid), Problem>;

pub(crate) async fn handle<'r>(
    broker: &Broker,
    context: &Context,
    request: Request<'r>,
) -> Result<Response<'r>, Refusal> {
    let by_name = request.topic_names.into_iter();
    let by_name = by_name.map(|name| DeleteTopicState {
        name: Some(name),
        topic_id: Uuid::ZERO,
    });
    let wanted: Vec<_> = request.topics.into_iter().chain(by_name).collect();
    let outcomes = if broker.config.delete_topics {
        delete_all(broker, &wanted).await
    } else {
        vec![Err(disabled(context.api_version)); wanted.len()]
    };
    let responses = wanted.into_iter().zip(outcomes);
    let responses = responses
        .map(|(wanted, outcome)| result(wanted, &outcome))
        .collect();
    Ok(Response {
        responses,
        ..Response::default()
    })
}

fn disabled(version: i16) -> Problem {
    // Version 3 brought the code of its own.
    let code = if version < 3 {
        ErrorCode::InvalidRequest
    } else {
        ErrorCode::TopicDeletionDisabled
    };
    Problem::new(code, "delete.topic.enable is false")
}

async fn delete_all(broker: &Broker, wanted: &[DeleteTopicState<'_>]) -> Vec<Deleted> {
    let owned: Vec<(Option<String>, Uuid)> = wanted
        .iter()
        .map(|topic| (topic.name.as_deref().map(str::to_owned), topic.topic_id))
        .collect();
    let plan = move |draft: &mut Draft| -> Vec<Deleted> {
        owned
            .into_iter()
            .map(|(name, id)| deleted(draft, name.as_deref(), id))
            .collect()
    };
    let outcomes = match broker.topics.change(plan).await {
        Ok(outcomes) => outcomes,
        Err(error) => return vec![Err(error.into()); wanted.len()],
    };
    for (name, id) in outcomes.iter().flatten() {
        if let Err(error) = broker.groups.forget_topic(name, *id).await {
            // The topic is gone; what groups committed for it counts no more and goes at the next start at the latest.
            tracing::warn!("forget offsets of deleted topic {name}: {error}");
        }
    }
    outcomes
}

fn deleted(draft: &mut Draft, name: Option<&str>, id: Uuid) -> Deleted {
    let topic = match (name, id.is_zero()) {
        (Some(name), true) => draft.state().topic(name),
        (None, false) => draft.state().topic_by_id(id),
        (Some(_), false) => {
            let message = "give the topic's name or its id, not both";
            return Err(Problem::new(ErrorCode::InvalidRequest, message));
        }
        (None, true) => {
            let message = "give the topic's name or its id";
            return Err(Problem::new(ErrorCode::InvalidRequest, message));
        }
    };
    let Some(id) = topic.map(|topic| topic.id) else {
        let code = match name {
            Some(_) => ErrorCode::UnknownTopicOrPartition,
            None => ErrorCode::UnknownTopicId,
        };
        return Err(Problem::new(code, "there is no such topic"));
    };
    let topic = delete(draft, id)?;
    Ok((topic.name.to_string(), id))
}

fn result<'r>(wanted: DeleteTopicState<'r>, outcome: &Deleted) -> DeletableTopicResult<'r> {
    let (error_code, error_message) = fields(outcome);
    let (name, topic_id) = match outcome {
        Ok((name, id)) => (Some(name.clone().into()), *id),
        Err(_) => (wanted.name, wanted.topic_id),
    };
    DeletableTopicResult {
        name,
        topic_id,
        error_code,
        error_message,
    }
}
