//! The records of the hidden metadata partition: our own format, with its version in each record.
//!
//! One change is one record; replaying all of them from the first gives the state. A record is a
//! JSON object, so that a data folder can be read with ordinary tools.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wire::Uuid;

/// The version of the format this program writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// Settings by name.
pub type Configs = BTreeMap<String, String>;

/// One durable change of what the broker knows about its topics and itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Record {
    /// The cluster's id: the first record of all, never repeated.
    Cluster { id: String },
    /// A new topic.
    Topic {
        name: String,
        #[serde(with = "id_text")]
        id: Uuid,
        partitions: i32,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        internal: bool,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        configs: Configs,
    },
    /// A topic that is gone, with all its data.
    TopicDeleted {
        #[serde(with = "id_text")]
        id: Uuid,
    },
    /// A topic's new number of partitions.
    Partitions {
        #[serde(with = "id_text")]
        id: Uuid,
        count: i32,
    },
    /// All overrides a topic has from now on.
    TopicConfigs {
        #[serde(with = "id_text")]
        id: Uuid,
        configs: Configs,
    },
    /// All broker settings changed while running, from now on: of all brokers, or of this one.
    BrokerConfigs {
        cluster_wide: bool,
        configs: Configs,
    },
    /// Producer ids below this were handed out.
    ProducerIds { next: i64 },
}

/// A record that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error(
        "read metadata record: it has format {found}, this program knows up to {FORMAT}; start the program that wrote it, or a newer one"
    )]
    Newer { found: u32 },
    #[error("read metadata record")]
    Json(#[from] serde_json::Error),
}

#[derive(Serialize)]
struct Written<'r> {
    format: u32,
    #[serde(flatten)]
    record: &'r Record,
}

#[derive(Deserialize)]
struct Version {
    format: u32,
}

impl Record {
    /// The record's bytes.
    ///
    /// # Errors
    /// Never with the types above; the writer's error is passed on all the same.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        Ok(serde_json::to_vec(&Written {
            format: FORMAT,
            record: self,
        })?)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`RecordError::Newer`] for a format of a newer program, else what is wrong with the JSON.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let Version { format } = serde_json::from_slice(bytes)?;
        if format > FORMAT {
            return Err(RecordError::Newer { found: format });
        }
        Ok(serde_json::from_slice(bytes)?)
    }
}

/// Topic ids as the 22 characters Kafka's tools print.
mod id_text {
    use serde::{Deserialize, Deserializer, Serializer};
    use wire::Uuid;

    pub(super) fn serialize<S: Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Uuid, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configs() -> Configs {
        [("retention.ms".to_owned(), "86400000".to_owned())].into()
    }

    #[test]
    fn every_record_comes_back() {
        let id = Uuid([7; 16]);
        let records = [
            Record::Cluster {
                id: "Zm9vYmFyYmF6cXV4MTIzNA".to_owned(),
            },
            Record::Topic {
                name: "a".to_owned(),
                id,
                partitions: 2,
                internal: false,
                configs: configs(),
            },
            Record::Topic {
                name: "b".to_owned(),
                id,
                partitions: 1,
                internal: true,
                configs: Configs::new(),
            },
            Record::TopicDeleted { id },
            Record::Partitions { id, count: 3 },
            Record::TopicConfigs {
                id,
                configs: configs(),
            },
            Record::BrokerConfigs {
                cluster_wide: true,
                configs: configs(),
            },
            Record::ProducerIds { next: i64::MAX },
        ];
        for record in records {
            let bytes = record.encode().unwrap();
            assert_eq!(Record::decode(&bytes).unwrap(), record);
        }
    }

    /// Bytes on disk outlive programs: this text must stay readable as long as format 1 is.
    #[test]
    fn format_1_stays_readable() {
        let text = r#"{"format":1,"type":"topic","name":"orders","id":"BwcHBwcHBwcHBwcHBwcHBw","partitions":2}"#;
        let record = Record::Topic {
            name: "orders".to_owned(),
            id: Uuid([7; 16]),
            partitions: 2,
            internal: false,
            configs: Configs::new(),
        };
        assert_eq!(Record::decode(text.as_bytes()).unwrap(), record);
        assert_eq!(record.encode().unwrap(), text.as_bytes());
    }

    #[test]
    fn a_newer_format_is_named() {
        let error = Record::decode(br#"{"format":2,"type":"quota"}"#).unwrap_err();
        assert!(matches!(error, RecordError::Newer { found: 2 }));
    }
}
