//! The connect worker: it runs source connectors against a Kafka cluster and answers Kafka
//! Connect's REST API.
//!
//! Floors, low to high; a floor knows only those before it: `plugin`, `convert`, `datagen` ·
//! `client`, `producer`, `store` · `worker` (runtime; knows no HTTP) · `rest`, `admin` ·
//! `running`, which puts the parts together.
//!
//! A process that hosts a worker calls [`Worker::start`] and feeds it through
//! [`Settings::managed`].

mod admin;
mod client;
pub mod clock;
pub mod convert;
pub mod datagen;
pub mod metrics;
pub mod plugin;
mod producer;
mod rest;
mod running;
pub mod settings;
mod store;
pub mod worker;

pub use self::{
    clock::{Clock, FixedClock, SystemClock},
    running::{Running, StartError, Worker},
    settings::{ManagedConnector, Peers, Place, Settings},
    worker::snapshot::{ConnectorState, ConnectorStatus, Origin, Reason, Snapshot, TaskStatus},
};
