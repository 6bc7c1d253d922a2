//! What the herder does when it is asked: the commands of the REST API, one after the other.

use super::{Herder, Kept, Registered, by_rest, config_key, epoch_of};
use crate::{
    plugin::{Config, Managed, TargetState, managed},
    store::entry::Entry,
    worker::{
        command::{Command, Done, Refusal},
        connector::Restart,
        offsets::{moved, shown},
        snapshot::{ConnectorState, Origin},
        spec::Spec,
    },
};

/// Names longer than this are refused.
const NAME_MAX: usize = 255;

impl Herder {
    /// Does what is asked, and returns when it is stored.
    pub(super) async fn obey(&mut self, command: Command) -> Result<Done, Refusal> {
        match command {
            Command::Create {
                name,
                config,
                state,
            } => {
                if self.connectors.contains_key(&name) {
                    return Err(Refusal::Exists(name));
                }
                self.create(name, config, state).await
            }
            Command::Configure { name, config } => self.configure(name, config).await,
            Command::SetState { name, state } => {
                let known = self.editable(&name)?;
                let (uid, config) = (known.identity.uid.clone(), known.config.clone());
                self.keep(&name, uid, &config, state).await?;
                if let Some(known) = self.connectors.get_mut(&name) {
                    known.state = state;
                }
                self.declare(&name, config, 0, None);
                Ok(Done::Accepted)
            }
            Command::Restart { name, restart } => self.restart(name, restart),
            Command::Delete { name } => {
                self.editable(&name)?;
                self.end(&name);
                // The supervisor forgets everything under the connector's name, its configuration
                // too, after its tasks have ended.
                self.put(vec![Entry::forget(config_key(&name))]).await?;
                Ok(Done::Accepted)
            }
            Command::ReadOffsets { name } => match self.connectors.get(&name) {
                Some(known) => Ok(Done::Offsets(shown(
                    &self.shared.store.state(),
                    &known.identity,
                ))),
                None => Err(Refusal::Unknown(name)),
            },
            Command::MoveOffsets { name, offsets } => self.move_offsets(name, offsets).await,
        }
    }

    async fn create(
        &mut self,
        name: String,
        config: Config,
        state: TargetState,
    ) -> Result<Done, Refusal> {
        if !self.shared.me.alone {
            return Err(Refusal::Dedicated(name));
        }
        check_name(&name)?;
        let config = named(&name, config)?;
        Spec::read(&self.shared.registry, &config).map_err(Refusal::Invalid)?;
        let uid = uuid::Uuid::new_v4().to_string();
        self.keep(&name, uid.clone(), &config, state).await?;
        self.start(by_rest(&name, uid), config, state, (0, None));
        Ok(Done::Created)
    }

    async fn configure(&mut self, name: String, config: Config) -> Result<Done, Refusal> {
        let Some(known) = self.connectors.get(&name) else {
            return self.create(name, config, TargetState::Running).await;
        };
        if let Origin::Managed { managed_by, .. } = &known.identity.origin {
            // What follows comes from the operator of the object that manages it; whatever else an edit says, it is
            // refused for what it is.
            let Some(generation) = follows(known, &config) else {
                return Err(Refusal::Managed {
                    name,
                    by: managed_by.clone(),
                });
            };
            let config = named(&name, config)?;
            Spec::read(&self.shared.registry, &config).map_err(Refusal::Invalid)?;
            self.declare(&name, config, generation, None);
            return Ok(Done::Accepted);
        }
        let config = named(&name, config)?;
        Spec::read(&self.shared.registry, &config).map_err(Refusal::Invalid)?;
        let (uid, state) = (known.identity.uid.clone(), known.state);
        self.keep(&name, uid, &config, state).await?;
        self.declare(&name, config, 0, None);
        Ok(Done::Accepted)
    }

    fn restart(&self, name: String, restart: Restart) -> Result<Done, Refusal> {
        let Some(known) = self.connectors.get(&name) else {
            return Err(Refusal::Unknown(name));
        };
        if let Restart::Task(task) = restart {
            let status = self.shared.board.status(&name);
            if !status.is_some_and(|status| status.tasks.iter().any(|known| known.id == task)) {
                return Err(Refusal::UnknownTask(name, task));
            }
        }
        known
            .restarts
            .try_send(restart)
            .map_err(|_| Refusal::NotNow("restarts are under way".to_owned()))?;
        Ok(Done::Accepted)
    }

    async fn move_offsets(
        &self,
        name: String,
        offsets: Option<Vec<(u32, u64)>>,
    ) -> Result<Done, Refusal> {
        let known = self.editable(&name)?;
        let status = self.shared.board.status(&name);
        if status.is_none_or(|status| {
            status.state != ConnectorState::Stopped || !status.tasks.is_empty()
        }) {
            return Err(Refusal::NotStopped(name));
        }
        let entries = moved(
            &self.shared.store.state(),
            &known.identity,
            offsets.as_deref(),
        )?;
        self.put(entries).await?;
        Ok(Done::Accepted)
    }

    fn editable(&self, name: &str) -> Result<&Registered, Refusal> {
        let known = self
            .connectors
            .get(name)
            .ok_or_else(|| Refusal::Unknown(name.to_owned()))?;
        match &known.identity.origin {
            Origin::Rest => Ok(known),
            Origin::Managed { managed_by, .. } => Err(Refusal::Managed {
                name: name.to_owned(),
                by: managed_by.clone(),
            }),
        }
    }

    async fn keep(
        &self,
        name: &str,
        uid: String,
        config: &Config,
        state: TargetState,
    ) -> Result<(), Refusal> {
        let state = match state {
            TargetState::Running => ConnectorState::Running,
            TargetState::Paused => ConnectorState::Paused,
            TargetState::Stopped => ConnectorState::Stopped,
        };
        let kept = Kept {
            uid,
            state,
            config: config.clone(),
        };
        self.put(vec![Entry::set(config_key(name), &kept)]).await
    }

    async fn put(&self, entries: Vec<Entry>) -> Result<(), Refusal> {
        self.shared
            .store
            .put(entries)
            .await
            .map_err(|error| Refusal::NotNow(error.to_string()))
    }
}

/// The generation of a configuration that is the next word of whoever manages the connector: a newer
/// generation of the same object, or the same one with other workers or a later layout of tasks.
fn follows(known: &Registered, next: &Config) -> Option<i64> {
    let Managed {
        uid,
        generation,
        epoch,
        ..
    } = managed(next)?;
    let held = known.declared.borrow().generation;
    let others = |config: &Config| {
        let mut config = config.clone();
        for key in ["name", "eddyline.epoch", "eddyline.worker.uids"] {
            config.remove(key);
        }
        config
    };
    let is_next = generation > held
        || generation == held
            && epoch >= epoch_of(&known.config)
            && others(next) == others(&known.config);
    (uid == known.identity.uid && is_next).then_some(generation)
}

/// Connect puts the name into the configuration, and refuses another one there.
fn named(name: &str, mut config: Config) -> Result<Config, Refusal> {
    match config.get("name") {
        Some(other) if other != name => Err(Refusal::Invalid(format!(
            "Connector name configuration ({other}) doesn't match connector name in the URL ({name})"
        ))),
        _ => {
            config.insert("name".to_owned(), name.to_owned());
            Ok(config)
        }
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let is_odd = |letter: char| letter.is_control() || letter == '/';
    if name.trim().is_empty() || name.len() > NAME_MAX || name.chars().any(is_odd) {
        let text = format!(
            "the connector name is empty, longer than {NAME_MAX} bytes, or has a slash or a control character"
        );
        return Err(Refusal::Invalid(text));
    }
    Ok(())
}
