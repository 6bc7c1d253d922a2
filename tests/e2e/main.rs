//! The chart, installed by Helm on a Kubernetes with a real kubelet; the examples applied with kubectl; records read by
//! clients in pods. The place is one of `tests/cluster` (`EDDYLINE_CLUSTER`, local unless said otherwise); tests skip by
//! its facts.
//!
//! A test takes [`harness::namespace`], applies YAML and waits for conditions; one that stops the operator or removes
//! the chart takes [`harness::alone`]. [`harness::suite`] has the quickstart running in a namespace of its own, which
//! tests may read and must not change.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a suite of tests: helpers fail like the tests that call them"
)]

mod chart;
mod connector;
mod deletion;
mod faults;
mod golden;
mod harness;
mod records;
mod refusals;
mod rest;
mod smoke;
mod spaces;
