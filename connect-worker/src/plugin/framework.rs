//! The settings every connector has, whichever its plugin: Connect's own, and those by which a
//! Kubernetes object or a file manages a connector. Apache Kafka 4.0's names.

use super::{Config, Definition, Importance, Kind, Validation};

const COMMON: &str = "Common";
const CONVERTERS: &str = "Converters";
const ERRORS: &str = "Error handling";
const TOPICS: &str = "Topic creation";
const DELIVERY: &str = "Delivery";
const PRODUCER: &str = "Producer overrides";
const MANAGED: &str = "Managed by Eddyline";

/// Settings of the producer that are followed; all others have no effect.
pub(super) const PRODUCER_SETTINGS: [&str; 3] = ["linger.ms", "batch.size", "compression.type"];

/// The prefix of settings for the producer.
pub(super) const PRODUCER_PREFIX: &str = "producer.override.";

/// More tasks than this are refused: each is a task of the runtime with queues of its own.
pub(super) const MAX_TASKS: u32 = 1000;

/// How long the first restart of a task waits.
pub(super) const BACKOFF_MIN: &str = "eddyline.restart.backoff.min.ms";
/// How long a restart of a task waits at most.
pub(super) const BACKOFF_MAX: &str = "eddyline.restart.backoff.max.ms";

const BOTH_CONVERTERS: &[&str] = &[
    "org.apache.kafka.connect.json.JsonConverter",
    "org.apache.kafka.connect.storage.StringConverter",
];

/// Connect's settings and ours, in the order in which they are shown.
pub(crate) fn definitions() -> Vec<Definition> {
    let mut all = common();
    all.extend(converters());
    all.extend(errors());
    all.extend(delivery());
    all.extend(managed());
    all
}

/// Finds the definition of a setting that belongs to a family with free names.
pub(crate) fn family(key: &str) -> Option<Definition> {
    if let Some(setting) = key.strip_prefix(PRODUCER_PREFIX) {
        return Some(producer(key, setting));
    }
    let (group, reason) = match key {
        _ if key.starts_with("topic.creation.") => (
            TOPICS,
            "topics are made by a Topic object or by hand, never by a connector",
        ),
        _ if key.starts_with("transforms.") || key.starts_with("predicates.") => (
            COMMON,
            "it belongs to a transform, and transforms are not built yet",
        ),
        _ if key.starts_with("errors.deadletterqueue.") => {
            (ERRORS, "dead letter queues belong to sink connectors")
        }
        _ if key.starts_with("key.converter.") || key.starts_with("value.converter.") => {
            (CONVERTERS, "the converters here have no such option")
        }
        _ if key.starts_with("header.converter.") => {
            (CONVERTERS, "headers are always written as text")
        }
        _ if key.starts_with("consumer.override.") || key.starts_with("admin.override.") => {
            (PRODUCER, "a source connector has a producer only")
        }
        _ => return None,
    };
    let definition = Definition::new(key.to_owned(), Kind::String, group, "A setting of Connect.");
    Some(definition.without_effect(reason))
}

/// Judges what two settings say together.
pub(crate) fn relate(validation: &mut Validation, config: &Config) {
    let millis = |key, default| {
        config
            .get(key)
            .map_or(Some(default), |value| value.trim().parse::<i64>().ok())
    };
    let least = millis(BACKOFF_MIN, 1000);
    let most = millis(BACKOFF_MAX, 300_000);
    if least.zip(most).is_some_and(|(least, most)| least > most) {
        let key = if config.contains_key(BACKOFF_MAX) {
            BACKOFF_MAX
        } else {
            BACKOFF_MIN
        };
        validation.refuse(
            key,
            format!("makes {BACKOFF_MIN} longer than {BACKOFF_MAX}"),
        );
    }
}

fn common() -> Vec<Definition> {
    let transforms =
        "transforms are not built yet; remove it, and shape the records where they are read";
    vec![
        Definition::new("name", Kind::String, COMMON, "The connector's name; it may repeat the one in the request and may not differ from it."),
        Definition::new("connector.class", Kind::Class, COMMON, "The plugin, by its class or an alias.")
            .required()
            .importance(Importance::High),
        Definition::new("tasks.max", Kind::Int, COMMON, "How many tasks make the records: task t of T makes those whose number modulo T is t. The records do not depend on it.")
            .default("1")
            .importance(Importance::High)
            .check(tasks),
        Definition::new("tasks.max.enforce", Kind::Boolean, COMMON, "Whether more tasks than tasks.max are refused.")
            .default("true")
            .without_effect("there are always exactly tasks.max tasks"),
        Definition::new("transforms", Kind::List, COMMON, "Aliases of transforms.").default("").refused(transforms),
        Definition::new("predicates", Kind::List, COMMON, "Aliases of predicates.").default("").refused(transforms),
        Definition::new("config.action.reload", Kind::String, COMMON, "What follows when a secret from outside changes.")
            .default("restart")
            .without_effect("configurations refer to no secrets"),
        Definition::new("connector.plugin.version", Kind::String, COMMON, "Which version of the plugin.")
            .without_effect("there is one version of each plugin"),
        Definition::new("topic.creation.groups", Kind::List, TOPICS, "Groups of topics to create.")
            .default("")
            .without_effect("topics are made by a Topic object or by hand, never by a connector"),
    ]
}

fn converters() -> Vec<Definition> {
    let schemas = "Whether each record carries its schema in an envelope.";
    vec![
        Definition::new("key.converter", Kind::Class, CONVERTERS, "How keys become bytes. StringConverter writes plain text, JsonConverter writes JSON.")
            .default(BOTH_CONVERTERS[1])
            .recommend(BOTH_CONVERTERS)
            .check(converter),
        Definition::new("key.converter.schemas.enable", Kind::Boolean, CONVERTERS, schemas)
            .default("false")
            .check(no_schemas),
        Definition::new("value.converter", Kind::Class, CONVERTERS, "How values become bytes. JsonConverter writes JSON, StringConverter writes text as Java's toString.")
            .default(BOTH_CONVERTERS[0])
            .recommend(BOTH_CONVERTERS)
            .dependents(&["value.converter.schemas.enable"])
            .check(converter),
        Definition::new("value.converter.schemas.enable", Kind::Boolean, CONVERTERS, schemas)
            .default("false")
            .check(no_schemas),
        Definition::new("header.converter", Kind::Class, CONVERTERS, "How header values become bytes.")
            .without_effect("headers are always written as text"),
    ]
}

fn errors() -> Vec<Definition> {
    let reason = "the sources here make no faulty records; faults of the broker are retried by the restart policy";
    [
        ("errors.tolerance", Kind::String, "none"),
        ("errors.retry.timeout", Kind::Long, "0"),
        ("errors.retry.delay.max.ms", Kind::Long, "60000"),
        ("errors.log.enable", Kind::Boolean, "false"),
        ("errors.log.include.messages", Kind::Boolean, "false"),
    ]
    .into_iter()
    .map(|(name, kind, default)| {
        Definition::new(name, kind, ERRORS, "How Connect treats a faulty record.")
            .default(default)
            .without_effect(reason)
    })
    .collect()
}

fn delivery() -> Vec<Definition> {
    let reason = "records are not sent in transactions yet";
    vec![
        Definition::new(
            "exactly.once.support",
            Kind::String,
            DELIVERY,
            "Whether exactly-once delivery is asked for or demanded.",
        )
        .default("requested")
        .recommend(&["requested"])
        .check(exactly_once),
        Definition::new(
            "transaction.boundary",
            Kind::String,
            DELIVERY,
            "Where transactions end.",
        )
        .default("poll")
        .without_effect(reason),
        Definition::new(
            "transaction.boundary.interval.ms",
            Kind::Long,
            DELIVERY,
            "How long a transaction lasts.",
        )
        .without_effect(reason),
        Definition::new(
            "offsets.storage.topic",
            Kind::String,
            DELIVERY,
            "A topic of its own for this connector's offsets.",
        )
        .without_effect("offsets of all connectors are kept in one topic"),
    ]
}

/// Names agreed with the operator, which renders them from a Connector object.
fn managed() -> Vec<Definition> {
    vec![
        Definition::new("eddyline.uid", Kind::String, MANAGED, "The uid of the object that manages this connector."),
        Definition::new("eddyline.generation", Kind::Long, MANAGED, "The generation of that object; the higher one holds.").check(whole),
        Definition::new("eddyline.epoch", Kind::Long, MANAGED, "Rises with every change of tasks or workers; each epoch starts where the one before it stopped.")
            .check(whole),
        Definition::new("eddyline.workers", Kind::List, MANAGED, "The uids of the worker pods that are there, in the order of their ordinals."),
        Definition::new("eddyline.state", Kind::String, MANAGED, "The state the connector is wanted in.")
            .default("Running")
            .recommend(&["Running", "Paused", "Stopped"])
            .check(state),
        Definition::new("eddyline.restart.max", Kind::Int, MANAGED, "How many times a failed task is started again before it stays failed.")
            .default("10")
            .check(count),
        Definition::new(BACKOFF_MIN, Kind::Long, MANAGED, "How long the first restart waits, in milliseconds; each further one waits twice as long.")
            .default("1000")
            .check(whole),
        Definition::new(BACKOFF_MAX, Kind::Long, MANAGED, "How long a restart waits at most, in milliseconds.")
            .default("300000")
            .check(whole),
    ]
}

fn producer(key: &str, setting: &str) -> Definition {
    let definition = Definition::new(
        key.to_owned(),
        Kind::String,
        PRODUCER,
        format!("The producer's {setting}."),
    );
    match setting {
        "linger.ms" => definition.check(|value| within(value, 0, 900_000)),
        "batch.size" => definition.check(|value| within(value, 1, 16_777_216)),
        "compression.type" => definition
            .recommend(&["none", "gzip", "snappy", "lz4", "zstd"])
            .check(|value| one_of(value, &["none", "gzip", "snappy", "lz4", "zstd"])),
        _ => definition.without_effect(
            "the producer is always idempotent with acks=all; linger.ms, batch.size and compression.type can be set",
        ),
    }
}

fn tasks(value: &str) -> Result<(), String> {
    within(value, 1, i64::from(MAX_TASKS))
}

fn count(value: &str) -> Result<(), String> {
    within(value, 0, i64::from(i32::MAX))
}

fn whole(value: &str) -> Result<(), String> {
    within(value, 0, i64::MAX)
}

fn state(value: &str) -> Result<(), String> {
    one_of(value, &["Running", "Paused", "Stopped"])
}

fn converter(value: &str) -> Result<(), String> {
    one_of(value, BOTH_CONVERTERS)
}

fn no_schemas(value: &str) -> Result<(), String> {
    if value.trim().eq_ignore_ascii_case("true") {
        return Err(
            "schemas in every record are not built yet; write false or leave it out".into(),
        );
    }
    Ok(())
}

fn exactly_once(value: &str) -> Result<(), String> {
    if value.trim().eq_ignore_ascii_case("required") {
        return Err(
            "exactly-once delivery is not built yet; write requested or leave it out".into(),
        );
    }
    one_of(&value.trim().to_lowercase(), &["requested"])
}

/// A whole number from `least` to `most`.
pub(crate) fn within(value: &str, least: i64, most: i64) -> Result<(), String> {
    match value.trim().parse::<i64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(()),
        _ if most == i64::MAX => Err(format!("is {value:?}; write a whole number from {least}")),
        _ => Err(format!(
            "is {value:?}; write a whole number from {least} to {most}"
        )),
    }
}

/// One of these words, to the letter.
pub(crate) fn one_of(value: &str, words: &[&str]) -> Result<(), String> {
    if words.contains(&value.trim()) {
        return Ok(());
    }
    Err(format!("is {value:?}; write one of {}", words.join(", ")))
}
