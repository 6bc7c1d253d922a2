//! What the journal's keys and values look like: JSON, so that people can read them with any
//! client. The values' types belong to whoever writes them.

use serde::{Deserialize, Serialize};

use super::Pair;

/// What an entry is about. Ordered, so that all keys of a connector lie together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Key {
    /// Namespace and name, `default/orders-gen`; a bare name for a connector made by REST.
    pub connector: String,
    /// The rest.
    #[serde(flatten)]
    pub subject: Subject,
}

/// What of the connector.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Subject {
    /// The connector itself, for one made by REST.
    Config,
    /// A layout of tasks that a stream is sent by. Each worker that finds the last one ended writes
    /// the next; which of them counts is the reader's business.
    Layout {
        /// The object's uid.
        uid: String,
        /// A hash of topic, source and seed.
        stream: String,
        /// Rises from layout to layout.
        epoch: u64,
        /// The writer's ordinal.
        worker: u32,
    },
    /// How far one worker has come with its tasks.
    Part {
        /// The object's uid.
        uid: String,
        /// A hash of topic, source and seed.
        stream: String,
        /// Its ordinal.
        worker: u32,
    },
}

impl Subject {
    /// The object that the entry belongs to; `None` for what outlives it.
    pub(crate) fn uid(&self) -> Option<&str> {
        match self {
            Self::Config => None,
            Self::Layout { uid, .. } | Self::Part { uid, .. } => Some(uid),
        }
    }
}

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// What it is about.
    pub key: Key,
    /// The new value; `None` forgets the key.
    pub value: Option<serde_json::Value>,
}

impl Entry {
    /// A new value.
    pub(crate) fn set(key: Key, value: &impl Serialize) -> Self {
        // The values are plain structs with text keys, which JSON can always hold.
        Self {
            key,
            value: Some(serde_json::json!(value)),
        }
    }

    /// A tombstone.
    pub(crate) fn forget(key: Key) -> Self {
        Self { key, value: None }
    }

    /// The bytes for the journal.
    pub(crate) fn pair(&self) -> Pair {
        let key = serde_json::json!(self.key).to_string().into_bytes();
        (
            key,
            self.value
                .as_ref()
                .map(|value| value.to_string().into_bytes()),
        )
    }
}
