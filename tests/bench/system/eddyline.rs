//! The command line of the bundled broker.

use std::path::Path;
use std::process::Command;

use ::tests::paths;

/// `eddyline broker` with its defaults: it syncs before it answers.
pub(super) fn command(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(paths::eddyline());
    command
        .arg("broker")
        .arg("--data-dir")
        .arg(folder.join("data"))
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .args(["--admin-listen", "127.0.0.1:0"])
        // Its run file is for the hand tools of whoever works on this machine.
        .env("XDG_RUNTIME_DIR", folder)
        .env("NO_COLOR", "1");
    command
}
