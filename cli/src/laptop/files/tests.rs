//! What a start says of files that are wrong in several ways at once: each `cases/NAME.yaml` gives exactly `cases/NAME.expected`.
//! A `NAME.old.yaml` is what the data folder remembers. `UPDATE_EXPECT=1` rewrites the expected texts.

use std::fs;
use std::sync::Arc;

use super::*;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/laptop/files/cases")
}

/// A start on a data folder of its own, which remembers what `NAME.old.yaml` says.
fn start(name: &str) -> Result<Good, String> {
    let data = tempfile::tempdir().unwrap();
    let schemas = Schemas::load().unwrap();
    if let Ok(text) = fs::read_to_string(cases().join(format!("{name}.old.yaml"))) {
        let source = Source {
            name: Arc::from("old"),
            text,
        };
        let before = documents::read(&[source], &schemas, &Known::new());
        assert!(before.findings.is_empty(), "{:?}", before.findings);
        let mut state = State::default();
        for object in &before.all {
            state.admit(&object.id, &object.json, String::new);
        }
        state.save(data.path()).unwrap();
    }
    let path = cases().join(format!("{name}.yaml"));
    let files = Files {
        sources: Sources::open(vec![path], std::io::empty()).unwrap(),
        schemas,
        cluster: None,
    };
    let place = Place {
        data_dir: Some(data.path()),
        environment: &Environment::default(),
        fresh: false,
    };
    let folder = format!("{}/", cases().display());
    match files.first(&place) {
        Ok((good, _)) => Ok(good),
        Err(refusal) => {
            let said = refusal.into_failure().to_string().replace(&folder, "");
            Err(said.replace(&*data.path().to_string_lossy(), "DATA"))
        }
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(cases()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(name) = file
            .strip_suffix(".yaml")
            .filter(|name| !name.contains(".old"))
        else {
            continue;
        };
        let said = format!("{}\n", start(name).unwrap_err());
        let expected = cases().join(format!("{name}.expected"));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("--- {name} said\n{said}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nUPDATE_EXPECT=1 rewrites what is expected",
        wrong.join("\n")
    );
}
