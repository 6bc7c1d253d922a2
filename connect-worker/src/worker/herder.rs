//! The one who knows which connectors there should be: those that objects and files declare, and
//! those made by REST. Starts and ends their supervisors; everything that changes the set goes
//! through here, one thing after the other.

mod commands;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    plugin::{Config, TargetState, managed},
    settings::ManagedConnector,
    store::entry::{Key, Subject},
    worker::{
        command::Request,
        connector::{Declared, Identity, Inbox, Restart, Shared, Supervisor},
        snapshot::{ConnectorState, Origin},
        spec::Spec,
    },
};

/// Restarts by hand that may wait for one connector.
const RESTARTS: usize = 16;

/// The herder.
#[derive(Debug)]
pub(super) struct Herder {
    shared: Arc<Shared>,
    connectors: BTreeMap<String, Registered>,
    /// Connectors that are ending; one made again under its name waits for it.
    leaving: BTreeMap<String, JoinHandle<()>>,
}

#[derive(Debug)]
struct Registered {
    identity: Identity,
    /// The state that REST asked for; an object's is in its configuration.
    state: TargetState,
    config: Config,
    declared: watch::Sender<Declared>,
    restarts: mpsc::Sender<Restart>,
    stop: CancellationToken,
    removed: Arc<AtomicBool>,
    run: JoinHandle<()>,
}

/// A connector made by REST, as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    uid: String,
    state: ConnectorState,
    config: Config,
}

impl Herder {
    /// A herder without connectors.
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            connectors: BTreeMap::new(),
            leaving: BTreeMap::new(),
        }
    }

    /// Works until told to stop, then ends all connectors in order.
    pub(super) async fn run(
        mut self,
        mut wanted: watch::Receiver<Vec<ManagedConnector>>,
        mut requests: mpsc::Receiver<Request>,
        stop: CancellationToken,
    ) {
        if self.shared.me.alone {
            self.recall();
        }
        let mut is_fed = true;
        let first = wanted.borrow_and_update().clone();
        self.follow(first);
        self.shared.board.tell(|snapshot| snapshot.ready = true);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                changed = wanted.changed(), if is_fed => match changed {
                    Ok(()) => {
                        let wanted = wanted.borrow_and_update().clone();
                        self.follow(wanted);
                    }
                    // Nobody declares anything any more: what runs keeps running.
                    Err(_) => is_fed = false,
                },
                Some(request) = requests.recv() => {
                    let answer = tokio::select! {
                        answer = self.obey(request.command) => answer,
                        // What waits for a broker that is away is not waited for.
                        () = stop.cancelled() => break,
                    };
                    // Whoever asked may have gone.
                    let _ = request.answer.send(answer);
                }
            }
        }
        self.end_all().await;
    }

    /// Starts the connectors that were made by REST.
    fn recall(&mut self) {
        let names = self.shared.store.state().declared();
        for name in names {
            let kept = self.shared.store.state().value::<Kept>(&config_key(&name));
            match kept {
                Ok(Some(kept)) => {
                    let state = match kept.state {
                        ConnectorState::Paused => TargetState::Paused,
                        ConnectorState::Stopped => TargetState::Stopped,
                        _ => TargetState::Running,
                    };
                    self.start(by_rest(&name, kept.uid), kept.config, state, (0, None));
                }
                Ok(None) => {}
                Err(error) => tracing::error!(connector = %name, %error, "recall a connector"),
            }
        }
    }

    /// Brings the managed connectors in line with the wanted set.
    fn follow(&mut self, wanted: Vec<ManagedConnector>) {
        self.leaving.retain(|_, run| !run.is_finished());
        let gone: Vec<String> = self
            .connectors
            .values()
            .filter(|known| known.identity.origin != Origin::Rest)
            .filter(|known| {
                !wanted.iter().any(|wanted| {
                    wanted.name == known.identity.name && wanted.uid == known.identity.uid
                })
            })
            .map(|known| known.identity.name.clone())
            .collect();
        for name in gone {
            self.end(&name);
        }
        let mut conflicts = BTreeMap::new();
        for connector in wanted {
            let identity = Identity::of(&connector);
            let (name, stored) = (&connector.name, identity.stored.clone());
            match self.connectors.get_mut(name) {
                Some(known)
                    if known.identity.stored != stored || known.identity.uid != identity.uid =>
                {
                    let text = format!(
                        "the name {name} is taken by a connector that was made otherwise; delete that one first"
                    );
                    conflicts.insert(stored, text);
                }
                Some(known) => {
                    known.identity = identity;
                    let held = (known.declared.borrow().generation, epoch_of(&known.config));
                    if (connector.generation, epoch_of(&connector.config)) >= held {
                        self.declare(
                            name,
                            connector.config,
                            connector.generation,
                            connector.epoch,
                        );
                    }
                }
                None => self.start(
                    identity,
                    connector.config,
                    TargetState::Running,
                    (connector.generation, connector.epoch),
                ),
            }
        }
        self.shared
            .board
            .tell(|snapshot| snapshot.conflicts = conflicts);
    }

    fn start(
        &mut self,
        identity: Identity,
        config: Config,
        state: TargetState,
        version: (i64, Option<u64>),
    ) {
        let (name, (generation, epoch)) = (identity.name.clone(), version);
        let spec = self.read(&identity, &config, state);
        let topic = spec
            .as_ref()
            .map(|spec| spec.source.topic.clone())
            .unwrap_or_default();
        self.shared.board.put(&identity, &config, topic);
        let (declared, wanted) = watch::channel(Declared {
            generation,
            epoch,
            spec,
        });
        let (restarts, asked) = mpsc::channel(RESTARTS);
        let (stop, removed) = (CancellationToken::new(), Arc::<AtomicBool>::default());
        let inbox = Inbox {
            declared: wanted,
            restarts: asked,
            stop: stop.clone(),
            removed: Arc::clone(&removed),
        };
        let supervisor = Supervisor::new(Arc::clone(&self.shared), identity.clone(), inbox);
        let run = tokio::spawn(supervisor.run(self.leaving.remove(&name)));
        let registered = Registered {
            identity,
            state,
            config,
            declared,
            restarts,
            stop,
            removed,
            run,
        };
        self.connectors.insert(name, registered);
    }

    /// Gives a connector that runs another configuration.
    fn declare(&mut self, name: &str, config: Config, generation: i64, epoch: Option<u64>) {
        let Some(known) = self.connectors.get(name) else {
            return;
        };
        let spec = self.read(&known.identity, &config, known.state);
        let topic = spec
            .as_ref()
            .map(|spec| spec.source.topic.clone())
            .unwrap_or_default();
        self.shared.board.put(&known.identity, &config, topic);
        known.declared.send_replace(Declared {
            generation,
            epoch,
            spec,
        });
        if let Some(known) = self.connectors.get_mut(name) {
            known.config = config;
        }
    }

    fn read(
        &self,
        identity: &Identity,
        config: &Config,
        state: TargetState,
    ) -> Result<Arc<Spec>, String> {
        let mut spec = Spec::read(&self.shared.registry, config)?;
        if identity.origin == Origin::Rest {
            spec.connector.state = state;
        }
        Ok(Arc::new(spec))
    }

    /// Ends a connector and forgets its offsets.
    fn end(&mut self, name: &str) {
        if let Some(known) = self.connectors.remove(name) {
            known.removed.store(true, Ordering::Release);
            known.stop.cancel();
            self.shared.board.remove(name);
            self.leaving.insert(name.to_owned(), known.run);
        }
    }

    async fn end_all(self) {
        self.connectors
            .values()
            .for_each(|known| known.stop.cancel());
        let runs = self
            .connectors
            .into_values()
            .map(|known| known.run)
            .chain(self.leaving.into_values());
        for run in runs {
            // A supervisor that ended otherwise has ended too.
            let _ = run.await;
        }
    }
}

/// The number that a configuration gives the layout of tasks; 0 where it gives none.
fn epoch_of(config: &Config) -> u64 {
    managed(config).map_or(0, |managed| managed.epoch)
}

fn by_rest(name: &str, uid: String) -> Identity {
    Identity {
        name: name.to_owned(),
        stored: name.to_owned(),
        uid,
        origin: Origin::Rest,
    }
}

fn config_key(name: &str) -> Key {
    Key {
        connector: name.to_owned(),
        subject: Subject::Config,
    }
}
