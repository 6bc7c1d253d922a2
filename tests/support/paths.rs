//! Where the checkout and the built program are.

use std::path::{Path, PathBuf};

/// The root of the checkout.
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// The `eddyline` program of the same build as the running one: it lies beside the other programs, one folder above the
/// test programs.
/// `EDDYLINE_PROGRAM` names another, to try one that is built elsewhere.
pub fn eddyline() -> PathBuf {
    if let Some(program) = std::env::var_os("EDDYLINE_PROGRAM").filter(|path| !path.is_empty()) {
        return program.into();
    }
    let running = std::env::current_exe().unwrap_or_default();
    let folder = running.parent().unwrap_or(Path::new(""));
    let programs = match folder.file_name() {
        Some(name) if name == "deps" => folder.parent().unwrap_or(folder),
        _ => folder,
    };
    programs.join("eddyline")
}

/// Folders that outlive a run: downloads and environments that clients of other makers need.
/// `EDDYLINE_CACHE`, else `eddyline` in the user's cache folder.
pub fn cache() -> PathBuf {
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from);
    from("EDDYLINE_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|cache| cache.join("eddyline")))
        .or_else(|| from("HOME").map(|home| home.join(".cache/eddyline")))
        .unwrap_or_else(|| std::env::temp_dir().join("eddyline-cache"))
}
