//! The operator against a real etcd, API server and controller manager, with `engine: External` and real brokers on
//! loopback. No pod runs here; what a kubelet has a part in is tested in `tests/e2e`.
//!
//! A test takes [`harness::namespace`], starts a [`harness::Broker`] if it needs one, applies YAML and waits for
//! conditions. All tests share one operator; one that must have it for itself takes [`harness::alone`].

#![expect(
    clippy::unwrap_used,
    reason = "a suite of tests: helpers fail like the tests that call them"
)]

mod cluster;
mod connector;
mod explain;
mod faults;
mod harness;
mod rest;
mod rig;
mod smoke;
mod topics;
