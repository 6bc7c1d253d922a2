//! Brings the topics back at a start: replays the metadata records, makes the first one in a new
//! folder, and brings the log's partitions in line.
//!
//! Replay is bounded: a long history is written again as the records of today's state, and cut.

use std::sync::Arc;

use wire::record_batch::Batch;

use crate::clock::Clock;
use crate::log::{Append, Detail, Flush, Log, Origin, Policy, ReadError, Replayed, Stopped};
use crate::settings::BrokerConfig;
use crate::topics::error::ChangeError;
use crate::topics::record::{Record, RecordError};
use crate::topics::state::State;
use crate::topics::writer::batch;
use crate::topics::{METADATA, identity, keys, policy};

/// Batches replayed at a start before the history is rewritten.
const HISTORY_BATCHES: u64 = 4096;
/// Producer ids are counted on from the next multiple of two to this power where metadata was damaged.
const IDS_LEFT_OUT_BITS: u32 = 32;
/// Records per batch of a rewritten history.
const REWRITTEN_RECORDS: usize = 1000;

/// Why the broker does not know its topics, and so does not start.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("load topics: {0}")]
    Read(#[from] ReadError),
    #[error("load topics: the metadata record at offset {offset} cannot be read: {problem}")]
    Record { offset: i64, problem: String },
    #[error("load topics: {0}")]
    Write(#[from] ChangeError),
}

impl From<Stopped> for LoadError {
    fn from(Stopped: Stopped) -> Self {
        Self::Write(ChangeError::Stopped)
    }
}

/// Blocks on disk.
pub(super) fn load(
    log: &Log,
    clock: &Clock,
    given: Arc<BrokerConfig>,
    new_cluster_id: &str,
) -> Result<State, LoadError> {
    log.create(METADATA, Policy::default())?;
    let mut state = State::new(given);
    let batches = replay(log, &mut state)?;
    let damaged = is_damaged(log);
    if state.cluster_id().is_empty() {
        let kept = if damaged { identity::kept(log) } else { None };
        let first = Record::Cluster {
            id: kept.unwrap_or_else(|| new_cluster_id.to_owned()),
        };
        state.apply(&first);
        append(log, clock, &[first])?;
    }
    identity::keep(log, state.cluster_id());
    if damaged {
        // A lost record may have reserved ids: no start reserves as many as are left out here. The history stays as it is,
        // and with it what is known of the damage.
        let next = ((state.next_producer_id() >> IDS_LEFT_OUT_BITS) + 1) << IDS_LEFT_OUT_BITS;
        let leave_out = Record::ProducerIds { next };
        state.apply(&leave_out);
        append(log, clock, &[leave_out])?;
    } else if batches > HISTORY_BATCHES {
        rewrite(log, clock, &state)?;
    }
    bring_log_in_line(log, &state)?;
    Ok(state)
}

fn replay(log: &Log, state: &mut State) -> Result<u64, LoadError> {
    let mut batches = 0;
    let mut outcome = Ok(());
    log.replay(METADATA, 0, Detail::Batches, &mut |replayed| {
        batches += 1;
        if outcome.is_ok() {
            outcome = apply(state, &replayed);
        }
    })?;
    outcome.map(|()| batches)
}

fn apply(state: &mut State, replayed: &Replayed) -> Result<(), LoadError> {
    let offset = replayed.header.base_offset;
    let wrong = |problem: String| LoadError::Record { offset, problem };
    let (batch, _) = Batch::split(&replayed.bytes).map_err(|error| wrong(error.to_string()))?;
    for record in batch.records() {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        let decoded: Result<_, RecordError> = Record::decode(record.value.unwrap_or_default());
        state.apply(&decoded.map_err(|error| wrong(error.to_string()))?);
    }
    Ok(())
}

/// Appends one batch and waits for the disk; gives the offset of its first record.
fn append(log: &Log, clock: &Clock, records: &[Record]) -> Result<i64, LoadError> {
    let append = Append {
        partition: METADATA,
        batch: batch(records, clock)?,
        flush: Flush::Sync,
        sync_every: None,
        origin: Origin::Broker,
    };
    let ticket = log.append(vec![append]).map_err(ChangeError::from)?;
    let appended = ticket.durable_blocking()?;
    Ok(appended.first().map_or(0, |first| first.base_offset))
}

/// Writes today's state behind the history, then cuts the history off. A crash in between leaves
/// both, and replaying both gives the same state.
fn rewrite(log: &Log, clock: &Clock, state: &State) -> Result<(), LoadError> {
    let mut first_offset = None;
    for records in state.records().chunks(REWRITTEN_RECORDS) {
        let offset = append(log, clock, records)?;
        first_offset.get_or_insert(offset);
    }
    if let Some(offset) = first_offset {
        log.trim(METADATA, offset)?;
    }
    Ok(())
}

/// Whether metadata records were lost.
fn is_damaged(log: &Log) -> bool {
    let damage = log.damage();
    damage.iter().any(|damage| damage.partition == METADATA)
}

/// Every partition of a topic is in the log with its policy; others are left-overs of a crash.
fn bring_log_in_line(log: &Log, state: &State) -> Result<(), LoadError> {
    for topic in state.topics() {
        for key in keys(topic) {
            log.create(key, policy(&topic.settings))?;
        }
    }
    let damaged = is_damaged(log);
    for key in log.partitions() {
        let known = state
            .topic_by_id(key.topic)
            .is_some_and(|topic| topic.has_partition(key.partition));
        if known || key == METADATA {
            continue;
        }
        if damaged {
            tracing::error!("keep {key}: no topic names it, but metadata records were damaged");
        } else {
            log.drop(key);
        }
    }
    Ok(())
}
