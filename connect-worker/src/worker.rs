//! The runtime: connectors, their tasks, and what keeps them going. Knows no HTTP.

pub(crate) mod board;
pub(crate) mod command;
pub(crate) mod connector;
mod handover;
mod herder;
mod lifecycle;
mod offsets;
mod pacing;
mod progress;
pub(crate) mod runtime;
pub mod snapshot;
mod spec;
mod task;
mod tasks;

pub(crate) use self::{lifecycle::aggregate, progress::Me};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
