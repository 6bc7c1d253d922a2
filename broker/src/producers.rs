//! What the broker remembers of idempotent producers, per partition: the epoch and the last five batches of each
//! producer id, so that a retry is recognised and a gap is refused (KIP-98, KIP-360). Pure: time is an argument.
//! It must not know requests, error codes or disks; a restart rebuilds it from the batch headers in the log.

mod ids;
mod registry;
mod snapshot;

use std::collections::{BTreeSet, HashMap, VecDeque};

pub use ids::ProducerIds;
pub use registry::{AppendedGroup, Outcome, Producers};
use serde::{Deserialize, Serialize};
use wire::record_batch::BatchHeader;

/// Batches remembered per producer. A client keeps at most five requests in flight, so an older retry cannot come.
const REMEMBERED_BATCHES: usize = 5;

/// Producers remembered per partition; beyond it the one silent for longest is forgotten.
const MOST_PRODUCERS: usize = 10_000;

/// What a batch that passed [`PartitionProducers::check`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It continues its producer's sequence, or has no producer: append it.
    New,
    /// It was appended before, at these offsets: answer them again and append nothing.
    Duplicate {
        /// Offset of its first record.
        base_offset: i64,
        /// Offset of its last record; the answer waits until this one is durable.
        last_offset: i64,
    },
}

/// Why a batch of an idempotent producer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SequenceError {
    /// A newer epoch of the producer has written here.
    #[error("producer {producer_id} has epoch {current} here, the batch has {given}")]
    StaleEpoch {
        /// The producer.
        producer_id: i64,
        /// Epoch of the last batch taken.
        current: i16,
        /// Epoch of this batch.
        given: i16,
    },
    /// The batch leaves a gap, or repeats one that is no longer remembered.
    #[error("producer {producer_id} sent sequence {given}, expected {expected}")]
    OutOfOrder {
        /// The producer.
        producer_id: i64,
        /// The sequence that continues what is there.
        expected: i32,
        /// The batch's first sequence.
        given: i32,
    },
    /// What the log holds of the partition's producers could not be read: whether this batch is there already is not known.
    #[error("what producer {producer_id} has written here could not be read")]
    Unread {
        /// The producer.
        producer_id: i64,
    },
}

/// The producers of one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionProducers {
    by_id: HashMap<i64, Producer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Producer {
    epoch: i16,
    /// When it was last heard of, in milliseconds since 1970.
    last_seen_ms: i64,
    /// Never empty, newest last.
    batches: VecDeque<Remembered>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
    last_offset: i64,
}

impl PartitionProducers {
    /// Says whether a batch is new, was appended before, or must be refused. Changes nothing.
    pub fn check(&self, header: &BatchHeader) -> Result<Verdict, SequenceError> {
        if header.producer_id < 0 {
            return Ok(Verdict::New);
        }
        // Nothing known (expired, or removed with its records): any sequence is a beginning.
        let Some(producer) = self.by_id.get(&header.producer_id) else {
            return Ok(Verdict::New);
        };
        let (given, producer_id) = (header.base_sequence, header.producer_id);
        if header.producer_epoch < producer.epoch {
            let (current, given) = (producer.epoch, header.producer_epoch);
            return Err(SequenceError::StaleEpoch {
                producer_id,
                current,
                given,
            });
        }
        if header.producer_epoch > producer.epoch {
            return match given {
                0 => Ok(Verdict::New),
                _ => Err(SequenceError::OutOfOrder {
                    producer_id,
                    expected: 0,
                    given,
                }),
            };
        }
        let last_sequence = last_sequence(header);
        let same = |batch: &&Remembered| {
            batch.first_sequence == given && batch.last_sequence == last_sequence
        };
        if let Some(batch) = producer.batches.iter().find(same) {
            let (base_offset, last_offset) = (batch.base_offset, batch.last_offset);
            return Ok(Verdict::Duplicate {
                base_offset,
                last_offset,
            });
        }
        let expected = producer
            .batches
            .back()
            .map_or(0, |batch| after(batch.last_sequence, 1));
        if given == expected {
            Ok(Verdict::New)
        } else {
            Err(SequenceError::OutOfOrder {
                producer_id,
                expected,
                given,
            })
        }
    }

    /// Remembers an appended batch; `header` carries the offset the log gave it. Also used to rebuild from the log,
    /// where every batch passed [`Self::check`] once.
    pub fn record(&mut self, header: &BatchHeader, now_ms: i64) {
        if header.producer_id < 0 {
            return;
        }
        let producer = self
            .by_id
            .entry(header.producer_id)
            .or_insert_with(|| Producer {
                epoch: header.producer_epoch,
                last_seen_ms: now_ms,
                batches: VecDeque::with_capacity(1),
            });
        if header.producer_epoch != producer.epoch {
            producer.epoch = header.producer_epoch;
            producer.batches.clear();
        }
        producer.last_seen_ms = now_ms;
        if producer.batches.len() == REMEMBERED_BATCHES {
            producer.batches.pop_front();
        }
        producer.batches.push_back(Remembered {
            first_sequence: header.base_sequence,
            last_sequence: last_sequence(header),
            base_offset: header.base_offset,
            last_offset: header.last_offset(),
        });
        if self.by_id.len() > MOST_PRODUCERS {
            self.forget_stalest();
        }
    }

    /// Forgets producers silent since before `deadline_ms` (`producer.id.expiration.ms`). That retention or a client took what
    /// they wrote is no reason, as in Kafka (KIP-360): a retry may still be on its way.
    pub fn expire(&mut self, deadline_ms: i64) {
        self.by_id
            .retain(|_, producer| producer.last_seen_ms >= deadline_ms);
    }

    /// Offset after the last batch remembered of anyone.
    pub fn next_offset(&self) -> Option<i64> {
        let last = |producer: &Producer| producer.batches.back().map(|batch| batch.last_offset + 1);
        self.by_id.values().filter_map(last).max()
    }

    /// The last offset of each producer's newest batch.
    pub fn last_offsets(&self) -> BTreeSet<i64> {
        let last = |producer: &Producer| producer.batches.back().map(|batch| batch.last_offset);
        self.by_id.values().filter_map(last).collect()
    }

    /// Whether nobody is remembered.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The newest epoch seen of a producer here.
    pub fn epoch(&self, producer_id: i64) -> Option<i16> {
        self.by_id.get(&producer_id).map(|producer| producer.epoch)
    }

    fn forget_stalest(&mut self) {
        let stalest = self
            .by_id
            .iter()
            .min_by_key(|(_, producer)| producer.last_seen_ms);
        if let Some(id) = stalest.map(|(id, _)| *id) {
            self.by_id.remove(&id);
        }
    }
}

/// The sequence of a batch's last record.
fn last_sequence(header: &BatchHeader) -> i32 {
    after(header.base_sequence, header.last_offset_delta)
}

/// Sequences count from 0 to 2^31-1 and begin again.
fn after(sequence: i32, steps: i32) -> i32 {
    sequence.wrapping_add(steps) & i32::MAX
}

#[cfg(test)]
mod tests;
