//! Settings as `DescribeConfigs` tells them: each with its value, where that comes from, and every
//! other place that could have given one.
//!
//! Pure.

use crate::settings::broker_table::broker_settings;
use crate::settings::definition::Definition;
use crate::settings::topic_table::TOPIC_SETTINGS;
use crate::topics::record::Configs;
use crate::topics::state::State;

/// Where a value comes from; the numbers are Kafka's (KIP-226).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Set for this topic.
    Topic = 1,
    /// Changed while running, for this broker.
    Broker = 2,
    /// Changed while running, for all brokers.
    AllBrokers = 3,
    /// Given at the start.
    Start = 4,
    Default = 5,
}

/// One setting of a topic or the broker.
#[derive(Debug, Clone)]
pub struct Described {
    pub definition: Definition,
    /// Every place that has a value, the one in force first; empty when there is none.
    pub values: Vec<Value>,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The setting's name in that place.
    pub name: &'static str,
    pub value: String,
    pub source: Source,
}

impl Described {
    /// The value in force.
    pub fn value(&self) -> Option<&str> {
        self.values.first().map(|first| first.value.as_str())
    }

    /// Where the value in force comes from.
    pub fn source(&self) -> Source {
        self.values
            .first()
            .map_or(Source::Default, |first| first.source)
    }
}

impl State {
    /// All settings of a topic that has these of its own.
    pub fn describe_topic(&self, configs: &Configs) -> Vec<Described> {
        let described = TOPIC_SETTINGS.iter().map(|definition| {
            let mut values = Vec::new();
            push(
                &mut values,
                definition.name,
                of(configs, definition.name),
                Source::Topic,
            );
            let broker_name = definition.broker_name.unwrap_or(definition.name);
            self.push_broker_values(&mut values, broker_name, definition.default);
            Described {
                definition: *definition,
                values,
            }
        });
        described.collect()
    }

    /// All settings of this broker.
    pub fn describe_broker(&self) -> Vec<Described> {
        let described = broker_settings().map(|definition| {
            let mut values = Vec::new();
            self.push_broker_values(&mut values, definition.name, definition.default);
            Described { definition, values }
        });
        described.collect()
    }

    /// The settings changed while running for all brokers.
    pub fn describe_all_brokers(&self) -> Vec<Described> {
        let described = broker_settings().filter_map(|definition| {
            let mut values = Vec::new();
            let value = of(self.broker_configs(true), definition.name);
            push(&mut values, definition.name, value, Source::AllBrokers);
            (!values.is_empty()).then_some(Described { definition, values })
        });
        described.collect()
    }

    fn push_broker_values(
        &self,
        values: &mut Vec<Value>,
        name: &'static str,
        default: Option<&'static str>,
    ) {
        push(
            values,
            name,
            of(self.broker_configs(false), name),
            Source::Broker,
        );
        push(
            values,
            name,
            of(self.broker_configs(true), name),
            Source::AllBrokers,
        );
        push(values, name, self.given().given(name), Source::Start);
        push(values, name, default, Source::Default);
    }
}

fn push(values: &mut Vec<Value>, name: &'static str, value: Option<&str>, source: Source) {
    values.extend(value.map(|value| Value {
        name,
        value: value.to_owned(),
        source,
    }));
}

fn of<'c>(configs: &'c Configs, name: &str) -> Option<&'c str> {
    configs.get(name).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::settings::BrokerConfig;
    use crate::topics::record::Record;

    fn configs(name: &str, value: &str) -> Configs {
        [(name.to_owned(), value.to_owned())].into()
    }

    #[test]
    fn every_place_of_a_value_is_told_in_order() {
        let given = BrokerConfig::new(&configs("log.retention.hours", "1")).unwrap();
        let mut state = State::new(Arc::new(given));
        let shared = configs("log.retention.ms", "7");
        state.apply(&Record::BrokerConfigs {
            cluster_wide: true,
            configs: shared,
        });

        let described = state.describe_topic(&configs("retention.ms", "5"));
        let retention = described
            .iter()
            .find(|one| one.definition.name == "retention.ms")
            .unwrap();
        let told: Vec<_> = retention
            .values
            .iter()
            .map(|value| (value.name, value.value.as_str(), value.source))
            .collect();
        assert_eq!(
            told,
            [
                ("retention.ms", "5", Source::Topic),
                ("log.retention.ms", "7", Source::AllBrokers),
                ("log.retention.ms", "3600000", Source::Start),
                ("log.retention.ms", "604800000", Source::Default),
            ]
        );
        assert_eq!(
            (retention.value(), retention.source()),
            (Some("5"), Source::Topic)
        );

        let changed: Vec<_> = state
            .describe_all_brokers()
            .iter()
            .map(|one| one.definition.name)
            .collect();
        assert_eq!(changed, ["log.retention.ms"]);
    }

    #[test]
    fn every_known_setting_is_told() {
        let given = BrokerConfig::new(&BTreeMap::new()).unwrap();
        let state = State::new(Arc::new(given));
        assert_eq!(
            state.describe_topic(&Configs::new()).len(),
            TOPIC_SETTINGS.len()
        );
        let broker = state.describe_broker();
        assert_eq!(broker.len(), broker_settings().count());
        let hours = broker
            .iter()
            .find(|one| one.definition.name == "log.retention.hours")
            .unwrap();
        assert_eq!((hours.value(), hours.source()), (None, Source::Default));
    }
}
