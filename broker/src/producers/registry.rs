//! The producers of all partitions, beside the log: a batch is checked and appended in one step, so that two retries on
//! two connections cannot both pass. Rebuilt per partition, on first need, from a snapshot and the batch headers that
//! follow it, so that start time does not depend on data size.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use wire::record_batch::BatchHeader;

use super::snapshot::{self, Saved};
use super::{PartitionProducers, SequenceError, Verdict};
use crate::log::{Append, AppendError, Detail, Log, PartitionKey, ReadError, Ticket};

/// Producers of every partition; shared by all connections.
#[derive(Debug, Default)]
pub struct Producers {
    // A std mutex: held for look-ups and one append, which never waits.
    partitions: Mutex<HashMap<PartitionKey, Entry>>,
}

#[derive(Debug)]
enum Entry {
    /// From the snapshot; the log may hold more.
    Saved(Saved),
    Ready(PartitionProducers),
}

/// What came of one batch of [`Producers::append`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Appended; its offsets are in the ticket, at this index.
    Appended(usize),
    /// It was there before, at these offsets.
    Duplicate {
        /// Offset of its first record.
        base_offset: i64,
        /// Offset of its last record.
        last_offset: i64,
    },
    /// Refused; nothing was appended.
    Refused(SequenceError),
}

/// The outcomes of [`Producers::append`], in the order of the batches, and the promise for the appended ones.
#[derive(Debug)]
pub struct AppendedGroup {
    /// One for each batch given.
    pub outcomes: Vec<Outcome>,
    /// None when nothing was appended.
    pub ticket: Option<Ticket>,
}

impl Producers {
    /// What the last orderly stop saved.
    pub fn open(log: &Log) -> Self {
        let saved = snapshot::load(log)
            .into_iter()
            .map(|(key, saved)| (key, Entry::Saved(saved)));
        Self {
            partitions: Mutex::new(saved.collect()),
        }
    }

    /// Whether [`Producers::rebuild`] has been done for a partition.
    pub fn is_ready(&self, key: PartitionKey) -> bool {
        matches!(self.locked().get(&key), Some(Entry::Ready(_)))
    }

    /// Reads what the log says of a partition's producers. Needed once, before its first batch with a producer id is
    /// appended, while nothing else appends such a batch to it. Blocks on disk.
    pub fn rebuild(&self, log: &Log, key: PartitionKey, now_ms: i64) -> Result<(), ReadError> {
        let saved = match self.locked().get(&key) {
            Some(Entry::Ready(_)) => return Ok(()),
            Some(Entry::Saved(saved)) => saved.still_true(log, key),
            None => None,
        };
        let (mut producers, from) = saved.unwrap_or_default();
        log.replay(key, from, Detail::Headers, &mut |batch| {
            if batch.header.base_offset >= from {
                producers.record(&batch.header, now_ms);
            }
        })?;
        let mut partitions = self.locked();
        // Another connection may have been faster, and have appended since.
        if !matches!(partitions.get(&key), Some(Entry::Ready(_))) {
            partitions.insert(key, Entry::Ready(producers));
        }
        Ok(())
    }

    /// The last offset of each producer's newest batch in a partition.
    pub fn last_offsets(&self, key: PartitionKey) -> BTreeSet<i64> {
        match self.locked().get(&key) {
            Some(Entry::Ready(producers)) => producers.last_offsets(),
            _ => BTreeSet::new(),
        }
    }

    /// Checks every batch and appends the new ones together, as [`Log::gather`] does. `headers` are those of `batches`, whose partitions must
    /// differ. A partition whose producers are not rebuilt takes no batch of any.
    pub fn append(
        &self,
        log: &Log,
        batches: Vec<(BatchHeader, Append)>,
        now_ms: i64,
    ) -> Result<AppendedGroup, AppendError> {
        let mut partitions = self.locked();
        let mut outcomes = Vec::with_capacity(batches.len());
        let (mut headers, mut group) = (Vec::new(), Vec::new());
        for (header, append) in batches {
            let verdict = match partitions.get(&append.partition) {
                Some(Entry::Ready(producers)) => producers.check(&header),
                _ if header.producer_id < 0 => Ok(Verdict::New),
                _ => Err(SequenceError::Unread {
                    producer_id: header.producer_id,
                }),
            };
            outcomes.push(match verdict {
                Ok(Verdict::New) => {
                    headers.push(header);
                    group.push(append);
                    Outcome::Appended(group.len() - 1)
                }
                Ok(Verdict::Duplicate {
                    base_offset,
                    last_offset,
                }) => Outcome::Duplicate {
                    base_offset,
                    last_offset,
                },
                Err(error) => Outcome::Refused(error),
            });
        }
        if group.is_empty() {
            return Ok(AppendedGroup {
                outcomes,
                ticket: None,
            });
        }
        let ticket = log.gather(group)?;
        for (mut header, appended) in headers.into_iter().zip(ticket.appended()) {
            header.base_offset = appended.base_offset;
            if let Some(Entry::Ready(producers)) = partitions.get_mut(&appended.partition) {
                producers.record(&header, now_ms);
            }
        }
        Ok(AppendedGroup {
            outcomes,
            ticket: Some(ticket),
        })
    }

    /// Forgets producers silent since before `deadline_ms`, and partitions that are gone.
    pub fn expire(&self, log: &Log, deadline_ms: i64) {
        self.locked().retain(|key, entry| {
            if let Entry::Ready(producers) = entry {
                producers.expire(deadline_ms);
            }
            log.offsets(*key).is_some()
        });
    }

    /// Keeps what is known for the next start. A cache: lost means reading the headers again. Blocks on disk.
    pub fn save(&self, log: &Log) -> std::io::Result<()> {
        let known: Vec<_> = self
            .locked()
            .iter()
            .filter_map(|(key, entry)| match entry {
                Entry::Ready(producers) => Some((*key, Saved::of(log, *key, producers.clone())?)),
                // Nobody has produced there since the start: what was known then is all there is.
                Entry::Saved(saved) => Some((*key, saved.clone())),
            })
            .collect();
        snapshot::save(log, known)
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<PartitionKey, Entry>> {
        // Every change under the lock is whole before anything can panic.
        self.partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use wire::Uuid;
    use wire::record_batch::BatchBuilder;

    use super::*;
    use crate::log::{Flush, Options, Origin, Policy, Simulated};

    const KEY: PartitionKey = PartitionKey {
        topic: Uuid([1; 16]),
        partition: 0,
    };

    fn one(mut builder: BatchBuilder) -> Vec<(BatchHeader, Append)> {
        builder.push(None, Some(b"x"), 1);
        let batch = builder.build();
        let header = BatchHeader::parse(&batch).unwrap();
        let append = Append {
            partition: KEY,
            batch,
            flush: Flush::Sync,
            sync_every: None,
            origin: Origin::Client,
        };
        vec![(header, append)]
    }

    #[test]
    fn nothing_of_a_producer_is_taken_before_what_it_sent_is_known() {
        let log = Log::open_simulated(&Simulated::default(), Options::default());
        log.create(KEY, Policy::default()).unwrap();
        let producers = Producers::open(&log);
        let outcome = |builder| {
            let group = producers.append(&log, one(builder), 0).unwrap();
            group.outcomes[0]
        };
        let of_seven = || BatchBuilder::default().producer(7, 0, 0);
        let unread = SequenceError::Unread { producer_id: 7 };
        assert_eq!(outcome(of_seven()), Outcome::Refused(unread));
        assert_eq!(outcome(BatchBuilder::default()), Outcome::Appended(0));
        producers.rebuild(&log, KEY, 0).unwrap();
        assert_eq!(outcome(of_seven()), Outcome::Appended(0));
        let again = Outcome::Duplicate {
            base_offset: 1,
            last_offset: 1,
        };
        assert_eq!(outcome(of_seven()), again);
    }
}
