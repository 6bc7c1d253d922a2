//! The files git would commit, and what a Rust file is without its tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use tests::paths;

/// One text file of the checkout.
#[derive(Debug)]
pub(crate) struct Source {
    /// Path from the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every text file git tracks or would track.
pub(crate) fn all() -> Vec<Source> {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ])
        .current_dir(paths::root())
        .output()
        .expect("git lists the files");
    assert!(listed.status.success(), "git ls-files: {listed:?}");
    let names = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    let sources: Vec<_> = names.split('\0').filter_map(read).collect();
    assert!(
        sources.len() > 20,
        "only {} files found: is this a checkout?",
        sources.len()
    );
    sources
}

/// Every Rust file of the checkout.
pub(crate) fn rust() -> Vec<Source> {
    let is_rust = |source: &Source| {
        Path::new(&source.path)
            .extension()
            .is_some_and(|end| end == "rs")
    };
    all().into_iter().filter(is_rust).collect()
}

fn read(path: &str) -> Option<Source> {
    let full: PathBuf = paths::root().join(path);
    let text = std::fs::read_to_string(full).ok()?;
    Some(Source {
        path: path.to_owned(),
        text,
    })
}

impl Source {
    /// Whether the file is only tests.
    pub(crate) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("tests.rs")
    }

    /// The lines above the first inline test module.
    pub(crate) fn production(&self) -> Vec<&str> {
        let lines: Vec<_> = self.text.lines().collect();
        let test_module = lines.windows(2).position(|pair| {
            let module = pair[1].trim_start();
            pair[0].trim() == "#[cfg(test)]" && module.starts_with("mod ") && module.ends_with('{')
        });
        lines[..test_module.unwrap_or(lines.len())].to_vec()
    }
}
