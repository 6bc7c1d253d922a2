//! Gathers changes of single topics into batches, so that hundreds of topics cost few calls.

use std::{collections::BTreeMap, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

use super::Changed;
use crate::topic::Action;

/// Topics in one batch; brokers bound the size of a request and the time a change may take.
const BATCH: usize = 500;

/// What one topic wants.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) topic: String,
    pub(super) actions: Vec<Action>,
    /// Where the answer goes; whoever asked may have gone.
    pub(super) reply: oneshot::Sender<Changed>,
}

/// Changes by topic; each topic once, for its changes have an order.
pub(super) type Batch = BTreeMap<String, Change>;

/// A queue of changes with what did not fit into the last batch.
#[derive(Debug)]
pub(super) struct Gathering {
    changes: mpsc::Receiver<Change>,
    held: Option<Change>,
}

impl Gathering {
    pub(super) fn new(changes: mpsc::Receiver<Change>) -> Self {
        Self {
            changes,
            held: None,
        }
    }

    /// The next change; `None` when nobody can want any more. Nothing is lost when the wait for it
    /// is given up.
    pub(super) async fn first(&mut self) -> Option<Change> {
        match self.held.take() {
            Some(change) => Some(change),
            None => self.changes.recv().await,
        }
    }

    /// `first` with what others want within `linger`. A second change of a topic waits for the next
    /// batch.
    pub(super) async fn gather(&mut self, first: Change, linger: Duration) -> Batch {
        let deadline = Instant::now() + linger;
        let mut batch = Batch::from([(first.topic.clone(), first)]);
        while batch.len() < BATCH {
            let Ok(Some(change)) = timeout_at(deadline, self.changes.recv()).await else {
                break;
            };
            if batch.contains_key(&change.topic) {
                self.held = Some(change);
                break;
            }
            batch.insert(change.topic.clone(), change);
        }
        batch
    }
}
