//! The journal folded: the last value of each key, and where it stands. Pure.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::{
    JournalError, Stored,
    entry::{Entry, Key, Subject},
};

/// Everything that is stored.
#[derive(Debug, Default)]
pub(crate) struct State {
    entries: BTreeMap<Key, (u64, serde_json::Value)>,
    end: u64,
}

impl State {
    /// Takes in what the journal holds at one place. Keys of a kind that this version does not know
    /// are left alone.
    pub(crate) fn take(&mut self, stored: Stored) {
        let (key, value) = stored.pair;
        self.end = stored.offset + 1;
        let Ok(key) = serde_json::from_slice::<Key>(&key) else {
            tracing::debug!("read offsets: a key of another version is left alone");
            return;
        };
        // Bytes that are no JSON stay visible as text, so that reading the value reports them.
        let value = value.map(|bytes| {
            serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into())
        });
        self.apply(Entry { key, value }, stored.offset);
    }

    /// Takes in one write, at its place in the journal.
    pub(crate) fn apply(&mut self, entry: Entry, offset: u64) {
        self.end = offset + 1;
        match entry.value {
            Some(value) => drop(self.entries.insert(entry.key, (offset, value))),
            None => drop(self.entries.remove(&entry.key)),
        }
    }

    /// The place in the journal that this has come to: the offset after the last one taken in.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// The value of a key.
    ///
    /// # Errors
    /// There is a value, and it is none of this version: to go on without it would repeat or lose
    /// records.
    pub(crate) fn value<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, JournalError> {
        Ok(self.placed(key)?.map(|(_, value)| value))
    }

    /// The value of a key and its offset in the journal.
    ///
    /// # Errors
    /// As [`State::value`].
    pub(crate) fn placed<T: DeserializeOwned>(
        &self,
        key: &Key,
    ) -> Result<Option<(u64, T)>, JournalError> {
        let Some((offset, value)) = self.entries.get(key) else {
            return Ok(None);
        };
        T::deserialize(value)
            .map(|value| Some((*offset, value)))
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
