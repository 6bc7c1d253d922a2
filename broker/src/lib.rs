//! The bundled broker: one process that Kafka clients cannot tell from Apache Kafka.
//!
//! Floors, each knowing only those below it: `wire` (bytes ↔ messages) ◄ `log` (batches on disk) ◄
//! `topics`, `groups`, `producers` (state) ◄ `api` (one file per Kafka API; the only place that
//! names error codes) ◄ `server` (sockets). It knows nothing of Kubernetes, YAML or the command
//! line.
//!
//! Entry type: [`Broker`]; start one with [`Broker::start`].

mod admin;
mod api;
mod broker;
pub mod check;
pub mod clock;
mod compaction;
pub mod groups;
pub mod listeners;
pub mod log;
pub mod memory;
pub mod metrics;
pub mod producers;
mod retention;
mod server;
pub mod settings;
mod start;
pub mod topics;

pub use broker::{Broker, NODE_ID};
pub use settings::Settings;
pub use start::{Running, StartError};
