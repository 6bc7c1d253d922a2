//! When which group has to be woken: at most one time per group, so it is bounded by the groups.
//!
//! It must not know what a group does then.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// The times, on the coordinator's monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// A std mutex: held for one lookup, never across an await.
    queue: Mutex<BTreeSet<(Duration, String)>>,
    earlier: Notify,
}

impl Timers {
    /// Moves the time of `id` from `old` to `new`.
    pub(super) fn rearm(&self, id: &str, old: Option<Duration>, new: Option<Duration>) {
        let mut queue = self.lock();
        if let Some(old) = old {
            queue.remove(&(old, id.to_owned()));
        }
        if let Some(new) = new {
            let first = queue.first().map(|(at, _)| *at);
            queue.insert((new, id.to_owned()));
            if first.is_none_or(|first| new < first) {
                self.earlier.notify_one();
            }
        }
    }

    /// The earliest time.
    pub(super) fn next(&self) -> Option<Duration> {
        self.lock().first().map(|(at, _)| *at)
    }

    /// Waits until an earlier time than all others was set.
    pub(super) async fn earlier(&self) {
        self.earlier.notified().await;
    }

    /// Takes one whose time has come.
    pub(super) fn take_due(&self, now: Duration) -> Option<String> {
        let mut queue = self.lock();
        let due = queue.first().is_some_and(|(at, _)| *at <= now);
        if due {
            queue.pop_first().map(|(_, id)| id)
        } else {
            None
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<(Duration, String)>> {
        // Nothing in here can be half done: a poisoned lock is as good as any.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_comes_first_and_a_moved_one_only_once() {
        let at = |seconds| Some(Duration::from_secs(seconds));
        let timers = Timers::default();
        timers.rearm("a", None, at(5));
        timers.rearm("b", None, at(3));
        timers.rearm("a", at(5), at(1));
        assert_eq!(timers.next(), at(1));
        let now = Duration::from_secs(4);
        assert_eq!(timers.take_due(now).as_deref(), Some("a"));
        assert_eq!(timers.take_due(now).as_deref(), Some("b"));
        assert_eq!(timers.take_due(Duration::from_secs(9)), None);
        timers.rearm("c", None, at(20));
        timers.rearm("c", at(20), None);
        assert_eq!(timers.next(), None);
    }
}
