//! Datagen's own settings: those of the self-managed connector and of the hosted one, each
//! followed, without effect, or refused; and `rate`, which is ours.

use std::time::Duration;

use super::Template;
use crate::plugin::{
    Config, ConfigError, Definition, Importance, InvalidConfig, Kind, Pacing, SourceSettings,
    Validation, framework, numbered,
};

const DATA: &str = "Data";
const PACE: &str = "Pace";
const HOSTED: &str = "Hosted console";

const TOPIC: &str = "kafka.topic";
const QUICKSTART: &str = "quickstart";
const RATE: &str = "rate";
const MAX_INTERVAL: &str = "max.interval";
const ITERATIONS: &str = "iterations";
const SEED: &str = "random.seed";
const FORMAT: &str = "output.data.format";

/// What holds where neither `rate` nor `max.interval` is given, in milliseconds.
const DEFAULT_INTERVAL: u64 = 500;

/// All settings of the plugin, its own first.
pub(super) fn definitions() -> Vec<Definition> {
    let mut all = data();
    all.extend(pace());
    all.extend(framework::definitions());
    all.extend(hosted());
    numbered(all)
}

fn data() -> Vec<Definition> {
    let schemas = "schemas of one's own are not built yet; use quickstart with orders, rides or \
                   rides_location";
    vec![
        Definition::new(TOPIC, Kind::String, DATA, "The topic the records go to.")
            .required()
            .importance(Importance::High)
            .check(topic_name),
        Definition::new(
            QUICKSTART,
            Kind::String,
            DATA,
            "The template that says what the records look like; letter case is free.",
        )
        .required()
        .importance(Importance::High)
        .recommend(&Template::NAMES)
        .check(|name| Template::named(name).map(|_| ())),
        Definition::new(
            SEED,
            Kind::Long,
            DATA,
            "The same seed gives the same records, whatever tasks.max is. Without one a seed is \
             drawn once and kept.",
        ),
        Definition::new(
            FORMAT,
            Kind::String,
            DATA,
            "The hosted console's name of a format.",
        )
        .recommend(&["JSON"])
        .check(format_name),
        Definition::new("schema.string", Kind::String, DATA, "An Avro schema.")
            .default("")
            .refused(schemas),
        Definition::new(
            "schema.filename",
            Kind::String,
            DATA,
            "A file with an Avro schema.",
        )
        .default("")
        .refused(schemas),
        Definition::new(
            "schema.keyfield",
            Kind::String,
            DATA,
            "The field that is the key.",
        )
        .default("")
        .refused("each template has its own key; another one cannot be chosen yet"),
    ]
}

fn pace() -> Vec<Definition> {
    vec![
        Definition::new(
            RATE,
            Kind::Double,
            PACE,
            "Records per second over all tasks; fractions are allowed. Excludes max.interval.",
        )
        .importance(Importance::High)
        .check(rate),
        Definition::new(
            MAX_INTERVAL,
            Kind::Long,
            PACE,
            "Each task waits a random time below this, in milliseconds, before each record; up to \
             1 is without any wait. Holds where rate is not given.",
        )
        .default("500")
        .importance(Importance::High),
        Definition::new(
            ITERATIONS,
            Kind::Long,
            PACE,
            "How many records over all tasks (the reference counts for each task); then the \
             connector is Completed. 0 and below are without end.",
        )
        .default("-1")
        .importance(Importance::High),
    ]
}

fn hosted() -> Vec<Definition> {
    let access = "the worker's own access to the cluster is used";
    let registry = "no format here uses a schema registry";
    [
        ("kafka.auth.mode", Kind::String, access),
        ("kafka.api.key", Kind::Password, access),
        ("kafka.api.secret", Kind::Password, access),
        ("kafka.service.account.id", Kind::String, access),
        ("schema.context.name", Kind::String, registry),
        (
            "json.output.decimal.format",
            Kind::String,
            "no template has decimals",
        ),
    ]
    .into_iter()
    .map(|(name, kind, reason)| {
        Definition::new(name, kind, HOSTED, "A setting of the hosted console.")
            .without_effect(reason)
    })
    .collect()
}

/// Every finding about `config`.
pub(super) fn validate(class: &str, config: &Config) -> Validation {
    let mut validation = Validation::new(class, &definitions(), framework::family, config);
    framework::relate(&mut validation, config);
    if config.contains_key(RATE) && config.contains_key(MAX_INTERVAL) {
        validation.refuse(RATE, "excludes max.interval; keep one of the two");
    }
    let text = config
        .get("value.converter")
        .is_some_and(|class| !class.contains("JsonConverter"));
    if config.contains_key(FORMAT) && text {
        validation.refuse(FORMAT, "contradicts value.converter; keep one of the two");
    }
    let tasks = config
        .get("tasks.max")
        .and_then(|tasks| tasks.trim().parse::<u32>().ok());
    if number(config, ITERATIONS).is_some() && tasks > Some(1) {
        validation.remark(ITERATIONS, "counts over all tasks here, not for each task");
    }
    validation
}

/// The template that a valid configuration names.
pub(super) fn template(config: &Config) -> Result<Template, InvalidConfig> {
    Template::named(config.get(QUICKSTART).map_or("", String::as_str)).map_err(|message| {
        InvalidConfig {
            errors: vec![ConfigError {
                name: QUICKSTART.to_owned(),
                message,
            }],
        }
    })
}

/// What the runtime must know of a valid configuration.
pub(super) fn source(config: &Config, identity: String) -> SourceSettings {
    let rate = config.get(RATE).and_then(|rate| rate.trim().parse().ok());
    SourceSettings {
        topic: config
            .get(TOPIC)
            .map(|topic| topic.trim().to_owned())
            .unwrap_or_default(),
        identity,
        pacing: rate.map_or_else(|| interval(config), Pacing::Rate),
        iterations: number(config, ITERATIONS)
            .and_then(|count| u64::try_from(count).ok())
            .filter(|count| *count > 0),
        seed: number(config, SEED).map(i64::cast_unsigned),
    }
}

/// A wait of up to one millisecond is none, as in the reference.
fn interval(config: &Config) -> Pacing {
    match number(config, MAX_INTERVAL) {
        None => Pacing::MaxInterval(Duration::from_millis(DEFAULT_INTERVAL)),
        Some(millis) => match u64::try_from(millis) {
            Ok(millis) if millis > 1 => Pacing::MaxInterval(Duration::from_millis(millis)),
            _ => Pacing::Unthrottled,
        },
    }
}

fn number(config: &Config, key: &str) -> Option<i64> {
    config.get(key)?.trim().parse().ok()
}

/// Kafka's rule for names of topics.
fn topic_name(name: &str) -> Result<(), String> {
    let name = name.trim();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if (1..=249).contains(&name.len()) && name.chars().all(legal) && name != "." && name != ".." {
        return Ok(());
    }
    Err(format!(
        "is {name:?}; write 1 to 249 letters, digits, dots, underscores and hyphens"
    ))
}

fn format_name(name: &str) -> Result<(), String> {
    match name.trim().to_uppercase().as_str() {
        "JSON" => Ok(()),
        "AVRO" | "PROTOBUF" | "JSON_SR" => Err(format!(
            "is {name:?}, a format that is not built yet; write JSON"
        )),
        _ => Err(format!("is {name:?}; write JSON")),
    }
}

/// The bounds keep the time between two records, and its inverse, far from any overflow.
fn rate(value: &str) -> Result<(), String> {
    match value.trim().parse::<f64>() {
        Ok(rate) if (0.001..=10_000_000.0).contains(&rate) => Ok(()),
        _ => Err(format!(
            "is {value:?}; write records per second from 0.001 to 10000000, or pause the \
             connector to send none"
        )),
    }
}

#[cfg(test)]
mod tests;
