//! What a worker remembers: offsets, epochs, acknowledgements, drawn seeds and the connectors made
//! by REST, all in one compacted topic of the cluster it works for.
//!
//! Must not know: tasks, pacing, HTTP. Entry types: [`Store`] (open, write), [`state::State`]
//! (what is there), [`Journal`] (the port to the topic).

pub(crate) mod entry;
pub(crate) mod state;
pub(crate) mod topic;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use self::{entry::Entry, state::State};
use crate::producer::Later;

/// Writes that may wait for the broker.
const QUEUE: usize = 256;
/// The wait before a failed write is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// A key with its value; `None` deletes the key.
pub(crate) type Pair = (Vec<u8>, Option<Vec<u8>>);

/// A log of keys and values of which the last value of each key counts.
pub(crate) trait Journal: fmt::Debug + Send + Sync + 'static {
    /// Everything in it, in order; nothing when it was never written.
    fn read(&self) -> Later<'_, Result<Vec<Pair>, JournalError>>;

    /// Appends in order. When it returns, the pairs outlive a crash.
    fn append<'a>(&'a self, pairs: &'a [Pair]) -> Later<'a, Result<(), JournalError>>;
}

/// A journal could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action}: {detail}")]
pub(crate) struct JournalError {
    /// Verb and object.
    pub action: &'static str,
    /// The client's words.
    pub detail: String,
}

/// The worker's memory. A cheap handle.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    // A std mutex: held to copy a few entries, never across an await.
    state: Arc<Mutex<State>>,
    writes: mpsc::Sender<Write>,
}

#[derive(Debug)]
struct Write {
    entries: Vec<Entry>,
    stored: Option<oneshot::Sender<()>>,
}

/// The worker stopped before the entries were stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("store offsets: the worker is stopping")]
pub(crate) struct Stopping;

impl Store {
    /// Reads the journal whole. The second value writes what [`Store::put`] is given until `stop`;
    /// it is to be run. It reports on `fault` why nothing can be stored, while that is so.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(crate) async fn open(
        journal: Arc<dyn Journal>,
        fault: watch::Sender<Option<String>>,
        stop: CancellationToken,
    ) -> Result<(Self, impl Future<Output = ()> + Send + 'static), JournalError> {
        let state = State::fold(journal.read().await?);
        let state = Arc::new(Mutex::new(state));
        let (sender, queue) = mpsc::channel(QUEUE);
        let writer = Writer {
            journal,
            state: Arc::clone(&state),
            fault,
        };
        Ok((
            Self {
                state,
                writes: sender,
            },
            writer.run(queue, stop),
        ))
    }

    /// What is stored.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores entries, in order with all others; returns when they outlive a crash.
    ///
    /// # Errors
    /// The worker stopped first.
    pub(crate) async fn put(&self, entries: Vec<Entry>) -> Result<(), Stopping> {
        let (stored, done) = oneshot::channel();
        let write = Write {
            entries,
            stored: Some(stored),
        };
        self.writes.send(write).await.map_err(|_| Stopping)?;
        done.await.map_err(|_| Stopping)
    }

    /// Stores entries some time soon. False when too much is waiting already: the caller keeps
    /// them for its next round.
    pub(crate) fn offer(&self, entries: Vec<Entry>) -> bool {
        self.writes
            .try_send(Write {
                entries,
                stored: None,
            })
            .is_ok()
    }
}

struct Writer {
    journal: Arc<dyn Journal>,
    state: Arc<Mutex<State>>,
    fault: watch::Sender<Option<String>>,
}

impl Writer {
    /// Writes what waits, all of it at once.
    async fn run(self, mut queue: mpsc::Receiver<Write>, stop: CancellationToken) {
        let mut waiting = Vec::new();
        while queue.recv_many(&mut waiting, QUEUE).await > 0 {
            let entries: Vec<Entry> = waiting
                .iter()
                .flat_map(|write| write.entries.iter().cloned())
                .collect();
            let pairs: Vec<Pair> = entries.iter().map(Entry::pair).collect();
            tokio::select! {
                biased;
                () = self.append(&pairs) => {}
                () = stop.cancelled() => return,
            }
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            for entry in entries {
                state.apply(entry);
            }
            drop(state);
            for write in waiting.drain(..) {
                if let Some(stored) = write.stored {
                    // Whoever asked may have gone: the entries are stored all the same.
                    let _ = stored.send(());
                }
            }
        }
    }

    async fn append(&self, pairs: &[Pair]) {
        while let Err(error) = self.journal.append(pairs).await {
            tracing::warn!(%error, "store offsets; trying again");
            self.fault.send_replace(Some(error.to_string()));
            tokio::time::sleep(RETRY).await;
        }
        self.fault.send_if_modified(|fault| fault.take().is_some());
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
