//! Reads a Topic's spec beside the facts of its Cluster: what it names, in Kafka's words, and what
//! is filled in when the topic has to be made. Pure.

use std::{collections::BTreeMap, fmt};

use crds::{
    Topic,
    cluster::Engine,
    duration::{Duration, TimeLimit},
    size::SizeLimit,
    topic::{CleanupPolicy, DeletionPolicy, DriftPolicy, Flush, TopicSpec},
};

use crate::{Finding, names};

/// Kept without end, in Kafka's words.
const WITHOUT_END: &str = "-1";

/// Seven days, Kafka's default as well.
const DEFAULT_RETENTION_MS: i64 = 604_800_000;

/// Copies of each partition where there are brokers enough.
const DEFAULT_REPLICAS: i32 = 3;

/// The longest interval that the bundled broker takes for `flush: Interval`.
const LONGEST_FLUSH_INTERVAL: std::time::Duration = std::time::Duration::from_hours(1);

/// What a Topic's meaning depends on beside its own spec.
#[derive(Clone, Debug)]
pub struct ClusterFacts<'a> {
    /// What runs the cluster.
    pub engine: Engine,
    /// How many brokers there are.
    pub brokers: i32,
    /// The Cluster's own settings by their Kafka names.
    pub config: &'a BTreeMap<String, String>,
}

/// A Topic that can be carried out, in Kafka's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatedTopic {
    /// The topic's name in Kafka.
    pub name: String,
    /// Partitions the object names.
    pub partitions: Option<i32>,
    /// Copies of each partition the object names, as the engine can have them.
    pub replicas: Option<i32>,
    /// Settings the object names.
    pub settings: BTreeMap<String, String>,
    /// What an unset field means for a topic that the object makes.
    pub defaults: Defaults,
    /// What becomes of the topic when the object goes; `None` depends on who made the topic.
    pub deletion_policy: Option<DeletionPolicy>,
    /// What happens to changes made elsewhere.
    pub drift_policy: DriftPolicy,
    /// What the person should know although it is no fault.
    pub notes: Vec<Note>,
}

/// What an unset field means for a topic that the object makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// Partitions.
    pub partitions: i32,
    /// Copies of each partition.
    pub replicas: i32,
    /// Settings, each one only where the object does not name it.
    pub settings: BTreeMap<String, String>,
}

/// What the person should know although it is no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The bundled broker keeps one copy, whatever is asked for.
    OneReplica {
        /// The copies asked for.
        asked: i32,
    },
    /// The bundled broker keeps and reports the setting, and does nothing else about it.
    NoEffect {
        /// The setting's Kafka name.
        setting: String,
        /// Its value.
        value: String,
        /// Why.
        why: &'static str,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneReplica { asked } => {
                write!(
                    f,
                    "replicas: {asked} is kept as 1: the bundled broker is one broker"
                )
            }
            Self::NoEffect {
                setting,
                value,
                why,
            } => write!(f, "{setting}: {value} has no effect: {why}"),
        }
    }
}

/// What a person should know of settings (of a Topic or a Cluster) that the bundled broker keeps and does nothing about.
pub fn without_effect(config: &BTreeMap<String, String>) -> impl Iterator<Item = Note> {
    const SETTINGS: [(&str, &str, &str); 1] = [(
        "min.insync.replicas",
        "1",
        "the bundled broker keeps one copy",
    )];
    SETTINGS.into_iter().filter_map(|(setting, neutral, why)| {
        let value = config
            .get(setting)
            .filter(|value| value.trim() != neutral)?;
        Some(Note::NoEffect {
            setting: setting.to_owned(),
            value: value.clone(),
            why,
        })
    })
}

/// Reads `topic` beside `facts`; all findings at once where it cannot be carried out.
pub fn validate(topic: &Topic, facts: &ClusterFacts<'_>) -> Result<ValidatedTopic, Vec<Finding>> {
    let spec = &topic.spec;
    let findings = findings(topic, facts);
    if !findings.is_empty() {
        return Err(findings);
    }
    let bundled = facts.engine == Engine::Bundled;
    let settings = named_settings(spec);
    let mut default_settings = default_settings(facts);
    default_settings.retain(|name, _| !settings.contains_key(name));
    Ok(ValidatedTopic {
        name: names::kafka_topic(topic).to_owned(),
        partitions: spec.partitions,
        replicas: spec.replicas.map(|count| if bundled { 1 } else { count }),
        settings,
        defaults: Defaults {
            partitions: 1,
            replicas: if bundled {
                1
            } else {
                facts.brokers.clamp(1, DEFAULT_REPLICAS)
            },
            settings: default_settings,
        },
        deletion_policy: spec.deletion_policy,
        drift_policy: spec.drift_policy.unwrap_or_default(),
        notes: if bundled { notes(spec) } else { Vec::new() },
    })
}

/// What the bundled broker makes of wishes that only several brokers, or another one, could fulfil.
fn notes(spec: &TopicSpec) -> Vec<Note> {
    let asked = spec.replicas.filter(|count| *count > 1);
    let replicas = asked.map(|asked| Note::OneReplica { asked });
    replicas
        .into_iter()
        .chain(without_effect(&spec.config))
        .collect()
}

fn findings(topic: &Topic, facts: &ClusterFacts<'_>) -> Vec<Finding> {
    let spec = &topic.spec;
    let name = names::kafka_topic(topic);
    let mut findings = Vec::new();
    if names::is_internal(name) {
        let place = if spec.topic_name.is_some() {
            "spec.topicName"
        } else {
            "metadata.name"
        };
        let message = format!("topic {name} belongs to the platform: write another name");
        findings.push(Finding::new(place, message));
    }
    if facts.engine == Engine::External {
        if spec.flush.is_some() {
            findings.push(Finding::new(
                "spec.flush",
                "flush is a setting of the bundled broker: remove it for an external Kafka",
            ));
        }
        findings.extend(spec.replicas.filter(|count| *count > facts.brokers).map(|count| {
            let brokers = facts.brokers;
            let message = format!(
                "{count} copies need {count} brokers and the cluster has {brokers}: write replicas: {brokers}"
            );
            Finding::new("spec.replicas", message)
        }));
    }
    findings.extend(
        spec.flush_interval
            .filter(|interval| interval.as_std() > LONGEST_FLUSH_INTERVAL)
            .map(|interval| {
                let message = format!("{interval} is too long: write 1h or less");
                Finding::new("spec.flushInterval", message)
            }),
    );
    findings.extend(
        spec.config
            .keys()
            .filter(|name| name.trim().is_empty())
            .map(|_| {
                Finding::new(
                    "spec.config",
                    "a setting has no name: write the Kafka name of the setting",
                )
            }),
    );
    findings
}

fn named_settings(spec: &TopicSpec) -> BTreeMap<String, String> {
    let mut settings = spec.config.clone();
    let retention = spec.retention.unwrap_or_default();
    let mut set = |name: &str, value: String| settings.insert(name.to_owned(), value);
    if let Some(time) = retention.time {
        set("retention.ms", time_value(time));
    }
    if let Some(size) = retention.size {
        set("retention.bytes", size_value(size));
    }
    if let Some(policy) = spec.cleanup_policy {
        let policy = match policy {
            CleanupPolicy::Delete => "delete",
            CleanupPolicy::Compact => "compact",
            CleanupPolicy::CompactDelete => "compact,delete",
        };
        set("cleanup.policy", policy.to_owned());
    }
    if let Some(flush) = spec
        .flush
        .and_then(|flush| flush_value(flush, spec.flush_interval))
    {
        set("eddyline.flush", flush);
    }
    settings
}

/// The text of `eddyline.flush`; none where the schema's rule was not kept.
fn flush_value(flush: Flush, interval: Option<Duration>) -> Option<String> {
    match flush {
        Flush::Sync => Some("sync".to_owned()),
        Flush::PageCache => Some("pagecache".to_owned()),
        Flush::Interval => interval.map(|interval| format!("interval:{interval}")),
    }
}

fn time_value(limit: TimeLimit) -> String {
    match limit {
        TimeLimit::Forever => WITHOUT_END.to_owned(),
        TimeLimit::For(duration) => duration.as_millis().to_string(),
    }
}

fn size_value(limit: SizeLimit) -> String {
    match limit {
        SizeLimit::Unlimited => WITHOUT_END.to_owned(),
        SizeLimit::UpTo(size) => size.as_bytes().to_string(),
    }
}

fn default_settings(facts: &ClusterFacts<'_>) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("cleanup.policy".to_owned(), "delete".to_owned()),
        (
            "retention.ms".to_owned(),
            default_retention(facts.config).to_string(),
        ),
    ])
}

/// The Cluster's retention in milliseconds, by the first of Kafka's three settings that is there;
/// a negative number means without end, as in Kafka.
fn default_retention(config: &BTreeMap<String, String>) -> i64 {
    const SETTINGS: [(&str, i64); 3] = [
        ("log.retention.ms", 1),
        ("log.retention.minutes", 60_000),
        ("log.retention.hours", 3_600_000),
    ];
    let of = |(name, scale): (&str, i64)| {
        let number = config.get(name)?.trim().parse::<i64>().ok()?;
        Some(if number < 0 {
            -1
        } else {
            number.saturating_mul(scale)
        })
    };
    SETTINGS
        .into_iter()
        .find_map(of)
        .unwrap_or(DEFAULT_RETENTION_MS)
}

#[cfg(test)]
mod tests;
