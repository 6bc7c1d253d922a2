//! The Python clients, in an environment kept in the user's cache folder. It must not know what they are used for.
#![expect(
    clippy::panic,
    reason = "test support: a failure here is the test's failure"
)]

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::paths;

/// The interpreter of an environment that has what `tests/clients/python/requirements.txt` names.
#[track_caller]
pub fn python() -> &'static PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let wanted = paths::root().join("tests/clients/python/requirements.txt");
        let environment = paths::cache().join("python");
        let (python, mark) = (
            environment.join("bin/python"),
            environment.join("requirements.txt"),
        );
        if std::fs::read(&mark).ok() != std::fs::read(&wanted).ok() {
            make(&environment, &python, &wanted)
                .and_then(|()| std::fs::copy(&wanted, &mark))
                .unwrap_or_else(|error| panic!("make {}: {error}", environment.display()));
        }
        python
    })
}

fn make(environment: &PathBuf, python: &PathBuf, wanted: &PathBuf) -> std::io::Result<()> {
    std::fs::create_dir_all(environment)?;
    let venv = ["-m", "venv", "--clear"];
    run(Command::new("python3").args(venv).arg(environment))?;
    let pip = ["-m", "pip", "install", "-q", "-r"];
    run(Command::new(python).args(pip).arg(wanted))
}

fn run(command: &mut Command) -> std::io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let talk = String::from_utf8_lossy(&output.stderr);
    Err(std::io::Error::other(format!("{command:?}: {talk}")))
}
