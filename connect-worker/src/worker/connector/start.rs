//! How a connector's tasks come up: what is stored decides where they go on, and what is new is
//! stored before the first record.

use std::sync::Arc;

use super::{Identity, Shared};
use crate::{
    producer::RecordSink,
    store::{
        JournalError,
        entry::{Entry, Key, Subject},
        state::State,
    },
    worker::{
        progress::{Layout, Resumption, Stream},
        snapshot::Reason,
        spec::Spec,
        task::Job,
        tasks::Tasks,
    },
};

/// What stands between a connector and its tasks.
#[derive(Debug)]
pub(super) struct Obstacle {
    pub(super) reason: Option<Reason>,
    pub(super) text: String,
    /// Time alone may remove it.
    pub(super) passes: bool,
}

impl Obstacle {
    /// The configuration is wrong.
    pub(super) fn invalid(text: String) -> Self {
        Self {
            reason: Some(Reason::InvalidConfig),
            text,
            passes: false,
        }
    }

    fn lasting(text: String) -> Self {
        Self {
            reason: None,
            text,
            passes: false,
        }
    }

    /// Other workers have not ended their part.
    fn handover(workers: &[String]) -> Self {
        Self {
            reason: None,
            text: format!("waiting for {} to hand over", workers.join(", ")),
            passes: true,
        }
    }
}

impl From<JournalError> for Obstacle {
    fn from(error: JournalError) -> Self {
        Self::lasting(error.to_string())
    }
}

/// Starts the tasks of a connector. `epoch` is the one that someone else numbers.
pub(super) async fn start_tasks(
    shared: &Shared,
    identity: &Identity,
    spec: Arc<Spec>,
    epoch: Option<u64>,
) -> Result<Tasks, Obstacle> {
    let stream = Stream {
        connector: identity.stored.clone(),
        uid: identity.uid.clone(),
        hash: spec.stream(),
    };
    let (resumption, seed, entries) = resume(shared, &spec, &stream, epoch)?;
    if !entries.is_empty() {
        let stored = shared.store.put(entries).await;
        stored.map_err(|error| Obstacle::lasting(error.to_string()))?;
    }
    for note in spec.plugin.validate(&spec.config).notes {
        tracing::info!(connector = %identity.name, setting = %note.name, "{}", note.message);
    }
    let source = spec.plugin.open(&spec.config, seed);
    let job = Job {
        source: source.map_err(|error| Obstacle::invalid(error.to_string()))?,
        seed,
        converters: spec.converters,
        topic: spec.source.topic.clone(),
        sink: open_sink(shared, identity, &spec)?,
        clock: Arc::clone(&shared.clock),
        origin: shared.origin,
        began: shared.began,
    };
    Ok(Tasks::start(spec, stream, &resumption, job))
}

/// A new sink for the connector.
pub(super) fn open_sink(
    shared: &Shared,
    identity: &Identity,
    spec: &Spec,
) -> Result<Arc<dyn RecordSink>, Obstacle> {
    let sink = shared
        .cluster
        .sink(&identity.name, &spec.connector.producer);
    sink.map_err(|error| Obstacle::lasting(error.to_string()))
}

/// Where to go on, by which seed, and what to store before the first record.
fn resume(
    shared: &Shared,
    spec: &Spec,
    stream: &Stream,
    epoch: Option<u64>,
) -> Result<(Resumption, u64, Vec<Entry>), Obstacle> {
    let state = shared.store.state();
    let managed = spec.connector.managed.as_ref();
    let told = managed
        .map(|managed| managed.epoch)
        .filter(|epoch| *epoch > 0);
    let layout = Layout {
        tasks: spec.connector.tasks,
        epoch: epoch.or(told),
        worker: &shared.worker_id,
        present: managed.map_or(&[], |managed| &managed.worker_uids),
    };
    let resumption = stream
        .resume(&state, layout)?
        .map_err(|workers| Obstacle::handover(&workers))?;
    let mut entries = stream.tombstones(&state);
    if !entries.is_empty() {
        tracing::info!(connector = %stream.connector, "another stream had this name: starting at record 0");
    }
    let drawn: Option<u64> = state.value(&stream.seed_key())?;
    let seed = spec.source.seed.or(drawn).unwrap_or_else(draw);
    if spec.source.seed.is_none() && drawn.is_none() {
        entries.push(Entry::set(stream.seed_key(), &seed));
    }
    if resumption.is_new {
        entries.extend(stream.leftovers(&state, resumption.epoch.tasks));
        entries.push(stream.layout(&resumption.epoch));
    }
    Ok((resumption, seed, entries))
}

/// What removes everything that is stored for a connector, but for its configuration: that is the
/// herder's, and may be another connector's by now.
pub(super) fn forgotten(state: &State, identity: &Identity) -> Vec<Entry> {
    let is_its = |key: &Key| match &key.subject {
        Subject::Config => false,
        Subject::Seed { uid }
        | Subject::Epoch { uid, .. }
        | Subject::Position { uid, .. }
        | Subject::Acknowledgement { uid, .. } => *uid == identity.uid,
    };
    state
        .keys(&identity.stored)
        .into_iter()
        .filter(is_its)
        .map(Entry::forget)
        .collect()
}

/// A seed nobody chose.
fn draw() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().1
}
