//! `CreatePartitions` (key 37, versions 0–3): raises the number of partitions of topics.

use std::collections::HashMap;

use wire::ErrorCode;
use wire::messages::create_partitions::{
    CreatePartitionsTopic, CreatePartitionsTopicResult, Request, Response,
};

use crate::Broker;
use crate::api::error::{Problem, fields};
use crate::api::{Context, Refusal};
use crate::topics::Draft;
use crate::topics::alter::grow;

/// One topic that shall grow.
struct Wish {
    name: String,
    count: i32,
    assignments: Option<Vec<Vec<i32>>>,
    /// Whether the request names the topic once only.
    once: bool,
}

pub(crate) async fn handle<'r>(
    broker: &Broker,
    _context: &Context,
    request: Request<'r>,
) -> Result<Response<'r>, Refusal> {
    let wishes = wishes(&request.topics);
    let plan = move |draft: &mut Draft| -> Vec<Result<(), Problem>> {
        wishes.iter().map(|wish| grown(draft, wish)).collect()
    };
    let outcomes = if request.validate_only {
        broker.topics.rehearse(plan)
    } else {
        match broker.topics.change(plan).await {
            Ok(outcomes) => outcomes,
            Err(error) => vec![Err(error.into()); request.topics.len()],
        }
    };
    let results = request
        .topics
        .into_iter()
        .zip(outcomes)
        .map(|(topic, outcome)| {
            let (error_code, error_message) = fields(&outcome);
            CreatePartitionsTopicResult {
                name: topic.name,
                error_code,
                error_message,
            }
        });
    Ok(Response {
        results: results.collect(),
        ..Response::default()
    })
}

fn wishes(topics: &[CreatePartitionsTopic<'_>]) -> Vec<Wish> {
    let mut counts: HashMap<&str, usize> = HashMap::with_capacity(topics.len());
    for topic in topics {
        *counts.entry(&*topic.name).or_default() += 1;
    }
    let wish = |topic: &CreatePartitionsTopic<'_>| Wish {
        name: topic.name.to_string(),
        count: topic.count,
        assignments: topic
            .assignments
            .as_ref()
            .map(|list| list.iter().map(|one| one.broker_ids.clone()).collect()),
        once: counts.get(&*topic.name) == Some(&1),
    };
    topics.iter().map(wish).collect()
}

fn grown(draft: &mut Draft, wish: &Wish) -> Result<(), Problem> {
    if !wish.once {
        let message = "the topic stands in the request twice";
        return Err(Problem::new(ErrorCode::InvalidRequest, message));
    }
    Ok(grow(
        draft,
        &wish.name,
        wish.count,
        wish.assignments.as_deref(),
    )?)
}
