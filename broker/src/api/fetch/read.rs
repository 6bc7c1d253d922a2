//! One look at every wanted partition: what is there now, within the limits. Never waits.

use wire::ErrorCode;
use wire::messages::fetch::EpochEndOffset;

use crate::log::{Log, Offsets, PartitionKey, ReadBounds, ReadError, Slices};

/// What is wanted of one partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) key: PartitionKey,
    pub(super) offset: i64,
    pub(super) max_bytes: usize,
    /// Epoch of the last record the client has, or -1.
    pub(super) last_epoch: i32,
}

/// What one answer may hold, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) most: usize,
    /// The part of it that may be held in memory until the client has taken it.
    pub(super) in_memory: usize,
    pub(super) least: usize,
}

/// What a look found.
#[derive(Debug)]
pub(super) enum Outcome {
    Read {
        slices: Slices,
        offsets: Offsets,
    },
    /// The client has records of an epoch that ended before its offset: it must cut its log.
    Diverged {
        end: EpochEndOffset,
        offsets: Offsets,
    },
    Refused {
        code: ErrorCode,
        leader_epoch: Option<i32>,
    },
}

impl From<ErrorCode> for Outcome {
    fn from(code: ErrorCode) -> Self {
        Self::Refused {
            code,
            leader_epoch: None,
        }
    }
}

/// What a look at all partitions found.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) outcomes: Vec<Outcome>,
    /// The answer can go: it has the bytes, or something that cannot wait.
    pub(super) ready: bool,
    /// The first partition of which nothing is seen before its file is verified: its place among those wanted.
    pub(super) unverified: Option<Unverified>,
}

/// A file to verify.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unverified {
    pub(super) index: usize,
    pub(super) key: PartitionKey,
    pub(super) offset: i64,
}

/// All partitions, in order. The first batch of the first partition that has one is given whatever its size (KIP-74).
pub(super) fn all(log: &Log, wanted: &[Result<Wanted, ErrorCode>], limits: Limits) -> Looked {
    let (mut left, mut size_bytes, mut urgent) = (limits, 0, false);
    let mut unverified = None;
    let mut outcomes = Vec::with_capacity(wanted.len());
    for (index, one) in wanted.iter().enumerate() {
        let (outcome, offset) = match one {
            Ok(wanted) => look(log, wanted, left, size_bytes == 0),
            Err(code) => ((*code).into(), None),
        };
        if let (Ok(Wanted { key, .. }), Some(offset)) = (one, offset) {
            let key = *key;
            unverified.get_or_insert(Unverified { index, key, offset });
        }
        match &outcome {
            Outcome::Read { slices, .. } => {
                size_bytes += slices.size_bytes();
                left.most = left.most.saturating_sub(slices.size_bytes());
                left.in_memory = left.in_memory.saturating_sub(slices.memory_bytes());
            }
            Outcome::Diverged { .. } | Outcome::Refused { .. } => urgent = true,
        }
        outcomes.push(outcome);
    }
    Looked {
        outcomes,
        ready: urgent || size_bytes >= limits.least,
        unverified,
    }
}

/// One partition. An offset beside it lies in a file that is to be verified; until then there is nothing to read.
fn look(log: &Log, wanted: &Wanted, left: Limits, first: bool) -> (Outcome, Option<i64>) {
    let Some(offsets) = log.offsets(wanted.key) else {
        return (ErrorCode::UnknownTopicOrPartition.into(), None);
    };
    if let Some(end) = diverging(log, wanted) {
        return (Outcome::Diverged { end, offsets }, None);
    }
    let bounds = ReadBounds {
        max_bytes: wanted.max_bytes.min(left.most),
        memory_bytes: left.in_memory,
        at_least_one: first,
        below: None,
    };
    let (slices, unverified) = match log.read(wanted.key, wanted.offset, bounds) {
        Ok(slices) => (slices, None),
        Err(ReadError::Unverified { offset, .. }) => (Slices::default(), Some(offset)),
        Err(error) => {
            let refused = Outcome::Refused {
                code: read_code(&error),
                leader_epoch: log.leader_epoch(wanted.key),
            };
            return (refused, None);
        }
    };
    (Outcome::Read { slices, offsets }, unverified)
}

/// The largest epoch both may share and its end, when the client's last epoch ended before its offset (KIP-595).
fn diverging(log: &Log, wanted: &Wanted) -> Option<EpochEndOffset> {
    if wanted.last_epoch < 0 {
        return None;
    }
    let end = log.epoch_end(wanted.key, wanted.last_epoch)?;
    let agrees = end.leader_epoch == wanted.last_epoch && end.end_offset >= wanted.offset;
    (!agrees).then_some(EpochEndOffset {
        epoch: end.leader_epoch,
        end_offset: end.end_offset,
    })
}

/// The one place that says how a client sees a read that failed.
fn read_code(error: &ReadError) -> ErrorCode {
    match error {
        ReadError::UnknownPartition(_) => ErrorCode::UnknownTopicOrPartition,
        ReadError::OutOfRange { .. } => ErrorCode::OffsetOutOfRange,
        ReadError::Corrupt(_) => ErrorCode::CorruptMessage,
        ReadError::Unverified { .. } | ReadError::Io { .. } => {
            tracing::warn!(%error, "fetch");
            ErrorCode::KafkaStorageError
        }
    }
}
