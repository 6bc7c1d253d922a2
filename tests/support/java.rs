//! The Java client's programs of `tests/clients/java`, compiled once into the user's cache folder. It must not know what
//! they are used for.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::paths;

/// The words that start one of the programs; its own words come behind them. Ends by itself after two minutes.
#[track_caller]
pub fn command() -> Vec<String> {
    let words = [
        "timeout",
        "120",
        "java",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-cp",
        classes(),
        "clients.Main",
    ];
    words.map(str::to_owned).to_vec()
}

/// The class path.
#[track_caller]
pub fn classes() -> &'static str {
    static CLASSES: OnceLock<String> = OnceLock::new();
    CLASSES.get_or_init(|| {
        let source = paths::root().join("tests/clients/java");
        let out: PathBuf = paths::cache().join("java");
        let mut maven = Command::new("mvn");
        maven
            .args(["-q", "-B", "process-classes"])
            .arg(format!("-Dout={}", out.display()))
            .current_dir(source);
        let output = maven.output().expect("mvn is there");
        assert!(
            output.status.success(),
            "compile the Java programs: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        format!(
            "{}:{}",
            out.join("classes").display(),
            out.join("libraries/*").display()
        )
    })
}
