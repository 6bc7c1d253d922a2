//! The broker as a child of this program.

use std::path::Path;
use std::process::Command;

pub(crate) use tests::child::bound;
use tests::paths;

/// The words that run `eddyline broker` at `address` with its data in `data`.
pub(crate) fn broker_words(address: &str, data: &Path) -> Vec<String> {
    let program = paths::eddyline().to_string_lossy().into_owned();
    let data = data.to_string_lossy().into_owned();
    let words = [
        &program,
        "broker",
        "-o",
        "json",
        "--listen",
        address,
        "--admin-listen",
        "127.0.0.1:0",
        // It also dies while it compacts.
        "--set",
        "log.cleaner.backoff.ms=200",
        "--data-dir",
        &data,
    ];
    words.map(str::to_owned).to_vec()
}

/// `eddyline broker` at `address`.
pub(crate) fn broker(address: &str, data: &Path) -> Command {
    let words = broker_words(address, data);
    let mut command = bound(&words[0]);
    command.args(&words[1..]);
    command
}

/// An address of this machine that is free, and stays so as far as anybody can tell: a broker comes back to it after each death.
pub(crate) fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
