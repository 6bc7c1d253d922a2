//! What a broker is started with, checked: [`Settings`] as the caller writes them, and
//! [`BrokerConfig`], the broker's own settings by their Kafka names with types.
//!
//! Reads no environment and no files.

pub mod broker_config;
pub mod broker_table;
pub mod definition;
pub mod flush;
pub mod kind;
pub mod topic_settings;
pub mod topic_table;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use broker_config::{BrokerConfig, ConfigError};
pub use flush::Flush;
pub use topic_settings::TopicSettings;

use crate::listeners::Listener;

/// What to start a broker with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where all data lives; made when it is not there.
    pub data_dir: PathBuf,
    /// At least one. Their names are unique.
    pub listeners: Vec<Listener>,
    /// Where `/livez`, `/readyz` and `/metrics` are served; `None` serves them nowhere, for a
    /// process that puts [`crate::Running::admin_router`] beside routes of its own.
    pub admin_listen: Option<SocketAddr>,
    /// Broker settings by their Kafka names (`--set NAME=VALUE`, a Cluster's `config`).
    pub config: BTreeMap<String, String>,
}

impl Settings {
    /// A broker on the loopback addresses of one port (0: any free one), advertised as
    /// `localhost`, without an admin listener.
    pub fn loopback(data_dir: impl Into<PathBuf>, port: u16) -> Self {
        Self {
            data_dir: data_dir.into(),
            listeners: vec![Listener::loopback(port)],
            admin_listen: None,
            config: BTreeMap::new(),
        }
    }
}
