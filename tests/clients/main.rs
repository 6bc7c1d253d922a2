//! Clients of other makers against the real program: kcat, confluent-kafka, kafka-python and the Java client, each with
//! its default settings; and the system's own view of what a sync is (strace).
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a suite of tests: helpers fail like the tests that call them"
)]

mod durability;
mod java;
mod kcat;
mod kills;
mod listeners;
mod programs;
mod python;
mod servers;
