//! What a source connector is to the runtime: a plugin that checks a flat configuration and opens
//! a source, and a source that answers "record number g".
//!
//! Must not know: Kafka, HTTP, tasks, offsets, pacing. A source is a function; who calls it, how
//! fast and where the result goes is the runtime's business.
//!
//! Entry types: [`Plugin`], [`Source`], [`Registry`].

pub(crate) mod check;
mod connector;
mod definition;
pub(crate) mod framework;
mod registry;
mod validation;
mod value;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use jiff::Timestamp;

pub(crate) use self::connector::managed;
pub use self::{
    connector::{ConnectorSettings, Managed, RestartPolicy, TargetState},
    definition::{Definition, Effect, Importance, Kind, Width},
    registry::{Registry, UnknownClass},
    validation::{ConfigError, ConfigInfo, ConfigValue, InvalidConfig, Note, Validation},
    value::{Header, Record, Value},
};

pub(crate) use self::{definition::numbered, validation::nearest};

/// A connector's configuration as Connect's REST API carries it: flat, text to text.
pub type Config = BTreeMap<String, String>;

/// A kind of source connector, found by its class name.
pub trait Plugin: fmt::Debug + Send + Sync + 'static {
    /// The name under which `/connector-plugins` lists it.
    fn class(&self) -> &'static str;

    /// Other values of `connector.class` that mean this plugin.
    fn aliases(&self) -> &'static [&'static str];

    /// The plugin's own version.
    fn version(&self) -> &'static str;

    /// Every setting that is known: the plugin's own and those every connector has, in the order
    /// in which they are shown.
    fn definitions(&self) -> Vec<Definition>;

    /// Judges a configuration: every finding, not only the first. Serialised, the answer is the
    /// body of Connect's `PUT /connector-plugins/{plugin}/config/validate`.
    fn validate(&self, config: &Config) -> Validation;

    /// What the runtime must know of a valid configuration to drive the source.
    ///
    /// # Errors
    /// The findings of [`Plugin::validate`] when there are any.
    fn settings(&self, config: &Config) -> Result<SourceSettings, InvalidConfig>;

    /// Opens the sequence that `config` and `seed` name. The seed is the configured one or, when
    /// none is configured, the one the runtime drew and stored.
    ///
    /// # Errors
    /// The findings of [`Plugin::validate`] when there are any.
    fn open(&self, config: &Config, seed: u64) -> Result<Arc<dyn Source>, InvalidConfig>;
}

/// One sequence of records.
///
/// Record `g` depends on the seed, on `g`, and on `now` where a field shows the clock; on nothing
/// else. So any task can make any record, in any order, again and again, in constant time.
pub trait Source: fmt::Debug + Send + Sync + 'static {
    /// Record number `g`, counted from 0.
    fn record(&self, g: u64, now: Timestamp) -> Record;
}

/// What the runtime needs to drive a source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSettings {
    /// The topic the records go to.
    pub topic: String,
    /// Names the data, such as `Datagen/orders`. Topic, identity and seed together name a stream:
    /// offsets of one stream mean nothing to another.
    pub identity: String,
    /// How fast.
    pub pacing: Pacing,
    /// How many records over all tasks; `None` is without end.
    pub iterations: Option<u64>,
    /// The configured seed; `None` lets the runtime draw and keep one.
    pub seed: Option<u64>,
}

/// How fast a source is asked for records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pacing {
    /// Records per second over all tasks; above 0, fractions allowed.
    Rate(f64),
    /// Each task waits a uniform random time in `[0, this)` before each record.
    MaxInterval(Duration),
    /// As fast as the other side takes them.
    Unthrottled,
}
