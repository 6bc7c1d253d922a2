//! `DescribeConfigs` (key 32, versions 1–4): every known setting of topics and the broker, with
//! value, source, type and synonyms: tools read, change and write back through it.

use wire::messages::describe_configs::{
    DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResult,
    DescribeConfigsSynonym, Request, Response,
};

use crate::Broker;
use crate::api::error::{Problem, fields};
use crate::api::resource::Resource;
use crate::api::{Context, Refusal};
use crate::settings::definition::Definition;
use crate::settings::kind::Kind;
use crate::topics::TopicError;
use crate::topics::described::{Described, Source, Value};

#[expect(
    clippy::unused_async,
    reason = "every handler of the table has the same signature"
)]
pub(crate) async fn handle<'r>(
    broker: &Broker,
    _context: &Context,
    request: Request<'r>,
) -> Result<Response<'r>, Refusal> {
    let (synonyms, documentation) = (request.include_synonyms, request.include_documentation);
    let results = request.resources.into_iter().map(|resource| {
        let described = describe(broker, &resource);
        let (error_code, error_message) = fields(&described);
        let told = described.unwrap_or_default().into_iter();
        let told = told.filter(|one| is_wanted(&resource, one.definition.name));
        DescribeConfigsResult {
            error_code,
            error_message,
            resource_type: resource.resource_type,
            configs: told
                .map(|one| setting(&one, synonyms, documentation))
                .collect(),
            resource_name: resource.resource_name,
        }
    });
    Ok(Response {
        results: results.collect(),
        ..Response::default()
    })
}

fn describe(
    broker: &Broker,
    resource: &DescribeConfigsResource<'_>,
) -> Result<Vec<Described>, Problem> {
    let state = broker.topics.view();
    match Resource::read(resource.resource_type, &resource.resource_name)? {
        Resource::Topic(name) => {
            let topic = state.topic(&name).ok_or(TopicError::Unknown)?;
            Ok(state.describe_topic(&topic.configs))
        }
        Resource::AllBrokers => Ok(state.describe_all_brokers()),
        Resource::Broker => {
            let mut described = state.describe_broker();
            show_effective_request_bytes(&mut described, broker.max_request_bytes());
            described.extend(broker.facts.iter().map(fact));
            Ok(described)
        }
    }
}

/// The memory budget may allow less than the setting: what counts is told.
fn show_effective_request_bytes(described: &mut [Described], effective_bytes: usize) {
    let name = "socket.request.max.bytes";
    for one in described
        .iter_mut()
        .filter(|one| one.definition.name == name)
    {
        for value in &mut one.values {
            let bytes = value.value.parse().unwrap_or(effective_bytes);
            value.value = bytes.min(effective_bytes).to_string();
        }
    }
}

/// What the broker is rather than what it is set to.
fn fact((name, value): &(&'static str, String)) -> Described {
    let definition = Definition {
        name,
        kind: Kind::Text,
        default: None,
        broker_name: None,
        dynamic: false,
        doc: "How this broker was started.",
    };
    let value = Value {
        name,
        value: value.clone(),
        source: Source::Start,
    };
    Described {
        definition,
        values: vec![value],
    }
}

/// No list, or an empty one, asks for everything.
fn is_wanted(resource: &DescribeConfigsResource<'_>, name: &str) -> bool {
    match &resource.configuration_keys {
        Some(keys) if !keys.is_empty() => keys.iter().any(|key| key == name),
        _ => true,
    }
}

fn setting<'r>(
    described: &Described,
    synonyms: bool,
    documentation: bool,
) -> DescribeConfigsResourceResult<'r> {
    let Definition {
        name,
        kind,
        dynamic,
        doc,
        ..
    } = described.definition;
    let values = described.values.iter().filter(|_| synonyms);
    DescribeConfigsResourceResult {
        name: name.into(),
        value: described.value().map(|value| value.to_owned().into()),
        read_only: !dynamic,
        config_source: described.source() as i8,
        is_sensitive: false,
        synonyms: values.map(synonym).collect(),
        config_type: kind.wire_type(),
        documentation: documentation.then(|| doc.into()),
    }
}

fn synonym<'r>(value: &Value) -> DescribeConfigsSynonym<'r> {
    DescribeConfigsSynonym {
        name: value.name.into(),
        value: Some(value.value.clone().into()),
        source: value.source as i8,
    }
}
