//! One topic: its partitions, its size, its settings.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use wire::messages::{describe_configs, describe_log_dirs};

use super::settings::time_in_words;
use crate::cluster::offsets::{self, EARLIEST, LATEST, Place};
use crate::cluster::{self, Cluster, Topic};
use crate::failure::Failure;
use crate::output::{self, Format};

/// The resource type of a topic in `DescribeConfigs`.
const TOPIC: i8 = 2;
/// Where a setting comes from: the topic itself, or nobody set it.
const FROM_TOPIC: i8 = 1;
const FROM_DEFAULT: i8 = 5;
/// Shown even where they have their defaults.
const ALWAYS_SHOWN: [&str; 2] = ["retention.bytes", "retention.ms"];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    name: String,
    id: Option<String>,
    internal: bool,
    replicas: usize,
    /// Unset while a partition's leader is away.
    records: Option<i64>,
    /// Unset where a broker does not tell.
    size_bytes: Option<i64>,
    partitions: Vec<Partition>,
    /// All settings in effect, by their Kafka names.
    settings: BTreeMap<String, Option<String>>,
    /// The names of those that are set on the topic itself.
    own_settings: Vec<String>,
    #[serde(skip)]
    shown: Vec<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Partition {
    #[serde(rename = "partition")]
    index: i32,
    leader: Option<i32>,
    replicas: Vec<i32>,
    in_sync: Vec<i32>,
    start: Option<i64>,
    end: Option<i64>,
    size_bytes: Option<i64>,
}

pub(super) async fn run(servers: &str, name: &str, format: Format) -> Result<(), Failure> {
    let mut cluster = Cluster::reach(servers).await?;
    let topic = cluster.topic(name)?.clone();
    let partitions = partitions(&mut cluster, &topic).await?;
    let settings = settings(&cluster, name).await?;
    let description = describe(topic, partitions, settings);
    match format {
        Format::Json => output::line(&output::json(&description)),
        Format::Table => output::line(&in_words(&description)),
    }
}

async fn partitions(cluster: &mut Cluster, topic: &Topic) -> Result<Vec<Partition>, Failure> {
    let places: Vec<Place> = offsets::places(topic).collect();
    let starts = offsets::find_all(cluster, &places, EARLIEST).await?;
    let ends = offsets::find_all(cluster, &places, LATEST).await?;
    let sizes = sizes(cluster, topic).await?;
    let partitions = topic.partitions.iter().zip(&places);
    let partitions = partitions.map(|(one, place)| Partition {
        index: one.index,
        leader: Some(one.leader).filter(|leader| *leader >= 0),
        replicas: one.replicas.clone(),
        in_sync: one.in_sync.clone(),
        start: starts.get(place).copied(),
        end: ends.get(place).copied(),
        size_bytes: sizes.get(&one.index).copied(),
    });
    Ok(partitions.collect())
}

/// Bytes on disk by partition, as the leaders tell.
async fn sizes(cluster: &mut Cluster, topic: &Topic) -> Result<BTreeMap<i32, i64>, Failure> {
    let leaders: BTreeSet<i32> = topic.partitions.iter().map(|one| one.leader).collect();
    let mut sizes = BTreeMap::new();
    for leader in leaders.into_iter().filter(|leader| *leader >= 0) {
        let led = topic.partitions.iter().filter(|one| one.leader == leader);
        let request = describe_log_dirs::Request {
            topics: Some(vec![describe_log_dirs::DescribableLogDirTopic {
                topic: topic.name.as_str().into(),
                partitions: led.map(|one| one.index).collect(),
            }]),
        };
        let connection = cluster.broker(leader).await?;
        let reply = cluster.ask(connection.call(&request)).await?;
        let answer = cluster.read(reply.decode())?;
        let folders = answer.results.iter().flat_map(|folder| &folder.topics);
        let current = folders
            .flat_map(|topic| &topic.partitions)
            .filter(|one| !one.is_future_key);
        sizes.extend(current.map(|one| (one.partition_index, one.partition_size)));
    }
    Ok(sizes)
}

/// A setting in effect.
#[derive(Debug)]
struct Setting {
    name: String,
    value: Option<String>,
    source: i8,
}

async fn settings(cluster: &Cluster, name: &str) -> Result<Vec<Setting>, Failure> {
    let request = describe_configs::Request {
        resources: vec![describe_configs::DescribeConfigsResource {
            resource_type: TOPIC,
            resource_name: name.into(),
            configuration_keys: None,
        }],
        ..Default::default()
    };
    let connection = cluster.any();
    let reply = cluster.ask(connection.call(&request)).await?;
    let answer = cluster.read(reply.decode())?;
    let mut settings = Vec::new();
    for result in &answer.results {
        cluster::check(result.error_code, "tell the topic's settings")?;
        settings.extend(result.configs.iter().map(|one| Setting {
            name: one.name.to_string(),
            value: one.value.as_deref().map(str::to_owned),
            source: one.config_source,
        }));
    }
    settings.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(settings)
}

fn describe(topic: Topic, partitions: Vec<Partition>, settings: Vec<Setting>) -> Description {
    let own = settings.iter().filter(|one| one.source == FROM_TOPIC);
    let shown = settings
        .iter()
        .filter(|one| one.source != FROM_DEFAULT || ALWAYS_SHOWN.contains(&one.name.as_str()));
    Description {
        replicas: topic.replicas(),
        name: topic.name,
        id: topic.id,
        internal: topic.internal,
        records: partitions
            .iter()
            .map(|one| Some(one.end? - one.start?))
            .sum(),
        size_bytes: partitions.iter().map(|one| one.size_bytes).sum(),
        own_settings: own.map(|one| one.name.clone()).collect(),
        shown: shown.map(row).collect(),
        partitions,
        settings: settings
            .into_iter()
            .map(|one| (one.name, one.value))
            .collect(),
    }
}

fn row(setting: &Setting) -> Vec<String> {
    let from = match setting.source {
        FROM_TOPIC => "topic",
        FROM_DEFAULT => "default",
        _ => "broker",
    };
    vec![
        setting.name.clone(),
        setting.value.clone().unwrap_or_default(),
        from.to_owned(),
    ]
}

fn in_words(topic: &Description) -> String {
    let retention = topic
        .settings
        .get("retention.ms")
        .and_then(Option::as_deref);
    let facts = [
        ("topic", topic.name.clone()),
        ("partitions", topic.partitions.len().to_string()),
        ("replicas", topic.replicas.to_string()),
        ("records", output::known(topic.records)),
        (
            "size",
            topic
                .size_bytes
                .map_or_else(|| "?".to_owned(), output::size),
        ),
        (
            "retention",
            retention.map_or_else(|| "?".to_owned(), time_in_words),
        ),
    ];
    let facts: Vec<String> = facts
        .iter()
        .map(|(name, value)| format!("{name:<12}{value}"))
        .collect();
    let numbers = |list: &[i32]| {
        let list: Vec<String> = list.iter().map(ToString::to_string).collect();
        list.join(",")
    };
    let rows = topic.partitions.iter().map(|one| {
        vec![
            one.index.to_string(),
            one.leader
                .map_or_else(|| "none".to_owned(), |leader| leader.to_string()),
            numbers(&one.in_sync),
            output::known(one.start),
            output::known(one.end),
            one.size_bytes.map_or_else(|| "?".to_owned(), output::size),
        ]
    });
    let columns = ["partition", "leader", "in sync", "start", "end", "size"];
    let partitions = output::table(&columns, rows.collect());
    let settings = output::table(&["setting", "value", "set by"], topic.shown.clone());
    format!("{}\n\n{partitions}\n\n{settings}", facts.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_see_of_a_topic() {
        let topic = Topic {
            name: "orders".to_owned(),
            id: None,
            internal: false,
            partitions: vec![cluster::Partition {
                index: 0,
                leader: -1,
                replicas: vec![1, 2],
                in_sync: vec![1],
            }],
        };
        let partition = Partition {
            index: 0,
            leader: None,
            replicas: vec![1, 2],
            in_sync: vec![1],
            start: None,
            end: None,
            size_bytes: Some(2048),
        };
        let setting = |name: &str, value: &str, source| Setting {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            source,
        };
        let settings = vec![
            setting("flush.ms", "9", FROM_DEFAULT),
            setting("retention.bytes", "-1", FROM_DEFAULT),
            setting("retention.ms", "86400000", FROM_TOPIC),
            setting("segment.ms", "5", 4),
        ];
        let description = describe(topic, vec![partition], settings);
        assert_eq!(
            in_words(&description),
            "topic       orders\n\
             partitions  1\n\
             replicas    2\n\
             records     ?\n\
             size        2.0 KiB\n\
             retention   1d\n\
             \n\
             PARTITION  LEADER  IN SYNC  START  END  SIZE\n\
             0          none    1        ?      ?    2.0 KiB\n\
             \n\
             SETTING          VALUE     SET BY\n\
             retention.bytes  -1        default\n\
             retention.ms     86400000  topic\n\
             segment.ms       5         broker"
        );
        let json = serde_json::to_value(&description).unwrap();
        assert_eq!(json["settings"]["flush.ms"], "9");
        assert_eq!(json["ownSettings"], serde_json::json!(["retention.ms"]));
    }
}
