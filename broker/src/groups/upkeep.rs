//! What the coordinator does by itself: wakes groups whose time has come, removes what ran out.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval_at, sleep_until};

use super::coordinator::Groups;
use super::event::Event;

/// When the log refuses a record that time asks for, it is asked again after this long.
const RETRY: Duration = Duration::from_secs(1);
/// The timer task looks at least this often; a bound for the sleep, not a period that matters.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);

impl Groups {
    /// Runs until it is dropped; the caller stops it with the broker.
    pub async fn run(&self) {
        let period = self.settings.check_interval.max(RETRY);
        let mut sweep = interval_at(tokio::time::Instant::now() + period, period);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let wake_at = self
                .timers
                .next()
                .unwrap_or(self.now().tick + LONGEST_SLEEP);
            tokio::select! {
                () = sleep_until(self.instant(wake_at)) => self.wake_due(),
                () = self.timers.earlier() => {}
                _ = sweep.tick() => self.sweep(),
            }
        }
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
