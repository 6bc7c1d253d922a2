//! What the coordinator does by itself: wakes groups whose time has come, removes what ran out.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use super::coordinator::Groups;
use super::event::Event;
use super::timers::Timers;

/// When the log refuses a record that time asks for, it is asked again after this long.
const RETRY: Duration = Duration::from_secs(1);
/// It looks this often whether a snapshot is worth its writing.
const SNAPSHOTS: Duration = Duration::from_mins(1);
/// It looks this often whether it is still needed.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// What it is time for.
enum Due {
    Wake,
    Sweep,
    Snapshots,
}

/// Wakes groups and removes what ran out until the coordinator is gone. It holds on to the times
/// only, never to the coordinator, so that the log can be closed.
pub async fn keep_up(groups: Weak<Groups>) {
    let Some((timers, period)) = groups.upgrade().map(|groups| groups.pace()) else {
        return;
    };
    let mut sweep = interval_at(Instant::now() + period, period);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut snapshots = interval_at(Instant::now() + SNAPSHOTS, SNAPSHOTS);
    snapshots.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let Some(wake_at) = groups.upgrade().map(|groups| groups.next_wake()) else {
            return;
        };
        let due = tokio::select! {
            () = sleep_until(wake_at) => Due::Wake,
            () = timers.earlier() => Due::Wake,
            _ = sweep.tick() => Due::Sweep,
            _ = snapshots.tick() => Due::Snapshots,
        };
        let Some(groups) = groups.upgrade() else {
            return;
        };
        match due {
            Due::Wake => groups.wake_due(),
            Due::Sweep => groups.sweep(),
            Due::Snapshots => groups.save_snapshots().await,
        }
    }
}

impl Groups {
    fn pace(&self) -> (Arc<Timers>, Duration) {
        (
            Arc::clone(&self.timers),
            self.settings.check_interval.max(RETRY),
        )
    }

    fn next_wake(&self) -> Instant {
        let longest = self.now().tick + LONGEST_SLEEP;
        self.instant(self.timers.next().map_or(longest, |at| at.min(longest)))
    }

    /// Wakes every group whose time has come.
    pub(super) fn wake_due(&self) {
        let now = self.now().tick;
        while let Some(id) = self.timers.take_due(now) {
            let woken = self.with(&id, false, |slot, now| {
                slot.armed = None;
                let done = slot.run(now, Event::Tick);
                if done.is_err() {
                    slot.armed = Some(now.tick + RETRY);
                    self.timers.rearm(&id, None, slot.armed);
                }
            });
            // A group that went meanwhile has nothing to be woken for.
            drop(woken);
        }
    }

    /// Removes offsets that ran out and groups of which nothing is left.
    pub(super) fn sweep(&self) {
        let retention_ms = i64::try_from(self.settings.retention.as_millis()).unwrap_or(i64::MAX);
        for id in self.ids() {
            let swept = self.with(&id, false, |slot, now| slot.expire(now, retention_ms));
            if let Ok(Err(error)) = swept {
                tracing::warn!(group = id, "expire offsets: {error}");
            }
        }
    }
}
