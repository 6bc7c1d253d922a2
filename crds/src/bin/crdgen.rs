//! Writes the generated YAML of the three kinds: `crdgen [FOLDER]`, by default `crds`.
//!
//! `kubectl apply -f crds/` works on what it writes; a test fails when that is stale.

use std::{error::Error, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("crds"), PathBuf::from);
    for (name, text) in crds::schema::manifests()? {
        let path = folder.join(name);
        std::fs::write(&path, text)
            .map_err(|error| format!("write {}: {error}", path.display()))?;
    }
    Ok(())
}
