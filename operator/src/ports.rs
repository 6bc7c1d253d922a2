//! The ports: what the operator asks of the world, as traits.
//!
//! A port says what is needed in the operator's own words. It must not show the protocol behind it.

pub mod broker_admin;
pub mod connect_api;
#[cfg(test)]
pub(crate) mod fake_broker;
pub mod measured;

pub use broker_admin::BrokerAdmin;
pub use connect_api::ConnectApi;
