//! What a worker remembers: layouts of tasks, how far workers have come with them, and the connectors
//! made by REST, all in one compacted topic of the cluster it works for. Where several workers write
//! it, what counts is its order: each of them knows a part of it from the beginning.
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

/// A pair at its place in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Rises along the journal; there may be gaps.
    pub offset: u64,
    /// What is there.
    pub pair: Pair,
}

/// A log of keys and values of which the last value of each key counts.
pub(crate) trait Journal: fmt::Debug + Send + Sync + 'static {
    /// Everything in it, folded as it comes in: memory is bounded by the keys there are, however long
    /// the history is. Nothing when it was never written.
    fn read(&self) -> Later<'_, Result<State, JournalError>>;

    /// Appends in order. When it returns, the pairs outlive a crash. Answers the offset of the last
    /// one; there is at least one.
    fn append<'a>(&'a self, pairs: &'a [Pair]) -> Later<'a, Result<u64, JournalError>>;

    /// Whether other workers write it too. Then [`Journal::next`] tells what comes in, and otherwise
    /// it is never called.
    fn is_shared(&self) -> bool;

    /// What follows the last that [`Journal::read`] or this has told, whoever wrote it. Waits for it;
    /// nothing is lost when the wait is given up.
    fn next(&self) -> Later<'_, Result<Stored, JournalError>>;
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
    /// Where in the journal the state is.
    end: watch::Receiver<u64>,
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
        let state = journal.read().await?;
        let (writes, queue) = mpsc::channel(QUEUE);
        let (told, end) = watch::channel(state.end());
        let keeper = Keeper {
            journal,
            state: Arc::new(Mutex::new(state)),
            fault,
            end: told,
        };
        let store = Self {
            state: Arc::clone(&keeper.state),
            writes,
            end,
        };
        Ok((store, keeper.run(queue, stop)))
    }

    /// Tells when something was stored, by whichever worker.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.end.clone()
    }

    /// What is stored.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores entries, in order with all others; returns when they outlive a crash and the state has
    /// them, with all that other workers stored before.
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

struct Keeper {
    journal: Arc<dyn Journal>,
    state: Arc<Mutex<State>>,
    fault: watch::Sender<Option<String>>,
    end: watch::Sender<u64>,
}

impl Keeper {
    /// Writes what waits, and takes in what others write, until all handles are gone or `stop`.
    async fn run(self, queue: mpsc::Receiver<Write>, stop: CancellationToken) {
        tokio::select! {
            () = self.write(queue) => {}
            () = self.follow(), if self.journal.is_shared() => {}
            () = stop.cancelled() => {}
        }
    }

    /// Writes what waits, all of it at once.
    async fn write(&self, mut queue: mpsc::Receiver<Write>) {
        let mut waiting = Vec::new();
        while queue.recv_many(&mut waiting, QUEUE).await > 0 {
            let entries: Vec<Entry> = waiting
                .iter()
                .flat_map(|write| write.entries.iter().cloned())
                .collect();
            if !entries.is_empty() {
                self.store(entries).await;
            }
            for write in waiting.drain(..) {
                if let Some(stored) = write.stored {
                    // Whoever asked may have gone: the entries are stored all the same.
                    let _ = stored.send(());
                }
            }
        }
    }

    async fn store(&self, entries: Vec<Entry>) {
        let pairs: Vec<Pair> = entries.iter().map(Entry::pair).collect();
        let last = self.append(&pairs).await;
        if self.journal.is_shared() {
            // They are taken in where the journal has them, among those of other workers.
            let mut end = self.end.subscribe();
            let _ = end.wait_for(|end| *end > last).await;
            return;
        }
        let first = last.saturating_sub(pairs.len() as u64 - 1);
        self.take_in(|state| {
            for (offset, entry) in (first..).zip(entries) {
                state.apply(entry, offset);
            }
        });
    }

    async fn append(&self, pairs: &[Pair]) -> u64 {
        loop {
            match self.journal.append(pairs).await {
                Ok(last) => {
                    self.fault.send_if_modified(|fault| fault.take().is_some());
                    return last;
                }
                Err(error) => self.failed("store offsets; trying again", &error).await,
            }
        }
    }

    /// Takes in what all workers write.
    async fn follow(&self) {
        loop {
            match self.journal.next().await {
                Ok(stored) => {
                    self.take_in(|state| state.take(stored));
                    self.fault.send_if_modified(|fault| fault.take().is_some());
                }
                Err(error) => {
                    self.failed("follow the offsets; trying again", &error)
                        .await;
                }
            }
        }
    }

    async fn failed(&self, what: &str, error: &JournalError) {
        tracing::warn!(%error, "{what}");
        self.fault.send_replace(Some(error.to_string()));
        tokio::time::sleep(RETRY).await;
    }

    fn take_in(&self, take: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        take(&mut state);
        let end = state.end();
        drop(state);
        self.end.send_replace(end);
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
