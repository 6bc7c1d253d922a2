//! What the laptop remembers of its objects between two starts, as the API server would: uid, generation, the last good form, and
//! who made a topic. One file in the data folder, written whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use operator::topic::plan::{History, Origin};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Failure;
use crate::laptop::documents::{Id, Known};

const FILE: &str = "objects.json";

/// Whether `up` keeps its state in this folder.
pub fn is_in(folder: &Path) -> bool {
    folder.join(FILE).exists()
}

/// Raised when the file's form changes.
const FORMAT: u32 = 1;

/// All that is remembered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    pub objects: BTreeMap<Id, Remembered>,
}

/// One object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remembered {
    pub uid: String,
    /// Raised by each change of the spec, from 1.
    pub generation: i64,
    /// Rises with each object made: the older of two that want one topic owns it.
    pub created: i64,
    /// The last good form, with defaults.
    pub object: Value,
    /// What a Connector's workers were told last: a paused one goes on by it, also after a start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Carried>,
    /// Taken out of the files; its topic is still there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
    /// What is known of a Topic's topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<KnownTopic>,
}

/// A Connector's configuration as it was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    pub generation: i64,
    pub config: BTreeMap<String, String>,
}

/// What is known of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownTopic {
    /// Its name in Kafka.
    pub name: String,
    /// The Topic made it; else it was there before.
    pub made_here: bool,
    pub cluster_id: Option<String>,
    pub topic_id: Option<String>,
    /// The generation that was carried out.
    pub settled: i64,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    objects: Vec<StoredObject>,
}

#[derive(Serialize, Deserialize)]
struct StoredObject {
    kind: String,
    namespace: String,
    name: String,
    #[serde(flatten)]
    remembered: Remembered,
}

impl State {
    /// Reads the state of a data folder; a folder without one has an empty state.
    ///
    /// # Errors
    /// The file is unreadable, damaged, or of another format.
    pub fn load(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(wrong(&path, &error.to_string())),
        };
        let value: Value =
            serde_json::from_slice(&bytes).map_err(|error| wrong(&path, &error.to_string()))?;
        if value["format"] != FORMAT {
            return Err(wrong(
                &path,
                &format!(
                    "it has format {}, this build reads format {FORMAT}",
                    value["format"]
                ),
            ));
        }
        let stored: Stored =
            serde_json::from_value(value).map_err(|error| wrong(&path, &error.to_string()))?;
        let objects = stored.objects.into_iter().map(|object| {
            let id = Id {
                kind: object.kind,
                namespace: object.namespace,
                name: object.name,
            };
            (id, object.remembered)
        });
        Ok(Self {
            objects: objects.collect(),
        })
    }

    /// Writes the state: whole or not at all, also when the machine stops in between.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), Failure> {
        let objects = self.objects.iter().map(|(id, remembered)| StoredObject {
            kind: id.kind.clone(),
            namespace: id.namespace.clone(),
            name: id.name.clone(),
            remembered: remembered.clone(),
        });
        let stored = Stored {
            format: FORMAT,
            objects: objects.collect(),
        };
        let (path, fresh) = (folder.join(FILE), folder.join(format!("{FILE}.new")));
        let write = || -> io::Result<()> {
            let mut file = File::create(&fresh)?;
            file.write_all(&serde_json::to_vec_pretty(&stored)?)?;
            file.sync_all()?;
            fs::rename(&fresh, &path)
        };
        write()
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display()), ""))
    }

    /// The last good forms of the objects that are in the files: what rules about changes compare with.
    pub fn known(&self) -> Known {
        let present = self
            .objects
            .iter()
            .filter(|(_, remembered)| !remembered.left);
        present
            .map(|(id, remembered)| (id.clone(), remembered.object.clone()))
            .collect()
    }

    /// Takes a good object in: a new one gets the uid that `new_uid` makes, a changed spec a new generation.
    pub fn admit(
        &mut self,
        id: &Id,
        object: &Value,
        new_uid: impl FnOnce() -> String,
    ) -> &mut Remembered {
        let next = self
            .objects
            .values()
            .map(|known| known.created)
            .max()
            .unwrap_or(0)
            + 1;
        let known = self
            .objects
            .entry(id.clone())
            .or_insert_with(|| Remembered {
                uid: new_uid(),
                created: next,
                ..Remembered::default()
            });
        if known.object["spec"] != object["spec"] || known.generation == 0 {
            known.generation += 1;
        }
        known.object = object.clone();
        known.left = false;
        known
    }
}

impl Remembered {
    /// What the planning of a topic has to know of the past; nothing when the object names another topic now.
    pub fn history(&self, topic: &str) -> History {
        let Some(known) = self.topic.as_ref().filter(|known| known.name == topic) else {
            return History::default();
        };
        History {
            origin: Some(if known.made_here {
                Origin::Created
            } else {
                Origin::Adopted
            }),
            cluster_id: known.cluster_id.clone(),
            topic_id: known.topic_id.clone(),
            intent: false,
            settled: known.settled == self.generation,
        }
    }
}

fn wrong(path: &Path, why: &str) -> Failure {
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    let help = format!(
        "start the version that wrote {}, choose another folder with --data-dir,\nor start anew, without the data: --fresh",
        folder.display()
    );
    Failure::new(format!("cannot read {}: {why}", path.display()), help)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id() -> Id {
        Id {
            kind: "Topic".to_owned(),
            namespace: "default".to_owned(),
            name: "orders".to_owned(),
        }
    }

    #[test]
    fn what_is_saved_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(State::load(folder.path()).unwrap(), State::default());
        let mut state = State::default();
        let remembered = state.admit(&id(), &json!({"spec": {"partitions": 2}}), || {
            "u1".to_owned()
        });
        remembered.topic = Some(KnownTopic {
            name: "orders".to_owned(),
            made_here: true,
            cluster_id: Some("c".to_owned()),
            topic_id: None,
            settled: 1,
        });
        state.save(folder.path()).unwrap();
        assert_eq!(State::load(folder.path()).unwrap(), state);
    }

    #[test]
    fn another_format_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["{\"format\": 99, \"objects\": []}", "{", "{\"format\": 1}"] {
            fs::write(folder.path().join(FILE), text).unwrap();
            assert!(
                State::load(folder.path())
                    .unwrap_err()
                    .help
                    .contains("--fresh"),
                "{text}"
            );
        }
    }

    #[test]
    fn an_object_keeps_its_uid_and_counts_its_changes() {
        let mut state = State::default();
        let two = json!({"spec": {"partitions": 2}, "metadata": {}});
        assert_eq!(state.admit(&id(), &two, || "u1".to_owned()).generation, 1);
        let labelled = json!({"spec": {"partitions": 2}, "metadata": {"labels": {}}});
        assert_eq!(
            state.admit(&id(), &labelled, || "u2".to_owned()).generation,
            1
        );
        let known = state.admit(&id(), &json!({"spec": {"partitions": 3}}), || {
            "u3".to_owned()
        });
        assert_eq!((known.generation, known.uid.as_str()), (2, "u1"));
        known.left = true;
        assert!(state.known().is_empty(), "an object that left binds nobody");
    }

    #[test]
    fn history_belongs_to_the_topic_and_the_generation() {
        let mut known = Remembered {
            generation: 2,
            ..Remembered::default()
        };
        assert_eq!(known.history("orders"), History::default());
        known.topic = Some(KnownTopic {
            name: "orders".to_owned(),
            made_here: false,
            cluster_id: None,
            topic_id: None,
            settled: 1,
        });
        assert_eq!(known.history("orders").origin, Some(Origin::Adopted));
        assert!(
            !known.history("orders").settled,
            "the new spec is not carried out yet"
        );
        assert_eq!(known.history("other"), History::default());
    }
}
