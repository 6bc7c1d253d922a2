//! The settings every connector has, read into types.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use super::{
    Config, InvalidConfig, Validation,
    framework::{self, MAX_BACKOFF, MIN_BACKOFF, PRODUCER_PREFIX, PRODUCER_SETTINGS},
};

/// What the runtime must know of a connector besides its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorSettings {
    /// How many tasks; at least 1.
    pub tasks: u32,
    /// The state the connector is wanted in.
    pub state: TargetState,
    /// How failed tasks are started again.
    pub restart: RestartPolicy,
    /// Settings for the producer by Kafka's names: `linger.ms`, `batch.size`, `compression.type`.
    pub producer: BTreeMap<String, String>,
    /// The object that manages the connector; `None` for one made by REST.
    pub managed: Option<Managed>,
}

/// By which object, in which version, and for which workers a connector is managed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    /// The namespace of the object; empty when not told.
    pub namespace: String,
    /// The uid of the object.
    pub uid: String,
    /// The generation of the object; the higher one holds.
    pub generation: i64,
    /// The epoch of the hand-over; rises with every change of tasks or workers.
    pub epoch: u64,
    /// How many workers share the tasks; at least 1.
    pub workers: u32,
    /// The uids of the worker pods that are there, by ordinal; empty text for one that is missing,
    /// empty on a laptop.
    pub worker_uids: Vec<String>,
}

/// The state a connector is wanted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TargetState {
    /// Tasks run.
    #[default]
    Running,
    /// Tasks wait, resources are kept.
    Paused,
    /// There are no tasks; the configuration is kept.
    Stopped,
}

/// How failed tasks are started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartPolicy {
    /// How many times before a task stays failed.
    pub max_restarts: u32,
    /// How long the first restart waits; each further one waits twice as long.
    pub min_backoff: Duration,
    /// How long a restart waits at most.
    pub max_backoff: Duration,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            max_restarts: 10,
            min_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_mins(5),
        }
    }
}

impl ConnectorSettings {
    /// Reads what a configuration says beside its source. Keys that are no setting of every
    /// connector are left to the plugin.
    ///
    /// # Errors
    /// [`InvalidConfig`] with all findings.
    pub fn from_config(config: &Config) -> Result<Self, InvalidConfig> {
        let known = known(config);
        let definitions = framework::definitions();
        let mut validation = Validation::new("", &definitions, framework::family, &known);
        framework::relate(&mut validation, &known);
        validation.check()?;
        let default = RestartPolicy::default();
        let millis = |key, fallback| parsed(config, key).map_or(fallback, Duration::from_millis);
        let restart = RestartPolicy {
            max_restarts: parsed(config, "eddyline.restart.max").unwrap_or(default.max_restarts),
            min_backoff: millis(MIN_BACKOFF, default.min_backoff),
            max_backoff: millis(MAX_BACKOFF, default.max_backoff),
        };
        Ok(Self {
            tasks: parsed(config, "tasks.max").unwrap_or(1),
            state: state(config),
            restart,
            producer: producer(config),
            managed: managed(config),
        })
    }
}

/// The part of a configuration that every connector may have.
fn known(config: &Config) -> Config {
    let names: Vec<_> = framework::definitions()
        .into_iter()
        .map(|d| d.name)
        .collect();
    config
        .iter()
        .filter(|(key, _)| {
            names.iter().any(|name| name == key.as_str()) || framework::family(key).is_some()
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// A number that the validation has already looked at.
fn parsed<T: FromStr>(config: &Config, key: &str) -> Option<T> {
    config.get(key)?.trim().parse().ok()
}

fn producer(config: &Config) -> BTreeMap<String, String> {
    PRODUCER_SETTINGS
        .iter()
        .filter_map(|name| {
            let value = config.get(&format!("{PRODUCER_PREFIX}{name}"))?;
            Some(((*name).to_owned(), value.trim().to_owned()))
        })
        .collect()
}

fn state(config: &Config) -> TargetState {
    match config.get("eddyline.state").map(|state| state.trim()) {
        Some("PAUSED") => TargetState::Paused,
        Some("STOPPED") => TargetState::Stopped,
        _ => TargetState::Running,
    }
}

/// What a configuration says of the object that manages it, if one does.
pub(crate) fn managed(config: &Config) -> Option<Managed> {
    let text = |key| config.get(key).map(|value| value.trim());
    let uids = text("eddyline.worker.uids").filter(|uids| !uids.is_empty());
    let uids = uids.map(|uids| uids.split(',').map(str::trim));
    Some(Managed {
        namespace: text("eddyline.namespace").unwrap_or_default().to_owned(),
        uid: text("eddyline.uid")?.to_owned(),
        generation: parsed(config, "eddyline.generation").unwrap_or(0),
        epoch: parsed(config, "eddyline.epoch").unwrap_or(0),
        workers: parsed(config, "eddyline.workers").unwrap_or(1),
        worker_uids: uids.into_iter().flatten().map(ToOwned::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Config {
        let class = [("connector.class", "Datagen")];
        let pairs = class.iter().chain(pairs);
        pairs
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_bare_configuration_means_the_defaults() {
        assert_eq!(
            ConnectorSettings::from_config(&config(&[])).unwrap(),
            ConnectorSettings {
                tasks: 1,
                state: TargetState::Running,
                restart: RestartPolicy {
                    max_restarts: 10,
                    min_backoff: Duration::from_secs(1),
                    max_backoff: Duration::from_mins(5),
                },
                producer: BTreeMap::new(),
                managed: None,
            }
        );
    }

    #[test]
    fn every_setting_of_the_contract_is_read() {
        let settings = ConnectorSettings::from_config(&config(&[
            ("tasks.max", "4"),
            ("quickstart", "left to the plugin"),
            ("producer.override.linger.ms", "5"),
            ("producer.override.acks", "1"),
            ("eddyline.namespace", "default"),
            ("eddyline.uid", "u-1"),
            ("eddyline.generation", "3"),
            ("eddyline.epoch", "2"),
            ("eddyline.workers", "2"),
            ("eddyline.worker.uids", "p-0, ,p-2"),
            ("eddyline.state", "PAUSED"),
            ("eddyline.restart.max", "0"),
            ("eddyline.restart.min.backoff.ms", "10"),
            ("eddyline.restart.max.backoff.ms", "20"),
        ]))
        .unwrap();
        assert_eq!(
            settings,
            ConnectorSettings {
                tasks: 4,
                state: TargetState::Paused,
                restart: RestartPolicy {
                    max_restarts: 0,
                    min_backoff: Duration::from_millis(10),
                    max_backoff: Duration::from_millis(20),
                },
                producer: BTreeMap::from([("linger.ms".to_owned(), "5".to_owned())]),
                managed: Some(Managed {
                    namespace: "default".to_owned(),
                    uid: "u-1".to_owned(),
                    generation: 3,
                    epoch: 2,
                    workers: 2,
                    worker_uids: ["p-0", "", "p-2"].map(str::to_owned).to_vec(),
                }),
            }
        );
    }

    #[test]
    fn findings_of_every_setting_come_together() {
        let wrong = config(&[("tasks.max", "none"), ("eddyline.state", "ENDED")]);
        let errors = ConnectorSettings::from_config(&wrong).unwrap_err().errors;
        let names: Vec<_> = errors.iter().map(|error| error.name.as_str()).collect();
        assert_eq!(names, ["tasks.max", "eddyline.state"]);
    }
}
