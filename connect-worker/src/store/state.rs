//! The journal folded: the last value of each key. Pure.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::{
    JournalError, Pair,
    entry::{Entry, Key, Subject},
};

/// Everything that is stored.
#[derive(Debug, Default)]
pub(crate) struct State {
    entries: BTreeMap<Key, serde_json::Value>,
}

impl State {
    /// Folds a journal. Keys of a kind that this version does not know are left alone.
    pub(crate) fn fold(pairs: Vec<Pair>) -> Self {
        let mut state = Self::default();
        for (key, value) in pairs {
            let Ok(key) = serde_json::from_slice::<Key>(&key) else {
                tracing::debug!("read offsets: a key of another version is left alone");
                continue;
            };
            // Bytes that are no JSON stay visible as text, so that reading the value reports them.
            let value = value.map(|bytes| {
                serde_json::from_slice(&bytes)
                    .unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into())
            });
            state.apply(Entry { key, value });
        }
        state
    }

    /// Takes in one write.
    pub(crate) fn apply(&mut self, entry: Entry) {
        match entry.value {
            Some(value) => self.entries.insert(entry.key, value),
            None => self.entries.remove(&entry.key),
        };
    }

    /// The value of a key.
    ///
    /// # Errors
    /// There is a value, and it is none of this version: to go on without it would repeat or lose
    /// records.
    pub(crate) fn value<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, JournalError> {
        let Some(value) = self.entries.get(key) else {
            return Ok(None);
        };
        T::deserialize(value)
            .map(Some)
            .map_err(|error| JournalError {
                action: "read a stored value",
                detail: format!("{}: {error}", serde_json::json!(key)),
            })
    }

    /// All keys of one connector.
    pub(crate) fn keys(&self, connector: &str) -> Vec<Key> {
        let first = Key {
            connector: connector.to_owned(),
            subject: Subject::Config,
        };
        let keys = self.entries.range(first..).map(|(key, _)| key);
        keys.take_while(|key| key.connector == connector)
            .cloned()
            .collect()
    }

    /// The connectors made by REST.
    pub(crate) fn declared(&self) -> Vec<String> {
        let configs = self
            .entries
            .keys()
            .filter(|key| key.subject == Subject::Config);
        configs.map(|key| key.connector.clone()).collect()
    }
}
