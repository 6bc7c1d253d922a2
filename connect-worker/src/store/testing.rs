//! A journal in memory, for tests. What is appended stays when the worker goes.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::watch;

use super::{Journal, JournalError, Pair, Stored, state::State};
use crate::producer::Later;

/// The journal as one worker sees it.
#[derive(Debug, Default)]
pub(crate) struct MemoryJournal {
    pub(crate) pairs: Arc<Mutex<Vec<Pair>>>,
    length: Option<Arc<watch::Sender<usize>>>,
    /// How far this worker has read.
    read: Mutex<usize>,
    /// How late it learns what is written.
    delay: Duration,
}

impl Clone for MemoryJournal {
    /// The same journal, as another worker sees it.
    fn clone(&self) -> Self {
        Self {
            pairs: Arc::clone(&self.pairs),
            length: self.length.clone(),
            read: Mutex::default(),
            delay: self.delay,
        }
    }
}

impl MemoryJournal {
    /// A journal that several workers write.
    pub(crate) fn shared() -> Self {
        Self {
            length: Some(Arc::default()),
            ..Self::default()
        }
    }

    /// As a worker sees it that learns late what is written.
    pub(crate) fn delayed(&self, delay: Duration) -> Self {
        Self {
            delay,
            ..self.clone()
        }
    }

    fn at(&self, offset: usize) -> Option<Stored> {
        let pair = self.pairs.lock().unwrap().get(offset).cloned()?;
        Some(Stored {
            offset: offset as u64,
            pair,
        })
    }
}

impl Journal for MemoryJournal {
    fn read(&self) -> Later<'_, Result<State, JournalError>> {
        Box::pin(async {
            let mut state = State::default();
            let all = (0..).map_while(|offset| self.at(offset));
            *self.read.lock().unwrap() = all.map(|stored| state.take(stored)).count();
            Ok(state)
        })
    }

    fn append<'a>(&'a self, pairs: &'a [Pair]) -> Later<'a, Result<u64, JournalError>> {
        Box::pin(async move {
            tokio::time::sleep(self.delay).await;
            let mut kept = self.pairs.lock().unwrap();
            kept.extend_from_slice(pairs);
            if let Some(length) = &self.length {
                length.send_replace(kept.len());
            }
            Ok(kept.len() as u64 - 1)
        })
    }

    fn is_shared(&self) -> bool {
        self.length.is_some()
    }

    fn next(&self) -> Later<'_, Result<Stored, JournalError>> {
        Box::pin(async {
            let offset = *self.read.lock().unwrap();
            if let Some(length) = &self.length {
                let mut length = length.subscribe();
                length.wait_for(|length| *length > offset).await.unwrap();
            }
            tokio::time::sleep(self.delay).await;
            *self.read.lock().unwrap() = offset + 1;
            Ok(self.at(offset).unwrap())
        })
    }
}
