//! A Kubernetes for tests: where it comes from, kubectl in it, a namespace per test, and its audit log.
//! It must not know Eddyline's kinds beyond "an object with conditions".
//!
//! [`provider::Provider`] starts it, [`kubectl::Kube`] talks to it, [`namespace::Namespace`] is what a test works in.

pub mod audit;
pub mod kubectl;
pub mod namespace;
pub mod provider;
