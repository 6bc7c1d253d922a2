//! Writes the generated YAML of the three kinds below the root of the checkout: `crdgen [ROOT]`.
//!
//! `crds/` is for `kubectl apply -f crds/`; the chart has the same as templates. A test fails when
//! either is stale.

use std::{error::Error, path::Path, path::PathBuf};

const MANIFESTS: &str = "crds";
const TEMPLATES: &str = "charts/eddyline/templates/crds";

fn main() -> Result<(), Box<dyn Error>> {
    let root = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("."), PathBuf::from);
    write(&root.join(MANIFESTS), crds::schema::manifests()?)?;
    write(&root.join(TEMPLATES), crds::template::templates()?)
}

fn write(folder: &Path, files: Vec<(String, String)>) -> Result<(), Box<dyn Error>> {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text)
            .map_err(|error| format!("write {}: {error}", path.display()))?;
    }
    Ok(())
}
