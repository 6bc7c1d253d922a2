//! A journal in memory, for tests. What is appended stays when the worker goes.

use std::sync::{Arc, Mutex};

use super::{Journal, JournalError, Pair};
use crate::producer::Later;

#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryJournal {
    pub(crate) pairs: Arc<Mutex<Vec<Pair>>>,
}

impl Journal for MemoryJournal {
    fn read(&self) -> Later<'_, Result<Vec<Pair>, JournalError>> {
        Box::pin(async { Ok(self.pairs.lock().unwrap().clone()) })
    }

    fn append<'a>(&'a self, pairs: &'a [Pair]) -> Later<'a, Result<(), JournalError>> {
        Box::pin(async move {
            self.pairs.lock().unwrap().extend_from_slice(pairs);
            Ok(())
        })
    }
}
