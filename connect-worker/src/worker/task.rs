//! One attempt of one task: makes the records of its share when they are due and fills the
//! sink's queue with them. It never waits for a delivery; those are accounted for out of band.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    convert::{Converter, Converters},
    plugin::{Record, Source},
    producer::{Outgoing, RecordSink, SinkError, inflight::InFlight},
    worker::{
        handover::{Path, Share},
        lifecycle::{End, Report},
        pacing::Schedule,
        spec::Live,
    },
};

/// Records made before other tasks get their turn.
const BATCH: usize = 256;
/// How often a missing topic or broker is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(200);
/// The longest a task waits before it looks around.
const LOOK_AROUND: Duration = Duration::from_secs(1);
/// Room in a full queue is looked for this often when no delivery of this task announces it.
const ROOM_AGAIN: Duration = Duration::from_millis(10);
/// How long an attempt that ends waits for its records in flight.
pub(super) const DRAIN: Duration = Duration::from_secs(3);
/// No delivery for this long, with records in flight, is told.
const STALLED: Duration = Duration::from_secs(2);
/// How often it is asked again why that is.
const WHY_AGAIN: Duration = Duration::from_secs(2);
/// A task less behind than this has caught up.
const CAUGHT_UP: Duration = Duration::from_millis(500);

/// What the attempts of one connector have in common.
#[derive(Debug)]
pub(super) struct Job {
    /// Makes the records.
    pub source: Arc<dyn Source>,
    /// The seed, for the waits of `max.interval`.
    pub seed: u64,
    /// Makes them bytes.
    pub converters: Converters,
    /// Where they go.
    pub topic: String,
    /// How they go there.
    pub sink: Arc<dyn RecordSink>,
    /// The time they show.
    pub clock: Arc<dyn Clock>,
    /// The moment that durations are counted from.
    pub origin: Instant,
    /// The time it was then.
    pub began: Timestamp,
}

/// The last report of an attempt. Its supervisor looks here when told that something changed.
#[derive(Debug, Default)]
pub(super) struct Reports {
    // A std mutex: held to swap one value.
    last: Mutex<Option<Report>>,
}

impl Reports {
    /// The report that came in since the last look.
    pub(super) fn take(&self) -> Option<Report> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// One run of a task, from start to end.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Shared by the connector's tasks.
    pub job: Arc<Job>,
    /// Which task.
    pub share: Share,
    /// What it is to send.
    pub path: Path,
    /// What it has sent.
    pub account: Arc<InFlight>,
    /// What it follows without a restart.
    pub live: watch::Receiver<Live>,
    /// Where it reports.
    pub reports: Arc<Reports>,
    /// Rung after each report.
    pub bell: Arc<Notify>,
    /// Ends it.
    pub stop: CancellationToken,
}

/// What to wait for before the next record.
enum Wait {
    Until(Duration),
    Room,
    Turn,
}

/// The moving parts of an attempt.
struct Course {
    /// The next record to send.
    next: u64,
    schedule: Schedule,
    told: Option<Report>,
    /// The oldest record in flight, and since when it is that.
    oldest: (u64, Instant),
    /// When it was last asked why nothing is acknowledged, and the answer.
    asked: Option<(Instant, Report)>,
    was_paused: bool,
}

impl Attempt {
    /// Runs until all is sent, a fault, or the stop.
    pub(super) async fn run(mut self) -> End {
        if !self.drained().await {
            return End::Failed(
                "wait for records in flight: the broker does not answer".to_owned(),
            );
        }
        let mut told = None;
        loop {
            // What is complete needs no topic any more.
            let next = self.path.next(self.account.low());
            if self.live.borrow().is_done(next) && self.account.fault().is_none() {
                return End::Completed;
            }
            if !self.topic_is_there(&mut told).await {
                return End::Stopped;
            }
            let low = self.account.rewind();
            let fault = match self.send_all(low, told.take()).await {
                Ok(end) => return end,
                Err(fault) => fault,
            };
            if !self.drained().await {
                return End::Failed(format!("{fault}; records in flight are not answered"));
            }
            if !matches!(fault, SinkError::TopicMissing(_)) {
                return End::Failed(fault.to_string());
            }
        }
    }

    /// Waits for the topic, or for as long as it is paused. False when told to stop first.
    async fn topic_is_there(&mut self, told: &mut Option<Report>) -> bool {
        loop {
            let is_paused = self.live.borrow_and_update().paused;
            if is_paused {
                // What is not to send misses no topic.
                self.report(told, Report::Paused);
            } else {
                let answer = tokio::select! {
                    answer = self.job.sink.topic_exists(&self.job.topic) => answer,
                    Ok(()) = self.live.changed() => continue,
                    () = self.stop.cancelled() => return false,
                };
                let report = match answer {
                    Ok(true) => return true,
                    Ok(false) => self.topic_missing(),
                    Err(error) => Report::Unreachable(error.to_string()),
                };
                self.report(told, report);
            }
            let wait = if is_paused { LOOK_AROUND } else { ASK_AGAIN };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                Ok(()) = self.live.changed() => {}
                () = self.stop.cancelled() => return false,
            }
        }
    }

    fn topic_missing(&self) -> Report {
        let topic = &self.job.topic;
        Report::TopicMissing(format!(
            "topic {topic} does not exist; create it and records flow"
        ))
    }

    /// Sends from `low` on. `Err` is a record that failed.
    async fn send_all(&mut self, low: u64, told: Option<Report>) -> Result<End, SinkError> {
        let mut live = *self.live.borrow_and_update();
        let next = self.path.next(low);
        let schedule = Schedule::new(live.pacing, self.share, self.job.seed, next, self.now());
        let mut course = Course {
            next,
            schedule,
            told,
            oldest: (low, Instant::now()),
            asked: None,
            was_paused: false,
        };
        loop {
            if let Some(fault) = self.account.fault() {
                return Err(fault);
            }
            if self.stop.is_cancelled() {
                self.drained().await;
                return Ok(End::Stopped);
            }
            let is_done = live.is_done(course.next);
            if is_done && self.account.is_drained() {
                return self.account.fault().map_or(Ok(End::Completed), Err);
            }
            let stalled = self.stalled(&mut course).await;
            let wait = if is_done {
                Wait::Until(self.now() + LOOK_AROUND)
            } else if live.paused {
                self.report(&mut course.told, Report::Paused);
                course.was_paused = true;
                Wait::Until(self.now() + LOOK_AROUND)
            } else {
                self.batch(&mut course, live, stalled)
            };
            if self.wait(wait).await {
                live = *self.live.borrow_and_update();
                course.schedule.change(live.pacing, self.now());
            }
        }
    }

    /// Makes and queues the records that are due.
    fn batch(&self, course: &mut Course, live: Live, stalled: Option<Report>) -> Wait {
        let now = self.now();
        if course.was_paused {
            course.was_paused = false;
            course.schedule =
                Schedule::new(live.pacing, self.share, self.job.seed, course.next, now);
        }
        let behind = course.schedule.forgive(now);
        if let Some(report) = stalled {
            self.report(&mut course.told, report);
        } else if behind {
            self.report(&mut course.told, Report::Throttled(None));
        } else if now.saturating_sub(course.schedule.due()) < CAUGHT_UP {
            self.report(&mut course.told, Report::Running);
        }
        for _ in 0..BATCH {
            let due = course.schedule.due();
            if due > now {
                return Wait::Until(due);
            }
            if live.is_done(course.next) {
                return Wait::Turn;
            }
            if !self.send(course.next) {
                return Wait::Room;
            }
            course.next = self.path.next(course.next + 1);
            course.schedule.advance(course.next, now);
        }
        Wait::Turn
    }

    /// Queues one record. False when there is no room for it.
    fn send(&self, g: u64) -> bool {
        let Some(receipt) = self.account.enter(g) else {
            return false;
        };
        let now = self.job.clock.now();
        let Record {
            key,
            value,
            timestamp,
            headers,
        } = self.job.source.record(g, now);
        let key = key.and_then(|key| self.job.converters.key.bytes(&key));
        let value = self.job.converters.value.bytes(&value);
        let headers: Vec<(String, Vec<u8>)> = headers
            .into_iter()
            .map(|header| {
                (
                    header.name.into_owned(),
                    Converter::String.bytes(&header.value).unwrap_or_default(),
                )
            })
            .collect();
        let record = Outgoing {
            topic: &self.job.topic,
            key: key.as_deref(),
            value: value.as_deref(),
            timestamp: Some(timestamp.unwrap_or(now).as_millisecond()),
            headers: &headers,
        };
        match self.job.sink.send(record, receipt) {
            Ok(()) => true,
            Err(receipt) => {
                receipt.take_back();
                false
            }
        }
    }

    /// What to report when records in flight have not been answered for long. The broker is asked
    /// why: it may be away, or the topic.
    async fn stalled(&self, course: &mut Course) -> Option<Report> {
        let low = self.account.low();
        if low != course.oldest.0 || self.account.is_drained() {
            (course.oldest, course.asked) = ((low, Instant::now()), None);
        }
        let silent = course.oldest.1.elapsed();
        if silent < STALLED {
            return None;
        }
        if let Some((at, report)) = &course.asked
            && at.elapsed() < WHY_AGAIN
        {
            return Some(report.clone());
        }
        let seconds = silent.as_secs();
        let shown = if seconds < 10 {
            seconds
        } else {
            seconds / 10 * 10
        };
        let text = format!(
            "no record was acknowledged for {shown} s; records wait in memory and none is lost"
        );
        let answer = tokio::select! {
            answer = self.job.sink.topic_exists(&self.job.topic) => answer,
            () = self.stop.cancelled() => return None,
        };
        let report = match answer {
            Ok(true) => Report::Throttled(Some(text)),
            Ok(false) => self.topic_missing(),
            Err(error) => Report::Stalled(format!("{error}; {text}")),
        };
        course.asked = Some((Instant::now(), report.clone()));
        Some(report)
    }

    /// Waits. True when the settings to follow may have changed.
    async fn wait(&mut self, wait: Wait) -> bool {
        let (until, room) = match wait {
            Wait::Turn => {
                tokio::task::yield_now().await;
                return self.live.has_changed().unwrap_or(false);
            }
            Wait::Until(due) => (self.job.origin + due, false),
            Wait::Room => (Instant::now() + ROOM_AGAIN, true),
        };
        let until = until.min(Instant::now() + LOOK_AROUND);
        tokio::select! {
            () = tokio::time::sleep_until(until) => false,
            // A delivery may make room, be the last one outstanding, or have failed.
            () = self.account.settled(), if room || !self.account.is_drained() => false,
            changed = self.live.changed() => changed.is_ok(),
            () = self.stop.cancelled() => false,
        }
    }

    /// Waits until nothing is in flight. False when that takes too long.
    async fn drained(&self) -> bool {
        let drained = async {
            while !self.account.is_drained() {
                self.account.settled().await;
            }
        };
        timeout(DRAIN, drained).await.is_ok()
    }

    fn report(&self, told: &mut Option<Report>, report: Report) {
        if told.as_ref() != Some(&report) {
            *self
                .reports
                .last
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(report.clone());
            *told = Some(report);
            self.bell.notify_one();
        }
    }

    fn now(&self) -> Duration {
        self.job.origin.elapsed()
    }
}
