//! The running tasks of one connector in one layout, those of this worker: starts attempts, follows what they report,
//! keeps their offsets stored, and ends them in order.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    task::{Id, JoinError, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    plugin::RestartPolicy,
    producer::inflight::InFlight,
    store::{Store, entry::Entry},
    worker::{
        handover::{Path, Share},
        lifecycle::{End, Lifecycle},
        progress::{Layout, Part, Resumption, Stream},
        snapshot::TaskStatus,
        spec::{Live, Spec},
        task::{Attempt, DRAIN, Job, Reports},
    },
};

/// What an attempt that was told to stop may take beyond its own deadline.
const GRACE: Duration = Duration::from_millis(500);

/// The tasks of one layout.
#[derive(Debug)]
pub(super) struct Tasks {
    spec: Arc<Spec>,
    stream: Stream,
    layout: Layout,
    /// This worker's ordinal.
    worker: u32,
    /// The part as it was last given to the store.
    part: Part,
    job: Arc<Job>,
    slots: Vec<Slot>,
    live: watch::Sender<Live>,
    attempts: JoinSet<End>,
    running: BTreeMap<Id, usize>,
    bell: Arc<Notify>,
    /// Told to end: nothing starts any more.
    ending: bool,
}

/// One task.
#[derive(Debug)]
struct Slot {
    share: Share,
    path: Path,
    account: Arc<InFlight>,
    lifecycle: Lifecycle,
    reports: Arc<Reports>,
    stop: CancellationToken,
    /// Start anew when the attempt has ended.
    again: bool,
}

impl Tasks {
    /// Starts this worker's tasks where `resumption` says.
    pub(super) fn start(
        spec: Arc<Spec>,
        stream: Stream,
        worker: u32,
        resumption: Resumption,
        job: Job,
    ) -> Self {
        let now = job.origin.elapsed();
        let Resumption {
            layout,
            part,
            tasks,
        } = resumption;
        let slot = |(task, next): (u32, &u64)| {
            let share = layout.share(task);
            Slot {
                share,
                path: layout.unsent.path(share),
                account: InFlight::new(*next),
                lifecycle: Lifecycle::start(now),
                reports: Arc::default(),
                stop: CancellationToken::new(),
                again: false,
            }
        };
        let slots: Vec<Slot> = tasks.into_iter().zip(&part.next).map(slot).collect();
        let mut all = Self {
            live: watch::channel(spec.live()).0,
            spec,
            stream,
            layout,
            worker,
            part,
            job: Arc::new(job),
            slots,
            attempts: JoinSet::new(),
            running: BTreeMap::new(),
            bell: Arc::default(),
            ending: false,
        };
        (0..all.slots.len()).for_each(|task| all.spawn(task));
        all
    }

    /// The layout the tasks are of.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The stream the tasks send.
    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// The configuration the tasks follow.
    pub(super) fn spec(&self) -> &Arc<Spec> {
        &self.spec
    }

    /// Follows a configuration that asks for no new tasks: nothing restarts, but tasks that had
    /// sent everything look whether there is more now.
    pub(super) fn follow(&mut self, spec: Arc<Spec>) {
        let more = spec.source.iterations != self.spec.source.iterations;
        self.live.send_replace(spec.live());
        self.spec = spec;
        for task in 0..self.slots.len() {
            if more && self.slots[task].lifecycle.is_completed() {
                self.start_again(task);
            }
        }
    }

    /// Restarts tasks by hand: those that `chosen` says yes to, by id and whether they failed.
    pub(super) fn restart(&mut self, chosen: impl Fn(u32, bool) -> bool) {
        if self.ending {
            return;
        }
        for task in 0..self.slots.len() {
            let slot = &mut self.slots[task];
            if !chosen(slot.share.task, slot.lifecycle.is_failed()) {
                continue;
            }
            if slot.lifecycle.is_live() {
                slot.again = true;
                slot.stop.cancel();
            } else {
                self.start_again(task);
            }
        }
    }

    /// Waits until a task has something to tell, or a restart is due, and takes it in.
    pub(super) async fn next(&mut self) {
        let due = self
            .slots
            .iter()
            .filter_map(|slot| slot.lifecycle.due())
            .min();
        let due = due.map(|due| self.job.origin + due);
        tokio::select! {
            Some(ended) = self.attempts.join_next_with_id() => self.ended(ended),
            () = self.bell.notified() => {}
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
        }
        self.take_reports();
        if self.ending {
            return;
        }
        let now = self.now();
        for task in 0..self.slots.len() {
            if self.slots[task]
                .lifecycle
                .due()
                .is_some_and(|due| due <= now)
            {
                self.slots[task].lifecycle.restarted(now);
                self.spawn(task);
            }
        }
    }

    /// Gives the store the offsets if any has moved since the last time: one entry for all tasks.
    pub(super) fn checkpoint(&mut self, store: &Store) {
        let part = self.part_now(false);
        if part != self.part && store.offer(vec![self.stream.part(self.worker, &part)]) {
            self.part = part;
        }
    }

    /// Ends all tasks: they stop sending, and what is in flight is waited for. Answers what is to be stored before another
    /// epoch may start, or how many records the broker has not acknowledged in good time: they may still arrive, so nobody
    /// else can send them yet. Called again it waits on.
    ///
    /// # Errors
    /// The number of records in flight.
    pub(crate) async fn end(&mut self) -> Result<Entry, usize> {
        self.ending = true;
        self.slots.iter().for_each(|slot| slot.stop.cancel());
        let all = async { while self.attempts.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN + GRACE, all).await.is_err() {
            self.attempts.shutdown().await;
        }
        match self.slots.iter().map(|slot| slot.account.open()).sum() {
            0 => Ok(self.ended_part()),
            open => Err(open),
        }
    }

    /// What is to be stored of tasks whose process ends now: what is in flight is lost or comes again.
    pub(super) fn ended_part(&self) -> Entry {
        self.stream.part(self.worker, &self.part_now(true))
    }

    /// They can go on in this configuration.
    pub(super) fn can_follow(&self, spec: &Spec) -> bool {
        !self.ending && !self.spec.asks_for_new_tasks(spec)
    }

    fn part_now(&self, ended: bool) -> Part {
        Part {
            next: self.slots.iter().map(|slot| slot.account.low()).collect(),
            ended,
            ..self.part.clone()
        }
    }

    /// Where a task of this worker has come to.
    pub(super) fn next_of(&self, task: u32) -> Option<u64> {
        let slot = self.slots.iter().find(|slot| slot.share.task == task);
        slot.map(|slot| slot.account.low())
    }

    /// The tasks as status answers show them.
    pub(super) fn status(&self) -> Vec<TaskStatus> {
        let began = self.job.began;
        let status = |slot: &Slot| {
            let next = slot.account.low();
            slot.lifecycle.status(slot.share.task, next, began)
        };
        self.slots.iter().map(status).collect()
    }

    /// Records acknowledged since these tasks started.
    pub(super) fn records(&self) -> u64 {
        self.slots
            .iter()
            .map(|slot| slot.account.acknowledged())
            .sum()
    }

    /// Replaces the sink when a fatal fault has ended it.
    pub(super) fn sink_is_usable(&self) -> bool {
        self.job.sink.is_usable()
    }

    /// Goes on with another sink; attempts that run keep the old one until they end.
    pub(super) fn use_sink(&mut self, sink: Arc<dyn crate::producer::RecordSink>) {
        let old = &self.job;
        self.job = Arc::new(Job {
            source: Arc::clone(&old.source),
            seed: old.seed,
            converters: old.converters,
            topic: old.topic.clone(),
            sink,
            clock: Arc::clone(&old.clock),
            origin: old.origin,
            began: old.began,
        });
    }

    fn ended(&mut self, ended: Result<(Id, End), JoinError>) {
        let (id, end) = match ended {
            Ok((id, end)) => (id, end),
            Err(error) => {
                let id = error.id();
                (id, End::Failed(format!("run the task: {error}")))
            }
        };
        let Some(task) = self.running.remove(&id) else {
            return;
        };
        self.take_reports();
        let (now, policy) = (self.now(), self.policy());
        let slot = &mut self.slots[task];
        if let End::Failed(trace) = &end {
            let task = slot.share.task;
            tracing::warn!(connector = %self.stream.connector, task, %trace, "a task failed");
        }
        // The attempt may have ended by a number that was raised since.
        let more = end == End::Completed
            && !self
                .live
                .borrow()
                .is_done(slot.path.next(slot.account.low()));
        slot.lifecycle.ended(end, &policy, now);
        if !self.ending && (std::mem::take(&mut slot.again) || more) {
            self.start_again(task);
        }
    }

    fn take_reports(&mut self) {
        let (now, policy) = (self.now(), self.policy());
        for slot in &mut self.slots {
            if let Some(report) = slot.reports.take() {
                slot.lifecycle.report(report, &policy, now);
            }
        }
    }

    fn start_again(&mut self, task: usize) {
        self.slots[task].lifecycle = Lifecycle::start(self.now());
        self.spawn(task);
    }

    fn spawn(&mut self, task: usize) {
        let slot = &mut self.slots[task];
        slot.reports = Arc::default();
        slot.stop = CancellationToken::new();
        let attempt = Attempt {
            job: Arc::clone(&self.job),
            share: slot.share,
            path: slot.path.clone(),
            account: Arc::clone(&slot.account),
            live: self.live.subscribe(),
            reports: Arc::clone(&slot.reports),
            bell: Arc::clone(&self.bell),
            stop: slot.stop.clone(),
        };
        let id = self.attempts.spawn(attempt.run()).id();
        self.running.insert(id, task);
    }

    fn policy(&self) -> RestartPolicy {
        self.spec.connector.restart
    }

    fn now(&self) -> Duration {
        self.job.origin.elapsed()
    }
}

#[cfg(test)]
mod tests;
