//! The settings every connector has, whichever its plugin: Connect's own, and those by which a
//! Kubernetes object or a file manages a connector.

mod connect;
mod managed;

use super::{Config, Definition, Validation, check};

/// The prefix of settings for the producer.
pub(super) const PRODUCER_PREFIX: &str = "producer.override.";

/// Settings of the producer that are followed; all others have no effect.
pub(super) const PRODUCER_SETTINGS: [&str; 3] = ["linger.ms", "batch.size", "compression.type"];

/// How long the first restart of a task waits.
pub(super) const MIN_BACKOFF: &str = "eddyline.restart.min.backoff.ms";
/// How long a restart of a task waits at most.
pub(super) const MAX_BACKOFF: &str = "eddyline.restart.max.backoff.ms";

const COMPRESSIONS: &[&str] = &["none", "gzip", "snappy", "lz4", "zstd"];

/// Families of settings with free names: prefix, group, and why they have no effect.
const FAMILIES: [(&str, &str, &str); 9] = [
    ("topic.creation.", connect::TOPICS, connect::NO_TOPICS),
    (
        "transforms.",
        connect::COMMON,
        "it belongs to a transform, and those are not built yet",
    ),
    (
        "predicates.",
        connect::COMMON,
        "it belongs to a transform, and those are not built yet",
    ),
    (
        "errors.deadletterqueue.",
        connect::ERRORS,
        "dead letter queues belong to sink connectors",
    ),
    (
        "key.converter.",
        connect::CONVERTERS,
        "the converters here have no such option",
    ),
    (
        "value.converter.",
        connect::CONVERTERS,
        "the converters here have no such option",
    ),
    (
        "header.converter.",
        connect::CONVERTERS,
        "headers are always written as text",
    ),
    (
        "consumer.override.",
        connect::PRODUCER,
        "a source connector has a producer only",
    ),
    (
        "admin.override.",
        connect::PRODUCER,
        "a source connector has a producer only",
    ),
];

/// Connect's settings and ours, in the order in which they are shown.
pub(crate) fn definitions() -> Vec<Definition> {
    let mut all = connect::definitions();
    all.extend(managed::definitions());
    all
}

/// Finds the definition of a setting that belongs to a family with free names.
pub(crate) fn family(key: &str) -> Option<Definition> {
    if let Some(setting) = key.strip_prefix(PRODUCER_PREFIX) {
        return Some(producer(key, setting));
    }
    let (_, group, reason) = FAMILIES
        .iter()
        .find(|(prefix, ..)| key.starts_with(prefix))?;
    let definition = Definition::free(key, group, "A setting of Connect.".to_owned());
    Some(definition.without_effect(reason))
}

/// Judges what two settings say together.
pub(crate) fn relate(validation: &mut Validation, config: &Config) {
    let millis = |key, default| {
        let given = config.get(key);
        given.map_or(Some(default), |value| value.trim().parse::<i64>().ok())
    };
    let (least, most) = (millis(MIN_BACKOFF, 1000), millis(MAX_BACKOFF, 300_000));
    if least.zip(most).is_some_and(|(least, most)| least > most) {
        let key = if config.contains_key(MAX_BACKOFF) {
            MAX_BACKOFF
        } else {
            MIN_BACKOFF
        };
        validation.refuse(
            key,
            format!("makes {MIN_BACKOFF} longer than {MAX_BACKOFF}"),
        );
    }
}

fn producer(key: &str, setting: &str) -> Definition {
    let text = format!("The producer's {setting}.");
    let definition = Definition::free(key, connect::PRODUCER, text);
    match setting {
        "linger.ms" => definition.check(|value| check::within(value, 0, 900_000)),
        "batch.size" => definition.check(|value| check::within(value, 1, 16_777_216)),
        "compression.type" => definition
            .recommend(COMPRESSIONS)
            .check(|value| check::one_of(value, COMPRESSIONS)),
        _ => definition.without_effect(
            "the producer is always idempotent with acks=all; linger.ms, batch.size and \
             compression.type can be set",
        ),
    }
}
