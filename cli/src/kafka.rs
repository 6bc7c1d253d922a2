//! What `produce` and `consume` share: a client of librdkafka, and the check that a topic is there.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use crate::failure::Failure;
use crate::laptop::findings::suggest;

/// How long the first answer of a cluster may take.
pub const FIRST_ANSWER: Duration = Duration::from_secs(5);

/// The settings that every client here has.
pub fn client(servers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", servers)
        .set("client.id", "eddyline");
    // A broker that is just starting is tried again at once.
    config
        .set("reconnect.backoff.ms", "20")
        .set("reconnect.backoff.max.ms", "1000");
    config
}

/// The topic's partitions.
///
/// # Errors
/// The cluster does not answer, or has no such topic: then with the nearest name.
pub fn partitions<C: ClientContext>(
    client: &Client<C>,
    servers: &str,
    topic: &str,
) -> Result<Vec<i32>, Failure> {
    let metadata = client
        .fetch_metadata(None, FIRST_ANSWER)
        .map_err(|error| unreachable(servers, &error))?;
    let found = metadata.topics().iter().find(|known| known.name() == topic);
    if let Some(found) = found {
        return Ok(found
            .partitions()
            .iter()
            .map(rdkafka::metadata::MetadataPartition::id)
            .collect());
    }
    let names: Vec<&str> = metadata
        .topics()
        .iter()
        .map(rdkafka::metadata::MetadataTopic::name)
        .collect();
    let names = names.into_iter().filter(|name| !name.starts_with("__"));
    let near = suggest(topic, names.collect::<Vec<_>>().iter().copied());
    let help = format!("{near}\nmake it with: eddyline topic create {topic}");
    Err(Failure::new(
        format!("there is no topic \"{topic}\""),
        help.trim_start(),
    ))
}

/// The failure of a call that got no answer.
pub fn unreachable(servers: &str, error: &KafkaError) -> Failure {
    let why = match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::OperationTimedOut,
        ) => "it does not answer".to_owned(),
        Some(RDKafkaErrorCode::Resolve) => "its name is not known".to_owned(),
        _ => error.to_string(),
    };
    let help = "is it running? say where it is with --bootstrap HOST:PORT";
    Failure::new(format!("cannot reach Kafka at {servers}: {why}"), help)
}
