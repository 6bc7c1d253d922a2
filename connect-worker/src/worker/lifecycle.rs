//! The life of one task, and what the tasks say about their connector. Pure: time is an argument.
//!
//! An attempt is one run of a task from its start to its end. The machine says when to start one;
//! the connector's supervisor starts it and reports what becomes of it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::{
    plugin::{RestartPolicy, TargetState},
    worker::snapshot::{ConnectorState, Reason, TaskStatus},
};

/// What an attempt tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Report {
    /// Records flow.
    Running,
    /// The broker takes records more slowly than the schedule asks; in words where it answers but
    /// has not acknowledged anything for long.
    Throttled(Option<String>),
    /// Told to pause.
    Paused,
    /// The topic is missing.
    TopicMissing(String),
    /// The broker does not answer; nothing was sent yet.
    Unreachable(String),
    /// The broker has stopped to answer; records in flight wait for it.
    Stalled(String),
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// Every record of the task's share is acknowledged.
    Completed,
    /// It was told to stop.
    Stopped,
    /// A fault, in words.
    Failed(String),
}

/// The state of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lifecycle {
    phase: Phase,
    trace: Option<String>,
    reason: Option<Reason>,
    restarts: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// An attempt runs, in this state since then.
    Live(ConnectorState, Duration),
    /// No attempt runs.
    Ended(ConnectorState),
    /// No attempt runs; the next one is due then.
    Backoff(Duration),
}

impl Lifecycle {
    /// A task whose first attempt starts at `now`.
    pub(super) fn start(now: Duration) -> Self {
        Self {
            phase: Phase::Live(ConnectorState::Unassigned, now),
            trace: None,
            reason: None,
            restarts: 0,
        }
    }

    /// What the running attempt reports. A report that comes in after the attempt's end is void.
    pub(super) fn report(&mut self, report: Report, policy: &RestartPolicy, now: Duration) {
        let Phase::Live(state, since) = self.phase else {
            return;
        };
        let (next, reason, trace) = match report {
            Report::Running => (ConnectorState::Running, None, None),
            Report::Throttled(text) => (ConnectorState::Throttled, None, text),
            Report::Paused => (ConnectorState::Paused, None, None),
            Report::TopicMissing(text) => (
                ConnectorState::Unassigned,
                Some(Reason::TopicNotFound),
                Some(text),
            ),
            Report::Stalled(text) => (
                ConnectorState::Throttled,
                Some(Reason::BrokerUnreachable),
                Some(text),
            ),
            Report::Unreachable(text) => (
                ConnectorState::Unassigned,
                Some(Reason::BrokerUnreachable),
                Some(text),
            ),
        };
        if state == ConnectorState::Running && now.saturating_sub(since) >= policy.max_backoff {
            self.restarts = 0;
        }
        let since = if state == next { since } else { now };
        (self.phase, self.reason, self.trace) = (Phase::Live(next, since), reason, trace);
    }

    /// The attempt has ended. After a fault the restart policy decides: the n-th restart waits
    /// 2^(n-1) times the least back-off, never longer than the longest. A task that ran well for
    /// the longest back-off begins to count anew.
    pub(super) fn ended(&mut self, end: End, policy: &RestartPolicy, now: Duration) {
        if let Phase::Live(ConnectorState::Running, since) = self.phase
            && now.saturating_sub(since) >= policy.max_backoff
        {
            self.restarts = 0;
        }
        self.reason = None;
        (self.phase, self.trace) = match end {
            End::Completed => (Phase::Ended(ConnectorState::Completed), None),
            End::Stopped => (Phase::Ended(ConnectorState::Unassigned), None),
            End::Failed(trace) if self.restarts >= policy.max_restarts => {
                (Phase::Ended(ConnectorState::Failed), Some(trace))
            }
            End::Failed(trace) => {
                self.restarts += 1;
                (
                    Phase::Backoff(now.saturating_add(backoff(policy, self.restarts))),
                    Some(trace),
                )
            }
        };
    }

    /// When the next attempt is due without anybody asking.
    pub(super) fn due(&self) -> Option<Duration> {
        match self.phase {
            Phase::Backoff(due) => Some(due),
            Phase::Live(..) | Phase::Ended(_) => None,
        }
    }

    /// The back-off is over: an attempt starts. The trace stays until records flow again.
    pub(super) fn restarted(&mut self, now: Duration) {
        self.phase = Phase::Live(ConnectorState::Restarting, now);
    }

    /// An attempt runs.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live(..))
    }

    /// All records of the task are sent.
    pub(super) fn is_completed(&self) -> bool {
        self.phase == Phase::Ended(ConnectorState::Completed)
    }

    /// The task needs a restart, by policy or by hand.
    pub(super) fn is_failed(&self) -> bool {
        matches!(
            self.phase,
            Phase::Ended(ConnectorState::Failed) | Phase::Backoff(_)
        )
    }

    /// The state in Connect's words.
    pub(super) fn state(&self) -> ConnectorState {
        match self.phase {
            Phase::Live(state, _) | Phase::Ended(state) => state,
            Phase::Backoff(_) => ConnectorState::Restarting,
        }
    }

    /// The task as status answers show it.
    /// `origin` is the moment that durations are counted from.
    pub(super) fn status(&self, id: u32, next: u64, origin: Timestamp) -> TaskStatus {
        let due = self
            .due()
            .and_then(|due| SignedDuration::try_from(due).ok());
        TaskStatus {
            next_restart: due.and_then(|due| origin.checked_add(due).ok()),
            id,
            state: self.state(),
            reason: self.reason,
            trace: self.trace.clone(),
            restarts: self.restarts,
            next,
        }
    }
}

fn backoff(policy: &RestartPolicy, restart: u32) -> Duration {
    let factor = 1_u32
        .checked_shl(restart.saturating_sub(1))
        .unwrap_or(u32::MAX);
    policy
        .min_backoff
        .saturating_mul(factor)
        .min(policy.max_backoff)
}

/// The state of a connector: the state it was told to be in, or that of its worst task, so that
/// `RUNNING` never hides a dead one. The text names the tasks to look at.
pub(crate) fn aggregate(
    target: TargetState,
    tasks: &[TaskStatus],
) -> (ConnectorState, Option<Reason>, Option<String>) {
    if target == TargetState::Stopped {
        return (ConnectorState::Stopped, None, None);
    }
    let worst = [
        ConnectorState::Failed,
        ConnectorState::Restarting,
        ConnectorState::Unassigned,
        ConnectorState::Throttled,
        ConnectorState::Running,
        ConnectorState::Paused,
    ];
    let found = worst
        .into_iter()
        .find(|state| tasks.iter().any(|task| task.state == *state));
    let state = match found {
        None if tasks.is_empty() => ConnectorState::Unassigned,
        None => ConnectorState::Completed,
        Some(state) => state,
    };
    let affected: Vec<&TaskStatus> = tasks.iter().filter(|task| task.state == state).collect();
    let first = affected.iter().find(|task| task.trace.is_some());
    let trace = first.and_then(|task| {
        let trace = task.trace.as_deref()?;
        let (count, all) = (affected.len(), tasks.len());
        Some(if all == 1 {
            trace.to_owned()
        } else {
            format!("{count} of {all} tasks: {trace}")
        })
    });
    (state, first.and_then(|task| task.reason), trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RestartPolicy = RestartPolicy {
        max_restarts: 3,
        min_backoff: Duration::from_secs(1),
        max_backoff: Duration::from_secs(3),
    };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn failed() -> End {
        End::Failed("boom".to_owned())
    }

    #[test]
    fn restarts_back_off_up_to_a_bound_and_then_stay_failed() {
        let mut task = Lifecycle::start(at(0));
        for due in [1, 2, 3] {
            task.ended(failed(), &POLICY, at(0));
            assert_eq!(task.due(), Some(at(due)));
            assert_eq!(task.state(), ConnectorState::Restarting);
            task.restarted(at(0));
        }
        task.ended(failed(), &POLICY, at(0));
        assert_eq!((task.due(), task.state()), (None, ConnectorState::Failed));
        assert_eq!(
            task.status(0, 0, Timestamp::UNIX_EPOCH).trace.as_deref(),
            Some("boom")
        );
    }

    #[test]
    fn the_time_of_the_next_restart_is_told_while_it_is_due() {
        let mut task = Lifecycle::start(at(0));
        task.ended(failed(), &POLICY, at(10));
        let told = |task: &Lifecycle| task.status(0, 0, Timestamp::UNIX_EPOCH).next_restart;
        assert_eq!(told(&task), Some(Timestamp::constant(11, 0)));
        task.restarted(at(11));
        assert_eq!(told(&task), None);
    }

    #[test]
    fn a_task_that_ran_well_counts_restarts_anew() {
        let mut task = Lifecycle::start(at(0));
        for now in [10, 20, 30, 40, 50] {
            task.report(Report::Running, &POLICY, at(now));
            task.ended(failed(), &POLICY, at(now + 3));
            assert_eq!(task.status(0, 0, Timestamp::UNIX_EPOCH).restarts, 1);
            task.restarted(at(now + 4));
        }
    }

    #[test]
    fn completed_is_never_restarted() {
        let mut task = Lifecycle::start(at(0));
        task.ended(End::Completed, &POLICY, at(1));
        assert!(task.is_completed() && task.due().is_none() && !task.is_failed());
        task.report(Report::Running, &POLICY, at(2));
        assert!(task.is_completed(), "a late report is void");
    }

    #[test]
    fn a_missing_topic_costs_no_restart() {
        let mut task = Lifecycle::start(at(0));
        task.report(
            Report::TopicMissing("topic orders is missing".to_owned()),
            &POLICY,
            at(1),
        );
        let status = task.status(0, 0, Timestamp::UNIX_EPOCH);
        assert_eq!(
            (status.state, status.reason, status.restarts),
            (ConnectorState::Unassigned, Some(Reason::TopicNotFound), 0)
        );
        task.report(Report::Running, &POLICY, at(2));
        assert_eq!(task.status(0, 0, Timestamp::UNIX_EPOCH).trace, None);
    }

    #[test]
    fn the_connector_is_no_better_than_its_worst_task() {
        use ConnectorState::{
            Completed, Failed, Paused, Restarting, Running, Stopped, Throttled, Unassigned,
        };
        let cases: [(TargetState, &[ConnectorState], ConnectorState); 10] = [
            (TargetState::Running, &[], Unassigned),
            (TargetState::Running, &[Running, Running], Running),
            (TargetState::Running, &[Running, Failed], Failed),
            (
                TargetState::Running,
                &[Running, Restarting, Throttled],
                Restarting,
            ),
            (TargetState::Running, &[Running, Throttled], Throttled),
            (TargetState::Running, &[Completed, Running], Running),
            (TargetState::Running, &[Completed, Completed], Completed),
            (TargetState::Paused, &[Paused, Completed], Paused),
            (TargetState::Paused, &[Paused, Failed], Failed),
            (TargetState::Stopped, &[], Stopped),
        ];
        for (target, states, expected) in cases {
            let tasks: Vec<TaskStatus> = states
                .iter()
                .map(|state| TaskStatus {
                    id: 0,
                    state: *state,
                    reason: None,
                    trace: None,
                    restarts: 0,
                    next_restart: None,
                    next: 0,
                })
                .collect();
            assert_eq!(
                aggregate(target, &tasks).0,
                expected,
                "{target:?} {states:?}"
            );
        }
    }

    #[test]
    fn the_trace_says_how_many_tasks_it_is_about() {
        let mut task = Lifecycle::start(at(0));
        let never = RestartPolicy {
            max_restarts: 0,
            ..POLICY
        };
        task.ended(failed(), &never, at(0));
        let well = Lifecycle::start(at(0)).status(1, 0, Timestamp::UNIX_EPOCH);
        let (_, _, trace) = aggregate(
            TargetState::Running,
            &[task.status(0, 0, Timestamp::UNIX_EPOCH), well],
        );
        assert_eq!(trace.as_deref(), Some("1 of 2 tasks: boom"));
    }
}
