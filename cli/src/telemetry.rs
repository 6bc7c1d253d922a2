//! Logging: `tracing` to standard error, as text or JSON.

use std::io;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// The form of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// Starts logging at warnings; each `-v` adds a level (information, debugging, traces).
///
/// # Errors
/// Logging was started before in this process.
pub fn start(format: LogFormat, verbose: u8, hand_tool: bool) -> Result<(), Failure> {
    let filter = EnvFilter::new(match verbose {
        // A tool says itself what went wrong, once and in words; the client library says it many times.
        0 if hand_tool => "warn,rdkafka=off,librdkafka=off",
        0 => "warn",
        1 => "info",
        2 => "debug,h2=info,hyper=info",
        _ => "trace",
    });
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A reader of standard error that went away stops nothing.
        .log_internal_errors(false)
        .with_writer(io::stderr);
    let started = match format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    started.map_err(|error| Failure::new(format!("cannot start logging: {error}"), ""))
}
