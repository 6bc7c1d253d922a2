//! What everybody may look at: the state and the configuration of each connector. Readers never
//! wait for the runtime.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::{
    plugin::Config,
    worker::{
        connector::Identity,
        snapshot::{ConnectorState, ConnectorStatus, Snapshot},
    },
};

/// The board.
#[derive(Debug, Default)]
pub(crate) struct Board {
    // A std mutex: held to copy one configuration, never across an await.
    cards: Mutex<BTreeMap<String, Card>>,
    snapshot: watch::Sender<Snapshot>,
}

/// What is known of a connector besides its state.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    /// Who it is.
    pub identity: Identity,
    /// Its configuration, as it was given.
    pub config: Config,
}

impl Board {
    /// The states, and a way to wait for the next change.
    pub(crate) fn watch(&self) -> watch::Receiver<Snapshot> {
        self.snapshot.subscribe()
    }

    /// What is known of a connector.
    pub(crate) fn card(&self, name: &str) -> Option<Card> {
        self.cards().get(name).cloned()
    }

    /// The state of a connector.
    pub(crate) fn status(&self, name: &str) -> Option<ConnectorStatus> {
        self.snapshot.borrow().connectors.get(name).cloned()
    }

    /// The names of all connectors.
    pub(crate) fn names(&self) -> Vec<String> {
        self.cards().keys().cloned().collect()
    }

    /// Puts up a connector, or its new configuration.
    pub(crate) fn put(&self, identity: &Identity, config: &Config, topic: String) {
        let card = Card {
            identity: identity.clone(),
            config: config.clone(),
        };
        self.cards().insert(identity.name.clone(), card);
        self.snapshot.send_modify(|snapshot| {
            let known = snapshot.connectors.get(&identity.name);
            if known.is_none_or(|known| known.uid != identity.uid) {
                snapshot
                    .connectors
                    .insert(identity.name.clone(), unassigned(identity, topic));
            }
        });
    }

    /// Takes a connector down.
    pub(crate) fn remove(&self, name: &str) {
        self.cards().remove(name);
        self.snapshot
            .send_modify(|snapshot| drop(snapshot.connectors.remove(name)));
    }

    /// Shows a state. One of a connector that is no longer up is dropped.
    pub(crate) fn show(&self, status: ConnectorStatus) {
        let cards = self.cards();
        if cards
            .get(&status.name)
            .is_none_or(|card| card.identity.uid != status.uid)
        {
            return;
        }
        self.snapshot.send_if_modified(|snapshot| {
            let is_news = snapshot.connectors.get(&status.name) != Some(&status);
            if is_news {
                snapshot.connectors.insert(status.name.clone(), status);
            }
            is_news
        });
    }

    /// Changes what is told about a connector that is up.
    pub(crate) fn tell_of(&self, identity: &Identity, change: impl FnOnce(&mut ConnectorStatus)) {
        if let Some(mut status) = self.status(&identity.name) {
            change(&mut status);
            self.show(status);
        }
    }

    /// Changes what is told about the worker itself.
    pub(crate) fn tell(&self, change: impl FnOnce(&mut Snapshot)) {
        self.snapshot.send_if_modified(|snapshot| {
            let (ready, fault, conflicts) = (
                snapshot.ready,
                snapshot.fault.clone(),
                snapshot.conflicts.clone(),
            );
            change(snapshot);
            (ready, &fault, &conflicts) != (snapshot.ready, &snapshot.fault, &snapshot.conflicts)
        });
    }

    fn cards(&self) -> MutexGuard<'_, BTreeMap<String, Card>> {
        self.cards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unassigned(identity: &Identity, topic: String) -> ConnectorStatus {
    ConnectorStatus {
        name: identity.name.clone(),
        origin: identity.origin.clone(),
        uid: identity.uid.clone(),
        generation: 0,
        topic,
        state: ConnectorState::Unassigned,
        reason: None,
        trace: None,
        tasks: Vec::new(),
        epoch: None,
        all_tasks: 0,
        workers: 1,
        records: 0,
        total: 0,
        rate: 0.0,
    }
}
