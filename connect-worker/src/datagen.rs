//! The Datagen plugin: sample data by the name of a template.
//!
//! Must not know: Kafka, HTTP, tasks, offsets; only what `plugin` says. Each template is a
//! [`Source`] in a file of its own.
//!
//! Entry type: [`Datagen`].

mod distribution;
mod orders;
mod pattern;
mod random;
mod rides;
mod rides_location;
mod settings;
mod template;
mod zones;

use std::sync::Arc;

pub use self::template::Template;
use crate::plugin::{
    Config, Definition, Header, InvalidConfig, Plugin, Source, SourceSettings, Validation, Value,
};

/// The plugin behind `connector.class=Datagen`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Datagen;

impl Plugin for Datagen {
    fn class(&self) -> &'static str {
        "Datagen"
    }

    /// The names under which people know it, so that existing configurations run unchanged.
    fn aliases(&self) -> &'static [&'static str] {
        &[
            "io.confluent.kafka.connect.datagen.DatagenConnector",
            "DatagenConnector",
            "DatagenSource",
        ]
    }

    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    fn definitions(&self) -> Vec<Definition> {
        settings::definitions()
    }

    fn validate(&self, config: &Config) -> Validation {
        settings::validate(self.class(), config)
    }

    fn settings(&self, config: &Config) -> Result<SourceSettings, InvalidConfig> {
        self.validate(config).check()?;
        let template = settings::template(config)?;
        Ok(settings::source(
            config,
            format!("{}/{}", self.class(), template.name()),
        ))
    }

    fn open(&self, config: &Config, seed: u64) -> Result<Arc<dyn Source>, InvalidConfig> {
        self.validate(config).check()?;
        Ok(settings::template(config)?.open(seed))
    }
}

/// The header that tells which record of its sequence a record is; the reference has it too.
fn sequence_header(g: u64) -> Header {
    Header {
        name: "current.iteration".into(),
        value: Value::Int64(i64::try_from(g).unwrap_or(i64::MAX)),
    }
}

#[cfg(test)]
mod tests;
