//! How a connector's tasks come up: what is stored decides where they go on, and what is new is
//! stored before the first record.

use std::sync::Arc;

use super::{Declared, Identity, Shared};
use crate::{
    producer::RecordSink,
    store::{JournalError, entry::Entry, state::State},
    worker::{
        progress::{Resumption, Step, Stream, Wanted},
        snapshot::Reason,
        spec::Spec,
        task::Job,
        tasks::Tasks,
    },
};

/// Steps on the way to running tasks before others get their turn: workers that begin at one moment
/// may need a few more than the usual two.
const STEPS: usize = 8;

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

    /// Others have a part in when this worker can begin.
    fn handover(text: String) -> Self {
        Self {
            reason: Some(Reason::HandingOver),
            text,
            passes: true,
        }
    }

    /// The tasks of before have records that the broker may still take.
    pub(super) fn in_flight(records: usize) -> Self {
        Self::handover(format!(
            "waiting for the broker to acknowledge {records} records in flight; then the tasks go on as configured"
        ))
    }

    /// Other workers have not ended their part.
    fn awaiting(workers: &[u32]) -> Self {
        let workers: Vec<String> = workers.iter().map(u32::to_string).collect();
        Self::handover(format!(
            "waiting for worker {} to hand over; it ends its tasks when it has the new configuration",
            workers.join(", ")
        ))
    }
}

impl From<JournalError> for Obstacle {
    fn from(error: JournalError) -> Self {
        Self::lasting(error.to_string())
    }
}

/// The stream of a connector in this configuration.
pub(super) fn stream(identity: &Identity, spec: &Spec) -> Stream {
    Stream {
        connector: identity.stored.clone(),
        uid: identity.uid.clone(),
        hash: spec.stream(),
    }
}

/// Starts the tasks that a connector has on this worker; `None` where it has none here.
pub(super) async fn start_tasks(
    shared: &Shared,
    identity: &Identity,
    spec: Arc<Spec>,
    declared: &Declared,
) -> Result<Option<Tasks>, Obstacle> {
    let stream = stream(identity, &spec);
    let Some(resumption) = resume(shared, &spec, &stream, declared).await? else {
        return Ok(None);
    };
    for note in spec.plugin.validate(&spec.config).notes {
        tracing::info!(connector = %identity.name, setting = %note.name, "{}", note.message);
    }
    let seed = spec.source.seed.unwrap_or(resumption.layout.seed);
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
    let ordinal = shared.me.ordinal;
    Ok(Some(Tasks::start(spec, stream, ordinal, resumption, job)))
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

/// Where to go on. What is new is stored on the way.
async fn resume(
    shared: &Shared,
    spec: &Spec,
    stream: &Stream,
    declared: &Declared,
) -> Result<Option<Resumption>, Obstacle> {
    let managed = spec.connector.managed.as_ref();
    let told = managed.map(|managed| managed.epoch);
    let told = told.filter(|epoch| *epoch > 0);
    let wanted = Wanted {
        tasks: spec.connector.tasks,
        workers: if shared.me.alone { 1 } else { spec.workers() },
        epoch: declared.epoch.or(told),
        generation: declared.generation,
        pods: managed.map_or(&[], |managed| &managed.worker_uids),
        me: &shared.me,
        seed: draw(),
    };
    for _ in 0..STEPS {
        let step = stream.step(&shared.store.state(), wanted)?;
        let entries = match step {
            Step::Store(entries) => entries,
            Step::Run(resumption) => return Ok(Some(resumption)),
            Step::Idle => return Ok(None),
            Step::Await(workers) => return Err(Obstacle::awaiting(&workers)),
            Step::Stale => {
                let text = "other workers follow a newer configuration; waiting for it";
                return Err(Obstacle::handover(text.to_owned()));
            }
        };
        if entries.iter().any(|entry| stream.loses(entry)) {
            tracing::info!(connector = %stream.connector, "another stream had this name: starting at record 0");
        }
        let stored = shared.store.put(entries).await;
        stored.map_err(|error| Obstacle::lasting(error.to_string()))?;
    }
    let text = "the workers are agreeing on who sends what";
    Err(Obstacle::handover(text.to_owned()))
}

/// What removes everything that is stored for a connector, but for its configuration: that is the
/// herder's, and may be another connector's by now.
pub(super) fn forgotten(state: &State, identity: &Identity) -> Vec<Entry> {
    let keys = state.keys(&identity.stored).into_iter();
    keys.filter(|key| key.subject.uid() == Some(identity.uid.as_str()))
        .map(Entry::forget)
        .collect()
}

/// A seed nobody chose.
fn draw() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().1
}
