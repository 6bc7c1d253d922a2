//! What a supervisor tells about its connector.

use std::sync::Arc;

use super::{CHECKPOINT, Supervisor, start::stream};
use crate::{
    plugin::TargetState,
    worker::{
        lifecycle::aggregate,
        snapshot::{ConnectorState, ConnectorStatus},
        spec::Spec,
        tasks::Tasks,
    },
};

impl Supervisor {
    /// Shows how the connector is.
    pub(super) fn publish(&self) {
        let declared = self.inbox.declared.borrow();
        let spec = self
            .tasks
            .as_ref()
            .map(Tasks::spec)
            .or(declared.spec.as_ref().ok());
        let tasks = self.tasks.as_ref().map(Tasks::status).unwrap_or_default();
        let target = spec.map_or(TargetState::Running, |spec| spec.connector.state);
        let (mut state, mut reason, mut trace) = aggregate(target, &tasks);
        if let Some(obstacle) = &self.obstacle {
            (reason, trace) = (obstacle.reason, Some(obstacle.text.clone()));
            if self.tasks.is_none() && !obstacle.passes {
                state = ConnectorState::Failed;
            }
        }
        let (epoch, total) = self.progress(spec);
        let is_stopped = target == TargetState::Stopped;
        self.shared.board.show(ConnectorStatus {
            name: self.identity.name.clone(),
            origin: self.identity.origin.clone(),
            uid: self.identity.uid.clone(),
            generation: declared.generation,
            topic: spec
                .map(|spec| spec.source.topic.clone())
                .unwrap_or_default(),
            state,
            reason,
            trace,
            tasks,
            epoch,
            all_tasks: spec.map_or(0, |spec| if is_stopped { 0 } else { spec.connector.tasks }),
            workers: spec.map_or(1, |spec| spec.workers()),
            records: self.all_records(),
            total,
            rate: self.rate(),
        });
    }

    /// The layout in force, and the records acknowledged since record 0, over all workers.
    fn progress(&self, spec: Option<&Arc<Spec>>) -> (Option<u64>, u64) {
        let state = self.shared.store.state();
        if let Some(tasks) = &self.tasks {
            let layout = tasks.layout();
            let live = |task| tasks.next_of(task);
            return (
                Some(layout.number),
                tasks.stream().sent(&state, layout, &live),
            );
        }
        let stream = spec.map(|spec| stream(&self.identity, spec));
        let layout = stream
            .as_ref()
            .and_then(|stream| stream.current(&state).ok()?);
        stream.zip(layout).map_or((None, 0), |(stream, layout)| {
            (Some(layout.number), stream.sent(&state, &layout, &|_| None))
        })
    }

    /// Records per second over the last checkpoints.
    fn rate(&self) -> f64 {
        let (first, last) = (self.history.front(), self.history.back());
        let passed = u32::try_from(self.history.len().saturating_sub(1))
            .unwrap_or(u32::MAX)
            .max(1);
        let grown = last
            .zip(first)
            .map_or(0, |(last, first)| last.saturating_sub(*first));
        f64::from(u32::try_from(grown).unwrap_or(u32::MAX))
            / f64::from(passed)
            / CHECKPOINT.as_secs_f64()
    }

    /// Records acknowledged since this worker started.
    pub(super) fn all_records(&self) -> u64 {
        self.records + self.tasks.as_ref().map_or(0, Tasks::records)
    }
}
