//! The whole path in one process, as people run it: YAML → broker → worker → consumer, with edits while it runs, with
//! kill -9, and with everything a person can get wrong at the start.

#![expect(
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a suite of tests: helpers fail like the tests that call them, and counts fit any number"
)]

mod check;
mod crash;
mod edits;
mod hostile;
mod quickstart;
mod readme;
mod refusals;
mod same_file;
mod seeds;
mod workers;
