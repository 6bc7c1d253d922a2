//! One group inside the running coordinator: its state, its waiting requests, what it wrote.
//!
//! Carries out effects: a step whose records the log refuses is taken back. It must not know other
//! groups, nor wait for anything.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::error::GroupError;
use super::event::{Effect, Event, Identity, Now, Reply, Token};
use super::group::{Group, Limits, Phase};
use super::journal::{Barrier, Encoded, Held, Journal, batch};
use super::offsets::{Commit, Offsets, Retention};
use super::records::{GroupValue, OffsetValue, Record};

/// The largest batch one step of one group writes.
const MAX_BATCH_BYTES: usize = 8 << 20;

/// What a waiting request is answered over.
pub(super) type Answer = oneshot::Receiver<Held<Reply>>;

/// How a commit is judged besides membership.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommitTerms {
    /// `offset.metadata.max.bytes`.
    pub(super) metadata_max_bytes: usize,
    /// Asked for by the client (`OffsetCommit` v2-4).
    pub(super) lifetime_ms: Option<i64>,
    /// The coordinator holds as much as it may: only what is there already may move on.
    pub(super) is_full: bool,
}

/// One group.
#[derive(Debug)]
pub(super) struct Slot {
    id: String,
    journal: Arc<dyn Journal>,
    pub(super) group: Group,
    pub(super) offsets: Offsets,
    waiting: HashMap<Token, oneshot::Sender<Held<Reply>>>,
    last_token: u64,
    /// The offset after its last record; everything said about it waits until that is durable.
    written: i64,
    /// What its last record said of its members: what a restart would bring back.
    recorded: Option<Bytes>,
    /// When the timers wake it.
    pub(super) armed: Option<Duration>,
    /// Membership may have changed since timers and weight were looked at.
    pub(super) changed: bool,
    /// What the coordinator counts it as.
    pub(super) weight: usize,
}

impl Slot {
    pub(super) fn new(id: &str, journal: &Arc<dyn Journal>, group: Group) -> Self {
        Self {
            id: id.to_owned(),
            journal: Arc::clone(journal),
            group,
            offsets: Offsets::default(),
            waiting: HashMap::new(),
            last_token: 0,
            written: 0,
            recorded: None,
            armed: None,
            changed: true,
            weight: 0,
        }
    }

    /// A group as its records left it.
    pub(super) fn restore(
        id: &str,
        journal: &Arc<dyn Journal>,
        value: Option<GroupValue>,
        (limits, now): (Limits, Now),
    ) -> Self {
        let recorded = value.as_ref().and_then(|value| {
            let record = Record::Group(id.to_owned(), Some(value.clone()));
            record.encode().ok()?.1
        });
        let group = match value {
            Some(value) => Group::restore(id, value, limits, now),
            None => Group::new(id, limits, now),
        };
        Self {
            recorded,
            ..Self::new(id, journal, group)
        }
    }

    /// Records that bring it back as it was last written.
    pub(super) fn snapshot(&self) -> Vec<Encoded> {
        let key = Record::Group(self.id.clone(), None).encode();
        let group = key.ok().zip(self.recorded.clone());
        let group = group.map(|((key, _), value)| (key, Some(value)));
        let offsets = self.offsets.records(&self.id);
        let offsets = offsets.filter_map(|record| record.encode().ok());
        group.into_iter().chain(offsets).collect()
    }

    /// Lets a request happen; its answer may come later.
    ///
    /// # Errors
    /// The log refused a record: nothing has happened.
    pub(super) fn ask(
        &mut self,
        now: Now,
        event: impl FnOnce(Token) -> Event,
    ) -> Result<Answer, GroupError> {
        self.last_token += 1;
        let token = Token(self.last_token);
        let (sender, answer) = oneshot::channel();
        self.waiting.insert(token, sender);
        let done = self.run(now, event(token));
        if done.is_err() {
            self.waiting.remove(&token);
        }
        done.map(|()| answer)
    }

    /// Lets an event happen and carries out its effects.
    ///
    /// # Errors
    /// The log refused a record: nothing has happened.
    pub(super) fn run(&mut self, now: Now, event: Event) -> Result<(), GroupError> {
        let mut records = Vec::new();
        if matches!(event, Event::Delete(_)) && self.group.phase() == Phase::Empty {
            records = self.offsets.tombstones(&self.id, |_, _| true);
        }
        let before = self.group.may_append(&event).then(|| self.group.clone());
        self.changed |= !matches!(event, Event::Heartbeat(..));
        let mut replies = Vec::new();
        for effect in self.group.step(now, event) {
            match effect {
                Effect::Append(record) => records.push(record),
                Effect::Reply(token, reply) => replies.push((token, reply)),
            }
        }
        if let Err(error) = self.write(now, records) {
            if let Some(before) = before {
                self.group = before;
            }
            return Err(error);
        }
        for (token, reply) in replies {
            // A client that hung up does not hear its answer; its session tells the group.
            if let Some(waiting) = self.waiting.remove(&token) {
                drop(waiting.send(Held {
                    value: reply,
                    barrier: self.barrier(),
                }));
            }
        }
        Ok(())
    }

    /// Keeps offsets; one verdict per commit, in order.
    ///
    /// # Errors
    /// The committer may not, or the log refused: nothing was kept.
    pub(super) fn commit(
        &mut self,
        now: Now,
        who: &Identity,
        commits: Vec<Commit>,
        terms: CommitTerms,
    ) -> Result<Held<Vec<Result<(), GroupError>>>, GroupError> {
        self.group.accept_commit(now, who)?;
        let mut records = Vec::with_capacity(commits.len());
        let mut verdicts = Vec::with_capacity(commits.len());
        for commit in commits {
            if commit.metadata.len() > terms.metadata_max_bytes {
                verdicts.push(Err(GroupError::MetadataTooLarge));
                continue;
            }
            if terms.is_full && self.offsets.would_grow(&commit) {
                return Err(GroupError::CoordinatorFull);
            }
            verdicts.push(Ok(()));
            records.push(commit.record(&self.id, now.unix_ms, terms.lifetime_ms));
        }
        self.write(now, records)?;
        Ok(self.hold(verdicts))
    }

    /// Removes the offsets whose topic `is_gone`, by name and offset.
    ///
    /// # Errors
    /// The log refused: nothing was removed.
    pub(super) fn forget(
        &mut self,
        now: Now,
        is_gone: impl Fn(&str, &OffsetValue) -> bool,
    ) -> Result<Barrier, GroupError> {
        let gone = self.offsets.tombstones(&self.id, is_gone);
        self.write(now, gone)?;
        Ok(self.barrier())
    }

    /// Removes offsets that ran out, and a group of which nothing is left.
    ///
    /// # Errors
    /// The log refused: nothing more was removed; the next look tries again.
    pub(super) fn expire(&mut self, now: Now, retention_ms: i64) -> Result<(), GroupError> {
        // A simple group has no time at which it became empty: each commit counts for itself.
        let simple = self.group.protocol_type().is_none();
        let empty_since_ms = match self.group.phase() {
            Phase::Empty if simple => Some(i64::MIN),
            Phase::Empty => Some(self.group.since_ms()),
            _ => None,
        };
        let retention = Retention {
            retention_ms,
            empty_since_ms,
        };
        let read = self.group.subscribed_topics();
        let is_read = |topic: &str| {
            read.as_ref()
                .is_none_or(|topics| topics.iter().any(|read| read == topic))
        };
        let gone = self
            .offsets
            .expired(&self.id, now.unix_ms, retention, is_read);
        if !gone.is_empty() {
            tracing::info!(group = self.id, "removed {} expired offsets", gone.len());
        }
        self.write(now, gone)?;
        let left = self.group.phase() == Phase::Empty && self.offsets.is_empty();
        if left && !self.group.close_if_unused() && !self.group.awaits_joins() {
            self.run(now, Event::Delete(Token(0)))?;
        }
        Ok(())
    }

    /// Answers nobody who waits any more; those who ask hear that the coordinator is going away.
    pub(super) fn refuse_waiting(&mut self) {
        self.waiting.clear();
    }

    /// Ends a group that holds nothing; true when it is over.
    pub(super) fn close_if_unused(&mut self) -> bool {
        self.offsets.is_empty() && self.group.close_if_unused()
    }

    /// What is said about the group now, held until its records are durable.
    pub(super) fn hold<T>(&self, value: T) -> Held<T> {
        Held {
            value,
            barrier: self.barrier(),
        }
    }

    /// About how many bytes of memory it holds.
    pub(super) fn weigh(&self) -> usize {
        let recorded = self.recorded.as_ref().map_or(0, Bytes::len);
        2 * self.id.len() + recorded + self.group.weight() + self.offsets.weight()
    }

    /// Whether it writes to `journal`.
    pub(super) fn is_on(&self, journal: &Arc<dyn Journal>) -> bool {
        Arc::ptr_eq(&self.journal, journal)
    }

    fn barrier(&self) -> Barrier {
        Barrier::new(&self.journal, self.written)
    }

    fn write(&mut self, now: Now, records: Vec<Record>) -> Result<(), GroupError> {
        if records.is_empty() {
            return Ok(());
        }
        let encoded = encode(&records)?;
        let batch = batch(&encoded, now.unix_ms, MAX_BATCH_BYTES)?;
        self.written = self.journal.append(batch)?;
        for (record, (_, value)) in records.iter().zip(encoded) {
            if matches!(record, Record::Group(..)) {
                self.recorded = value;
            }
        }
        self.changed = true;
        for record in records {
            self.offsets.apply(record);
        }
        Ok(())
    }
}

fn encode(records: &[Record]) -> Result<Vec<Encoded>, GroupError> {
    let encoded = records.iter().map(Record::encode).collect::<Result<_, _>>();
    encoded.map_err(|_| GroupError::TooLarge)
}
