//! Snapshots of the groups: so that a start reads what is there now, not everything that ever was.
//!
//! A snapshot holds the records that bring each group back, as batches, in place of all records
//! below an offset. It may already hold some of later records: reading those again changes nothing,
//! as the last one of a key counts. It is a cache; the log keeps everything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::coordinator::Groups;
use super::error::GroupError;
use super::journal::{Barrier, Encoded, Journal, batch};

/// New records that make a snapshot worth its writing.
const WORTH_RECORDS: i64 = 10_000;
/// Records in one batch of a snapshot.
const BATCH_RECORDS: usize = 1_000;

/// Up to where each partition has a snapshot, in the order of the partitions' addresses.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    /// A std mutex: held for one lookup, never across an await.
    saved: Mutex<BTreeMap<usize, i64>>,
}

impl Snapshots {
    /// Notes a snapshot.
    pub(super) fn saved(&self, journal: &Arc<dyn Journal>, at: i64) {
        self.lock().insert(address(journal), at);
    }

    fn last(&self, journal: &Arc<dyn Journal>) -> i64 {
        self.lock().get(&address(journal)).copied().unwrap_or(0)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, i64>> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn address(journal: &Arc<dyn Journal>) -> usize {
    Arc::as_ptr(journal).addr()
}

/// A snapshot that waits to be durable and kept.
#[derive(Debug)]
pub(super) struct Draft {
    journal: Arc<dyn Journal>,
    at: i64,
    batches: Vec<u8>,
}

impl Groups {
    /// Drafts of all partitions that `least` new records went to.
    fn drafts(&self, least: i64) -> Vec<Draft> {
        let due = self.journals().filter(|journal| {
            let news = journal.end() - self.snapshots.last(journal);
            news >= least.max(1)
        });
        due.filter_map(|journal| self.draft(journal).ok()).collect()
    }

    fn draft(&self, journal: &Arc<dyn Journal>) -> Result<Draft, GroupError> {
        // Read first: what is written from here on is read again after the snapshot.
        let at = journal.end();
        let mut records: Vec<Encoded> = Vec::new();
        let mut batches = Vec::new();
        for id in self.ids() {
            let own = self.with(&id, false, |slot, _| {
                slot.is_on(journal).then(|| slot.snapshot())
            });
            records.extend(own.ok().flatten().into_iter().flatten());
            if records.len() >= BATCH_RECORDS {
                self.pack(&mut records, &mut batches)?;
            }
        }
        self.pack(&mut records, &mut batches)?;
        Ok(Draft {
            journal: Arc::clone(journal),
            at,
            batches,
        })
    }

    fn pack(&self, records: &mut Vec<Encoded>, batches: &mut Vec<u8>) -> Result<(), GroupError> {
        for some in records.chunks(BATCH_RECORDS) {
            batches.extend_from_slice(&batch(some, self.now().unix_ms, usize::MAX)?);
        }
        records.clear();
        Ok(())
    }

    /// Saves a snapshot where many records are new.
    pub(super) async fn save_snapshots(self: Arc<Self>) {
        self.save_drafts(WORTH_RECORDS).await;
    }

    /// Saves a snapshot of whatever is new, before an orderly stop.
    pub async fn save(self: Arc<Self>) {
        self.save_drafts(1).await;
    }

    async fn save_drafts(self: Arc<Self>, least: i64) {
        let groups = Arc::clone(&self);
        let Ok(drafts) = tokio::task::spawn_blocking(move || groups.drafts(least)).await else {
            return;
        };
        for draft in drafts {
            // What it holds beyond `at` may not be durable yet.
            let end = draft.journal.end();
            if Barrier::new(&draft.journal, end).pass().await.is_err() {
                return;
            }
            let journal = Arc::clone(&draft.journal);
            let at = draft.at;
            let save = move || draft.journal.save_snapshot(draft.at, draft.batches);
            match tokio::task::spawn_blocking(save).await {
                Ok(Ok(())) => self.snapshots.saved(&journal, at),
                Ok(Err(error)) => tracing::warn!(%error, "save snapshot of groups"),
                Err(_) => return,
            }
        }
    }
}
