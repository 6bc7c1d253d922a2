//! A flat configuration read into what the runtime drives, and what a change of it asks for. Pure.

use std::{fmt::Write as _, sync::Arc};

use crate::{
    convert::Converters,
    plugin::{Config, ConnectorSettings, Pacing, Plugin, Registry, SourceSettings, TargetState},
};

/// A connector's configuration, read and found valid.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    /// As it was given.
    pub config: Config,
    /// What makes the records.
    pub plugin: Arc<dyn Plugin>,
    /// What the source asks of the runtime.
    pub source: SourceSettings,
    /// What the connector asks of the runtime.
    pub connector: ConnectorSettings,
    /// How records become bytes.
    pub converters: Converters,
}

/// What running tasks follow without a restart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Live {
    /// How fast.
    pub pacing: Pacing,
    /// How many records over all tasks.
    pub iterations: Option<u64>,
    /// Wait, keeping resources.
    pub paused: bool,
}

impl Live {
    /// Whether `next` is beyond the last record.
    pub(crate) fn is_done(&self, next: u64) -> bool {
        self.iterations.is_some_and(|all| next >= all)
    }
}

impl Spec {
    /// Reads a configuration.
    ///
    /// # Errors
    /// Every finding, in words; the first line is Connect's.
    pub(crate) fn read(registry: &Registry, config: &Config) -> Result<Self, String> {
        let class = config
            .get("connector.class")
            .map(|class| class.trim())
            .unwrap_or_default();
        if class.is_empty() {
            return Err(
                "Connector configuration is invalid and contains the following 1 error(s):\n\
                        connector.class: is required and has no default; set connector.class"
                    .to_owned(),
            );
        }
        let plugin = registry.find(class).map_err(|error| error.to_string())?;
        let source = plugin.settings(config).map_err(|error| error.to_string())?;
        let connector =
            ConnectorSettings::from_config(config).map_err(|error| error.to_string())?;
        let converters = Converters::from_config(config);
        Ok(Self {
            config: config.clone(),
            plugin,
            source,
            connector,
            converters,
        })
    }

    /// Names the stream: offsets of one stream mean nothing to another.
    pub(crate) fn stream(&self) -> String {
        let seed = self
            .source
            .seed
            .map_or_else(|| "drawn".to_owned(), |seed| seed.to_string());
        let mut name = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            name,
            "{:016x}",
            fnv(&[&self.source.topic, &self.source.identity, &seed])
        );
        name
    }

    /// How many workers share the tasks.
    pub(crate) fn workers(&self) -> u32 {
        let managed = self.connector.managed.as_ref();
        managed.map_or(1, |managed| managed.workers)
    }

    /// What running tasks follow.
    pub(crate) fn live(&self) -> Live {
        Live {
            pacing: self.source.pacing,
            iterations: self.source.iterations,
            paused: self.connector.state == TargetState::Paused,
        }
    }

    /// Tasks that run by `self` cannot go on by `next`: they end in order and start anew.
    pub(crate) fn asks_for_new_tasks(&self, next: &Self) -> bool {
        self.stream() != next.stream()
            || self.connector.tasks != next.connector.tasks
            || self.workers() != next.workers()
            || self.converters != next.converters
            || self.connector.producer != next.connector.producer
    }
}

/// FNV-1a over length-prefixed parts: a name that stays the same over versions and machines.
fn fnv(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| {
        (part.len() as u64)
            .to_le_bytes()
            .into_iter()
            .chain(part.bytes())
    });
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
