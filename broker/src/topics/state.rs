//! What the broker knows about its topics and itself, as replayed from the metadata records.
//!
//! Pure: records go in, lookups come out. Readers hold an immutable [`State`] behind an `Arc`;
//! only the writer ([`crate::topics::writer`]) makes the next one.

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::Uuid;

use crate::settings::{BrokerConfig, TopicSettings};
use crate::topics::name;
use crate::topics::record::{Configs, Record};

/// One topic. Immutable: a change makes a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    pub name: Arc<str>,
    /// Never zero, never repeated: a topic made again under its name has another one.
    pub id: Uuid,
    pub partitions: i32,
    /// Whether it is the broker's own: clients may read it, not write, make or delete it.
    pub internal: bool,
    /// The settings given for this topic itself, by their Kafka names.
    pub configs: Configs,
    /// The settings in effect.
    pub settings: TopicSettings,
}

impl Topic {
    /// Whether the topic has this partition.
    pub fn has_partition(&self, partition: i32) -> bool {
        (0..self.partitions).contains(&partition)
    }
}

/// Everything the metadata records say, up to one of them.
#[derive(Debug, Clone)]
pub struct State {
    /// 22 characters; empty until the first record of a new data folder.
    cluster_id: Arc<str>,
    by_name: BTreeMap<Arc<str>, Arc<Topic>>,
    by_id: BTreeMap<Uuid, Arc<Topic>>,
    /// Topic names by [`name::collision_key`].
    collisions: BTreeMap<Arc<str>, Arc<str>>,
    /// The broker's settings as given at the start.
    given: Arc<BrokerConfig>,
    /// Broker settings changed while running: of this broker, and of all brokers.
    own_configs: Configs,
    shared_configs: Configs,
    next_producer_id: i64,
}

impl State {
    /// The state before the first record.
    pub fn new(given: Arc<BrokerConfig>) -> Self {
        Self {
            cluster_id: Arc::from(""),
            by_name: BTreeMap::new(),
            by_id: BTreeMap::new(),
            collisions: BTreeMap::new(),
            given,
            own_configs: Configs::new(),
            shared_configs: Configs::new(),
            next_producer_id: 0,
        }
    }

    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    pub fn topic(&self, name: &str) -> Option<&Arc<Topic>> {
        self.by_name.get(name)
    }

    pub fn topic_by_id(&self, id: Uuid) -> Option<&Arc<Topic>> {
        self.by_id.get(&id)
    }

    /// All topics by name.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.by_name.values()
    }

    /// The number of partitions of all topics.
    pub fn partitions(&self) -> usize {
        self.by_name
            .values()
            .map(|topic| usize::try_from(topic.partitions).unwrap_or(0))
            .sum()
    }

    /// The topic whose name differs from `name` only by `.` and `_`.
    pub fn colliding(&self, name: &str) -> Option<&str> {
        let other = self.collisions.get(&*name::collision_key(name))?;
        (**other != *name).then_some(&**other)
    }

    /// The first producer id that was never handed out.
    pub fn next_producer_id(&self) -> i64 {
        self.next_producer_id
    }

    /// The broker's settings as given at the start.
    pub fn given(&self) -> &BrokerConfig {
        &self.given
    }

    /// Broker settings changed while running: of all brokers, or of this one.
    pub fn broker_configs(&self, cluster_wide: bool) -> &Configs {
        if cluster_wide {
            &self.shared_configs
        } else {
            &self.own_configs
        }
    }

    /// Applies one record. A record about a topic that is not there changes nothing: its topic was
    /// deleted later in the same log.
    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::Cluster { id } => self.cluster_id = Arc::from(id.as_str()),
            Record::Topic {
                name,
                id,
                partitions,
                internal,
                configs,
            } => self.insert(Topic {
                name: Arc::from(name.as_str()),
                id: *id,
                partitions: *partitions,
                internal: *internal,
                settings: self.topic_settings(configs),
                configs: configs.clone(),
            }),
            Record::TopicDeleted { id } => self.remove(*id),
            Record::Partitions { id, count } => self.update(*id, |topic| topic.partitions = *count),
            Record::TopicConfigs { id, configs } => {
                let settings = self.topic_settings(configs);
                self.update(*id, |topic| {
                    topic.configs.clone_from(configs);
                    topic.settings = settings;
                });
            }
            Record::BrokerConfigs {
                cluster_wide,
                configs,
            } => {
                let changed = if *cluster_wide {
                    &mut self.shared_configs
                } else {
                    &mut self.own_configs
                };
                changed.clone_from(configs);
                self.renew_settings();
            }
            Record::ProducerIds { next } => {
                self.next_producer_id = self.next_producer_id.max(*next);
            }
        }
    }

    /// Records that lead from nothing to this state.
    pub fn records(&self) -> Vec<Record> {
        let mut records = vec![Record::Cluster {
            id: self.cluster_id.to_string(),
        }];
        for (cluster_wide, configs) in [(true, &self.shared_configs), (false, &self.own_configs)] {
            if !configs.is_empty() {
                records.push(Record::BrokerConfigs {
                    cluster_wide,
                    configs: configs.clone(),
                });
            }
        }
        if self.next_producer_id > 0 {
            records.push(Record::ProducerIds {
                next: self.next_producer_id,
            });
        }
        records.extend(self.by_name.values().map(|topic| Record::Topic {
            name: topic.name.to_string(),
            id: topic.id,
            partitions: topic.partitions,
            internal: topic.internal,
            configs: topic.configs.clone(),
        }));
        records
    }

    fn topic_settings(&self, configs: &Configs) -> TopicSettings {
        TopicSettings::new(|name| {
            let own = configs.get(name).map(String::as_str);
            own.or_else(|| self.broker_value(name))
        })
    }

    /// The broker's value behind a topic setting, if one was given.
    fn broker_value(&self, topic_setting: &str) -> Option<&str> {
        let definition = crate::settings::topic_table::topic_setting(topic_setting).ok()?;
        let name = definition.broker_name?;
        let changed = self
            .own_configs
            .get(name)
            .or_else(|| self.shared_configs.get(name));
        changed
            .map(String::as_str)
            .or_else(|| self.given.given(name))
    }

    fn insert(&mut self, topic: Topic) {
        let topic = Arc::new(topic);
        let key = Arc::from(&*name::collision_key(&topic.name));
        self.collisions.insert(key, Arc::clone(&topic.name));
        self.by_id.insert(topic.id, Arc::clone(&topic));
        self.by_name.insert(Arc::clone(&topic.name), topic);
    }

    fn remove(&mut self, id: Uuid) {
        if let Some(topic) = self.by_id.remove(&id) {
            self.by_name.remove(&topic.name);
            self.collisions.remove(&*name::collision_key(&topic.name));
        }
    }

    fn update(&mut self, id: Uuid, change: impl FnOnce(&mut Topic)) {
        if let Some(topic) = self.by_id.get(&id) {
            let mut topic = Topic::clone(topic);
            change(&mut topic);
            self.insert(topic);
        }
    }

    /// A changed broker setting changes every topic that has no value of its own.
    fn renew_settings(&mut self) {
        let topics: Vec<_> = self.by_id.values().cloned().collect();
        for topic in topics {
            let settings = self.topic_settings(&topic.configs);
            if settings != topic.settings {
                self.insert(Topic {
                    settings,
                    ..Topic::clone(&topic)
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let given = [("log.retention.ms".to_owned(), "1000".to_owned())].into();
        State::new(Arc::new(BrokerConfig::new(&given).unwrap()))
    }

    fn topic(name: &str, id: u8, configs: &[(&str, &str)]) -> Record {
        let configs = configs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Record::Topic {
            name: name.to_owned(),
            id: Uuid([id; 16]),
            partitions: 2,
            internal: false,
            configs: configs.collect(),
        }
    }

    #[test]
    fn replaying_its_own_records_gives_the_same_state() {
        let mut first = state();
        first.apply(&Record::Cluster { id: "c".to_owned() });
        first.apply(&topic("a.b", 1, &[("retention.ms", "5")]));
        first.apply(&topic("gone", 2, &[]));
        first.apply(&Record::Partitions {
            id: Uuid([1; 16]),
            count: 7,
        });
        first.apply(&Record::TopicDeleted { id: Uuid([2; 16]) });
        first.apply(&Record::ProducerIds { next: 2000 });
        let mut second = state();
        for record in first.records() {
            second.apply(&record);
        }
        assert_eq!(second.records(), first.records());
        assert_eq!(second.topic("a.b"), first.topic_by_id(Uuid([1; 16])));
        assert_eq!(second.topic("a.b").unwrap().partitions, 7);
        assert!(second.topic("gone").is_none());
        assert_eq!(second.colliding("a_b"), Some("a.b"));
        assert_eq!(second.colliding("a.b"), None);
        assert_eq!(second.colliding("gone"), None);
    }

    #[test]
    fn a_topic_setting_wins_over_changed_over_given_over_default() {
        let mut state = state();
        state.apply(&topic("own", 1, &[("retention.ms", "5")]));
        state.apply(&topic("plain", 2, &[]));
        let retention =
            |state: &State, name: &str| state.topic(name).unwrap().settings.retention_ms;
        assert_eq!(
            (retention(&state, "own"), retention(&state, "plain")),
            (Some(5), Some(1000))
        );

        let configs = |value: &str| [("log.retention.ms".to_owned(), value.to_owned())].into();
        state.apply(&Record::BrokerConfigs {
            cluster_wide: true,
            configs: configs("2000"),
        });
        assert_eq!(
            (retention(&state, "own"), retention(&state, "plain")),
            (Some(5), Some(2000))
        );
        state.apply(&Record::BrokerConfigs {
            cluster_wide: false,
            configs: configs("3000"),
        });
        assert_eq!(retention(&state, "plain"), Some(3000));
        state.apply(&Record::TopicConfigs {
            id: Uuid([1; 16]),
            configs: Configs::new(),
        });
        assert_eq!(retention(&state, "own"), Some(3000));
    }
}
