//! `IncrementalAlterConfigs` (key 44, versions 0–1): changes single settings of topics and brokers.
//!
//! The changes to one resource go in together or not at all; resources stand for themselves.

use std::collections::HashMap;

use wire::ErrorCode;
use wire::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig, Request, Response,
};

use crate::Broker;
use crate::api::error::{Problem, fields};
use crate::api::resource::Resource;
use crate::api::{Context, Refusal};
use crate::topics::alter::{alter_broker, alter_topic};
use crate::topics::{ConfigChange, Draft, Operation};

/// A resource and what is to change about it.
type Wish = Result<(Resource, Vec<ConfigChange>), Problem>;

pub(crate) async fn handle<'r>(
    broker: &Broker,
    _context: &Context,
    request: Request<'r>,
) -> Result<Response<'r>, Refusal> {
    let wishes = wishes(&request.resources);
    let plan = move |draft: &mut Draft| -> Vec<Result<(), Problem>> {
        wishes
            .into_iter()
            .map(|wish| altered(draft, wish))
            .collect()
    };
    let outcomes = if request.validate_only {
        broker.topics.rehearse(plan)
    } else {
        match broker.topics.change(plan).await {
            Ok(outcomes) => outcomes,
            Err(error) => vec![Err(error.into()); request.resources.len()],
        }
    };
    let responses = request
        .resources
        .into_iter()
        .zip(outcomes)
        .map(|(resource, outcome)| {
            let (error_code, error_message) = fields(&outcome);
            AlterConfigsResourceResponse {
                error_code,
                error_message,
                resource_type: resource.resource_type,
                resource_name: resource.resource_name,
            }
        });
    Ok(Response {
        responses: responses.collect(),
        ..Response::default()
    })
}

fn wishes(resources: &[AlterConfigsResource<'_>]) -> Vec<Wish> {
    let mut counts: HashMap<(i8, &str), usize> = HashMap::with_capacity(resources.len());
    for resource in resources {
        *counts
            .entry((resource.resource_type, &*resource.resource_name))
            .or_default() += 1;
    }
    let wish = |resource: &AlterConfigsResource<'_>| {
        if counts.get(&(resource.resource_type, &*resource.resource_name)) != Some(&1) {
            let message = "the resource stands in the request twice";
            return Err(Problem::new(ErrorCode::InvalidRequest, message));
        }
        let changes: Result<_, Problem> = resource.configs.iter().map(change).collect();
        Ok((
            Resource::read(resource.resource_type, &resource.resource_name)?,
            changes?,
        ))
    };
    resources.iter().map(wish).collect()
}

fn change(config: &AlterableConfig<'_>) -> Result<ConfigChange, Problem> {
    let operation = match config.config_operation {
        0 => Operation::Set,
        1 => Operation::Delete,
        2 => Operation::Append,
        3 => Operation::Subtract,
        other => {
            let message = format!("{other} is no operation: set 0, delete 1, append 2, subtract 3");
            return Err(Problem::new(ErrorCode::InvalidRequest, message));
        }
    };
    Ok(ConfigChange {
        name: config.name.to_string(),
        operation,
        value: config.value.as_deref().map(str::to_owned),
    })
}

fn altered(draft: &mut Draft, wish: Wish) -> Result<(), Problem> {
    let (resource, changes) = wish?;
    match resource {
        Resource::Topic(name) => alter_topic(draft, &name, &changes)?,
        Resource::Broker => alter_broker(draft, false, &changes)?,
        Resource::AllBrokers => alter_broker(draft, true, &changes)?,
    }
    Ok(())
}
