//! The settings every connector has, read into types.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use super::{
    Config, InvalidConfig, Validation,
    framework::{self, BACKOFF_MAX, BACKOFF_MIN, PRODUCER_PREFIX, PRODUCER_SETTINGS},
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

/// By whom and in which version a connector is managed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    /// The uid of the object.
    pub uid: String,
    /// The generation of the object; the higher one holds.
    pub generation: i64,
    /// The epoch of the hand-over; rises with every change of tasks or workers.
    pub epoch: u64,
    /// The uids of the worker pods that are there; empty on a laptop.
    pub workers: Vec<String>,
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
            min_backoff: millis(BACKOFF_MIN, default.min_backoff),
            max_backoff: millis(BACKOFF_MAX, default.max_backoff),
        };
        Ok(Self {
            tasks: parsed(config, "tasks.max").unwrap_or(1),
            state: match config.get("eddyline.state").map(|state| state.trim()) {
                Some("Paused") => TargetState::Paused,
                Some("Stopped") => TargetState::Stopped,
                _ => TargetState::Running,
            },
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

fn managed(config: &Config) -> Option<Managed> {
    Some(Managed {
        uid: config.get("eddyline.uid")?.trim().to_owned(),
        generation: parsed(config, "eddyline.generation").unwrap_or(0),
        epoch: parsed(config, "eddyline.epoch").unwrap_or(0),
        workers: config
            .get("eddyline.workers")
            .map(|uids| {
                uids.split(',')
                    .map(|uid| uid.trim().to_owned())
                    .collect::<Vec<_>>()
            })
            .unwrap_or_default()
            .into_iter()
            .filter(|uid| !uid.is_empty())
            .collect(),
    })
}
