//! The one writer of the metadata partition.
//!
//! Commands are planned one after the other on the newest state, appended at once, and published
//! and answered in the same order when they are durable: nothing speculative is ever visible. A
//! refused append leaves the state as it was.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use wire::record_batch::BatchBuilder;

use crate::clock::Clock;
use crate::log::{Append, Flush, Log, Origin, Stopped, Ticket};
use crate::topics::draft::Draft;
use crate::topics::error::ChangeError;
use crate::topics::record::Record;
use crate::topics::state::{State, Topic};
use crate::topics::{METADATA, keys, policy};

/// Plans on a draft, and yields what to do when the outcome is known.
pub(super) type Command = Box<dyn FnOnce(&mut Draft) -> Done + Send>;
pub(super) type Done = Box<dyn FnOnce(Result<(), ChangeError>) + Send>;

/// Changes on their way to the disk.
const IN_FLIGHT: usize = 256;

/// Owner of the newest state.
pub(super) struct Writer {
    log: Log,
    clock: Clock,
    /// With everything that was appended, durable or not.
    newest: Arc<State>,
    published: watch::Sender<Arc<State>>,
}

/// A planned change that waits for its records to be durable; without any, for those before it.
struct Pending {
    ticket: Option<Ticket>,
    state: Arc<State>,
    done: Done,
}

impl Writer {
    pub(super) fn new(
        log: Log,
        clock: Clock,
        newest: Arc<State>,
        published: watch::Sender<Arc<State>>,
    ) -> Self {
        Self {
            log,
            clock,
            newest,
            published,
        }
    }

    /// Works until all handles are gone or the log has ended.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut pending: VecDeque<Pending> = VecDeque::new();
        loop {
            while pending.len() < IN_FLIGHT {
                let Ok(command) = commands.try_recv() else {
                    break;
                };
                pending.extend(self.start(command));
            }
            let Some(first) = pending.pop_front() else {
                match commands.recv().await {
                    Some(command) => pending.extend(self.start(command)),
                    None => return,
                }
                continue;
            };
            if !self.finish(first).await {
                return;
            }
        }
    }

    /// Plans and appends one command. A refused one is answered at once and changes nothing.
    fn start(&mut self, command: Command) -> Option<Pending> {
        let mut draft = Draft::new(Arc::clone(&self.newest));
        let done = command(&mut draft);
        let (state, records) = draft.into_parts();
        match self.append(&state, &records) {
            Ok(ticket) => {
                self.newest = Arc::clone(&state);
                Some(Pending {
                    ticket,
                    state,
                    done,
                })
            }
            Err(error) => {
                done(Err(error));
                None
            }
        }
    }

    fn append(&self, state: &State, records: &[Record]) -> Result<Option<Ticket>, ChangeError> {
        if records.is_empty() {
            return Ok(None);
        }
        let batch = batch(records, &self.clock)?;
        // Partitions come before the record that announces them: what is published can be used.
        let new = new_topics(&self.newest, state);
        for topic in &new {
            for key in keys(topic) {
                self.log
                    .create(key, policy(&topic.settings))
                    .map_err(|Stopped| ChangeError::Stopped)?;
            }
        }
        // On a full disk clients make no topics; everything else goes on inside the reserve.
        let by_client = new.iter().any(|topic| !topic.internal);
        let origin = if by_client {
            Origin::Client
        } else {
            Origin::Broker
        };
        let append = Append {
            partition: METADATA,
            batch,
            flush: Flush::Sync,
            sync_every: None,
            origin,
        };
        match self.log.append(vec![append]) {
            Ok(ticket) => Ok(Some(ticket)),
            Err(error) => {
                for key in new.iter().flat_map(|topic| keys(topic)) {
                    let known = self.newest.topic_by_id(key.topic);
                    if known.is_none_or(|topic| !topic.has_partition(key.partition)) {
                        self.log.drop(key);
                    }
                }
                Err(error.into())
            }
        }
    }

    /// Waits for one change and shows it. False when the log has ended.
    async fn finish(&self, pending: Pending) -> bool {
        let Pending {
            ticket,
            state,
            done,
        } = pending;
        if let Some(ticket) = ticket {
            if ticket.durable().await.is_err() {
                done(Err(ChangeError::Stopped));
                return false;
            }
            let before = self.published.send_replace(Arc::clone(&state));
            self.bring_log_in_line(&before, &state);
        }
        done(Ok(()));
        true
    }

    /// After a change is durable: what was deleted leaves the log, what was altered is told to it.
    fn bring_log_in_line(&self, before: &State, after: &State) {
        for topic in before.topics() {
            match after.topic_by_id(topic.id) {
                None => keys(topic).for_each(|key| self.log.drop(key)),
                Some(altered) if altered.settings != topic.settings => {
                    let policy = policy(&altered.settings);
                    for key in keys(altered) {
                        // The log has ended when this fails; the next change says so.
                        let _ = self.log.create(key, policy);
                    }
                }
                Some(_) => {}
            }
        }
    }
}

/// Topics that are new or have more partitions.
fn new_topics(before: &State, after: &State) -> Vec<Arc<Topic>> {
    let grown = |topic: &&Arc<Topic>| {
        before
            .topic_by_id(topic.id)
            .is_none_or(|known| known.partitions < topic.partitions)
    };
    after.topics().filter(grown).cloned().collect()
}

/// One batch of metadata records.
pub(super) fn batch(records: &[Record], clock: &Clock) -> Result<bytes::BytesMut, ChangeError> {
    let mut builder = BatchBuilder::default();
    for record in records {
        let bytes = record
            .encode()
            .map_err(|error| ChangeError::Append(error.to_string()))?;
        builder.push(None, Some(&bytes), clock.now_ms());
    }
    Ok(builder.build())
}

#[cfg(test)]
mod tests;
