//! Manifests for tests, written as a person would write them.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::paths;

/// The quickstart everybody copies.
pub fn quickstart() -> PathBuf {
    paths::root().join("examples/quickstart.yaml")
}

/// One cluster `t`, one topic and one connector on it.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The topic's and its object's name.
    pub topic: String,
    /// Its partitions.
    pub partitions: u32,
    /// More lines of the Topic's spec, indented by two.
    pub topic_spec: String,
    /// None: no connector.
    pub connector: Option<Source>,
}

/// A connector.
#[derive(Clone, Debug)]
pub struct Source {
    /// The data set.
    pub quickstart: &'static str,
    /// Tasks.
    pub tasks: u32,
    /// More lines of `datagen`, indented by four.
    pub datagen: String,
    /// More lines of the spec, indented by two.
    pub spec: String,
}

impl Manifest {
    /// A topic with one partition and no connector.
    pub fn topic(name: &str) -> Self {
        Self {
            topic: name.to_owned(),
            partitions: 1,
            topic_spec: String::new(),
            connector: None,
        }
    }

    /// With orders at `rate` records per second.
    #[must_use]
    pub fn orders(mut self, rate: &str) -> Self {
        self.connector = Some(Source {
            quickstart: "orders",
            tasks: 1,
            datagen: format!("    rate: {rate}\n"),
            spec: String::new(),
        });
        self
    }

    /// The same with a connector that sends nothing.
    #[must_use]
    pub fn stopped(mut self) -> Self {
        if let Some(source) = &mut self.connector {
            source.spec.push_str("  state: Stopped\n");
        }
        self
    }

    /// The YAML text.
    pub fn text(&self) -> String {
        let mut text =
            "apiVersion: eddyline.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: t\nspec: {}\n"
                .to_owned();
        let _ = write!(
            text,
            "---\napiVersion: eddyline.dev/v1alpha1\nkind: Topic\nmetadata:\n  name: {}\nspec:\n  cluster: t\n  partitions: {}\n{}",
            self.topic, self.partitions, self.topic_spec
        );
        if let Some(source) = &self.connector {
            let _ = write!(
                text,
                "---\napiVersion: eddyline.dev/v1alpha1\nkind: Connector\nmetadata:\n  name: gen\nspec:\n  \
                 cluster: t\n  topic: {}\n  tasks: {}\n{}  datagen:\n    quickstart: {}\n{}",
                self.topic, source.tasks, source.spec, source.quickstart, source.datagen
            );
        }
        text
    }

    /// Writes it as `file.yaml` into `folder`, in one step, as editors do.
    #[track_caller]
    pub fn write(&self, folder: &Path) -> PathBuf {
        write(folder, &self.text())
    }
}

/// Writes `text` as `file.yaml` into `folder`, in one step.
#[track_caller]
pub fn write(folder: &Path, text: &str) -> PathBuf {
    let (draft, file) = (folder.join(".file.yaml.draft"), folder.join("file.yaml"));
    let written = std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, &file));
    assert!(written.is_ok(), "write {}: {written:?}", file.display());
    file
}
