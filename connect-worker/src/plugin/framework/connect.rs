//! Connect's own settings of a connector, by Apache Kafka 4.0's names.

use crate::plugin::{
    Definition, Importance, Kind,
    check::{not_true, one_of, within},
};

pub(super) const COMMON: &str = "Common";
pub(super) const CONVERTERS: &str = "Converters";
pub(super) const ERRORS: &str = "Error handling";
pub(super) const TOPICS: &str = "Topic creation";
pub(super) const PRODUCER: &str = "Producer overrides";
const DELIVERY: &str = "Delivery";

pub(super) const NO_TOPICS: &str =
    "topics are made by a Topic object or by hand, never by a connector";

/// More tasks than this are refused: each is a task of the runtime with queues of its own.
const MAX_TASKS: i64 = 256;

const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
const TEXT: &str = "org.apache.kafka.connect.storage.StringConverter";

pub(super) fn definitions() -> Vec<Definition> {
    let mut all = common();
    all.extend(without_effect());
    all.extend(converters());
    all.push(
        Definition::new(
            "exactly.once.support",
            Kind::String,
            DELIVERY,
            "Whether exactly-once delivery is asked for or demanded.",
        )
        .default("requested")
        .recommend(&["requested"])
        .check(exactly_once),
    );
    all
}

fn common() -> Vec<Definition> {
    let setting = |name, kind, text| Definition::new(name, kind, COMMON, text);
    let no_transforms =
        "transforms are not built yet; remove it, and shape the records where they are read";
    vec![
        setting(
            "name",
            Kind::String,
            "The connector's name; where the request names one too, both are the same.",
        ),
        setting(
            "connector.class",
            Kind::Class,
            "The plugin, by its class or an alias.",
        )
        .required()
        .importance(Importance::High),
        setting(
            "tasks.max",
            Kind::Int,
            "How many tasks make the records: of T tasks, task t makes those whose number modulo \
             T is t. What the records are does not depend on it.",
        )
        .default("1")
        .importance(Importance::High)
        .check(|value| within(value, 1, MAX_TASKS)),
        setting("transforms", Kind::List, "Names of transforms.")
            .default("")
            .refused(no_transforms),
        setting(
            "predicates",
            Kind::List,
            "Names of predicates of transforms.",
        )
        .default("")
        .refused(no_transforms),
    ]
}

/// Settings that are accepted and change nothing: name, type, default, group, what it is in
/// Connect, and why.
type Idle = (
    &'static str,
    Kind,
    Option<&'static str>,
    &'static str,
    &'static str,
    &'static str,
);

const NO_FAULTS: &str = "the sources here make no faulty records, and faults of the broker follow \
                         the restart policy";
const FAULTS: &str = "What Connect does about a faulty record.";
const NO_TRANSACTIONS: &str = "records are not sent in transactions yet";
const BOUNDARY: &str = "Where Connect's transactions end.";

const IDLE: [Idle; 13] = [
    (
        "tasks.max.enforce",
        Kind::Boolean,
        Some("true"),
        COMMON,
        "Whether more tasks than tasks.max are refused.",
        "there are always exactly tasks.max tasks",
    ),
    (
        "config.action.reload",
        Kind::String,
        Some("restart"),
        COMMON,
        "What follows when a secret from outside changes.",
        "configurations refer to no secrets",
    ),
    (
        "connector.plugin.version",
        Kind::String,
        None,
        COMMON,
        "Which version of the plugin is wanted.",
        "there is one version of each plugin",
    ),
    (
        "topic.creation.groups",
        Kind::List,
        Some(""),
        TOPICS,
        "Groups of topics that Connect creates.",
        NO_TOPICS,
    ),
    (
        "errors.tolerance",
        Kind::String,
        Some("none"),
        ERRORS,
        FAULTS,
        NO_FAULTS,
    ),
    (
        "errors.retry.timeout",
        Kind::Long,
        Some("0"),
        ERRORS,
        FAULTS,
        NO_FAULTS,
    ),
    (
        "errors.retry.delay.max.ms",
        Kind::Long,
        Some("60000"),
        ERRORS,
        FAULTS,
        NO_FAULTS,
    ),
    (
        "errors.log.enable",
        Kind::Boolean,
        Some("false"),
        ERRORS,
        FAULTS,
        NO_FAULTS,
    ),
    (
        "errors.log.include.messages",
        Kind::Boolean,
        Some("false"),
        ERRORS,
        FAULTS,
        NO_FAULTS,
    ),
    (
        "transaction.boundary",
        Kind::String,
        Some("poll"),
        DELIVERY,
        BOUNDARY,
        NO_TRANSACTIONS,
    ),
    (
        "transaction.boundary.interval.ms",
        Kind::Long,
        None,
        DELIVERY,
        BOUNDARY,
        NO_TRANSACTIONS,
    ),
    (
        "offsets.storage.topic",
        Kind::String,
        Some(""),
        DELIVERY,
        "A topic of its own for a connector's offsets.",
        "offsets of all connectors are kept in one topic",
    ),
    (
        "header.converter",
        Kind::Class,
        None,
        CONVERTERS,
        "How header values become bytes.",
        "headers are always written as text",
    ),
];

fn without_effect() -> impl Iterator<Item = Definition> {
    IDLE.into_iter()
        .map(|(name, kind, default, group, text, reason)| {
            let definition = Definition::new(name, kind, group, text).without_effect(reason);
            match default {
                Some(value) => definition.default(value),
                None => definition,
            }
        })
}

fn converters() -> Vec<Definition> {
    let converter = |name, default, text| {
        Definition::new(name, Kind::Class, CONVERTERS, text)
            .default(default)
            .recommend(&[JSON, TEXT])
            .check(|value| one_of(value, &[JSON, TEXT]))
    };
    let schemas = |name| {
        let text = "Whether each record carries its schema in an envelope.";
        Definition::new(name, Kind::Boolean, CONVERTERS, text)
            .default("false")
            .check(|value| {
                not_true(
                    value,
                    "schemas in every record are not built yet; write false or leave it out",
                )
            })
    };
    vec![
        converter(
            "key.converter",
            TEXT,
            "How keys become bytes: StringConverter writes plain text, JsonConverter JSON.",
        )
        .dependents(&["key.converter.schemas.enable"]),
        schemas("key.converter.schemas.enable"),
        converter(
            "value.converter",
            JSON,
            "How values become bytes: JsonConverter writes JSON, StringConverter what Java's \
             toString shows.",
        )
        .dependents(&["value.converter.schemas.enable"]),
        schemas("value.converter.schemas.enable"),
    ]
}

fn exactly_once(value: &str) -> Result<(), String> {
    match value.trim().to_lowercase().as_str() {
        "requested" => Ok(()),
        "required" => {
            let message = "exactly-once delivery is not built yet; write requested or leave it out";
            Err(message.to_owned())
        }
        _ => Err(format!("is {value:?}; write requested")),
    }
}
