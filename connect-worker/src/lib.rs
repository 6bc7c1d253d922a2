//! The connect worker: it runs source connectors against a Kafka cluster and answers Kafka
//! Connect's REST API.
//!
//! Floors, low to high; a floor knows only those before it: `plugin`, `convert`, `datagen` ·
//! `producer`, `store` · `worker` (runtime; knows no HTTP) · `rest`, `admin`.
//!
//! A process that hosts a worker calls [`Worker::start`] and feeds it through
//! [`Settings::managed`].

pub mod clock;
pub mod convert;
pub mod datagen;
pub mod metrics;
pub mod plugin;
pub mod settings;
pub mod worker;

pub use self::{
    clock::{Clock, FixedClock, SystemClock},
    settings::{ManagedConnector, Settings},
    worker::{
        Running, StartError, Worker,
        snapshot::{ConnectorState, ConnectorStatus, Origin, Reason, Snapshot, TaskStatus},
    },
};
