//! Placeholder.

pub mod record_batch;
