//! Which object is looked at next: a queue that holds every object once, with its time, its turn and
//! its failures. Pure: time is an argument.
//!
//! Knows names and times. A burst of wakes costs nothing: memory is bound by the number of objects.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use tokio::time::Instant;

use crate::names::ObjectName;

/// The wait after a first failure.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// The longest wait after failures in a row.
const LAST_BACKOFF: Duration = Duration::from_mins(5);

/// The queue of one kind.
#[derive(Debug, Default)]
pub struct Queue {
    entries: HashMap<ObjectName, Entry>,
    due: BTreeSet<(Instant, ObjectName)>,
    running: usize,
}

#[derive(Debug, Default)]
struct Entry {
    /// When its turn is; while it runs, when it wants another.
    due: Option<Instant>,
    running: bool,
    failures: u32,
    /// A wake does not bring its turn before this: an object that fails must not run hot.
    not_before: Option<Instant>,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Well; the next one is after this time at the latest.
    Done(Duration),
    /// With a fault.
    Failed,
    /// The object is no longer there.
    Gone,
}

impl Queue {
    /// Asks for a turn at `at`; an earlier one that is due stands.
    pub fn wake(&mut self, name: &ObjectName, at: Instant) {
        let entry = self.entries.entry(name.clone()).or_default();
        let at = entry.not_before.map_or(at, |earliest| earliest.max(at));
        if entry.due.is_some_and(|due| due <= at) {
            return;
        }
        let before = entry.due.replace(at);
        if !entry.running {
            if let Some(before) = before {
                self.due.remove(&(before, name.clone()));
            }
            self.due.insert((at, name.clone()));
        }
    }

    /// Takes the object whose turn has come longest ago; it runs until [`Self::end`].
    pub fn take(&mut self, now: Instant) -> Option<ObjectName> {
        if self.due.first()?.0 > now {
            return None;
        }
        let (_, name) = self.due.pop_first()?;
        let entry = self.entries.get_mut(&name)?;
        entry.due = None;
        entry.running = true;
        self.running += 1;
        Some(name)
    }

    /// Ends a turn. Answers when the next one is, unless the object is gone and nobody asked again.
    pub fn end(&mut self, name: &ObjectName, turn: Turn, now: Instant) -> Option<Instant> {
        let entry = self.entries.get_mut(name)?;
        if std::mem::replace(&mut entry.running, false) {
            self.running -= 1;
        }
        let asked = entry.due.take();
        entry.not_before = None;
        entry.failures = match turn {
            Turn::Failed => entry.failures.saturating_add(1),
            Turn::Done(_) | Turn::Gone => 0,
        };
        let next = match turn {
            Turn::Done(wait) => Some(now + wait),
            Turn::Failed => {
                entry.not_before = Some(now + FIRST_BACKOFF);
                Some(now + backoff(entry.failures, spread(name, entry.failures)))
            }
            Turn::Gone => None,
        };
        let earliest = entry.not_before;
        let asked = asked.map(|at| earliest.map_or(at, |earliest| earliest.max(at)));
        let Some(next) = asked.into_iter().chain(next).min() else {
            self.entries.remove(name);
            return None;
        };
        entry.due = Some(next);
        self.due.insert((next, name.clone()));
        Some(next)
    }

    /// When the next turn is.
    pub fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// How many objects wait for a turn that has come.
    pub fn depth(&self, now: Instant) -> usize {
        self.due.iter().take_while(|(at, _)| *at <= now).count()
    }

    /// How many objects have their turn now.
    pub fn running(&self) -> usize {
        self.running
    }
}

/// The wait after the given number of failures in a row: twice as long each time, and up to a fifth
/// more by `spread` (0 to 1), so that objects that failed together do not come back together.
pub fn backoff(failures: u32, spread: f64) -> Duration {
    let doubled = FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(LAST_BACKOFF).mul_f64(1.0 + 0.2 * spread)
}

/// A number from 0 to 1 that differs between objects and attempts and is always the same for one:
/// spread without a source of randomness.
pub fn spread(name: &ObjectName, attempt: u32) -> f64 {
    let text = format!("{name}/{attempt}");
    let hash = super::difference::fingerprint(text.as_bytes());
    f64::from(u32::try_from(hash >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> ObjectName {
        ObjectName {
            namespace: "default".into(),
            name: name.into(),
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn many_wakes_are_one_turn_in_order_of_time() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.wake(&name("late"), now + SECOND);
        for _ in 0..1000 {
            queue.wake(&name("b"), now);
        }
        queue.wake(&name("late"), now + 2 * SECOND);
        assert_eq!(queue.depth(now), 1);
        assert_eq!(queue.take(now), Some(name("b")));
        assert_eq!(queue.take(now), None);
        assert_eq!(queue.take(now + SECOND), Some(name("late")));
        assert_eq!(queue.take(now + 9 * SECOND), None);
    }

    #[test]
    fn an_object_runs_once_at_a_time_and_again_if_it_was_woken() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.wake(&name("a"), now);
        assert_eq!(queue.take(now), Some(name("a")));
        queue.wake(&name("a"), now);
        assert_eq!((queue.take(now), queue.running()), (None, 1));
        queue.end(&name("a"), Turn::Done(60 * SECOND), now);
        assert_eq!(queue.take(now), Some(name("a")));
        assert_eq!(
            queue.end(&name("a"), Turn::Done(60 * SECOND), now),
            Some(now + 60 * SECOND)
        );
        assert_eq!((queue.take(now), queue.running()), (None, 0));
    }

    #[test]
    fn failures_wait_longer_and_longer_and_a_wake_does_not_run_hot() {
        let (mut queue, mut now) = (Queue::default(), Instant::now());
        let mut waits = Vec::new();
        queue.wake(&name("a"), now);
        for _ in 0..11 {
            queue.take(now).unwrap();
            let next = queue.end(&name("a"), Turn::Failed, now).unwrap();
            waits.push((next - now).as_secs());
            now = next;
        }
        assert!(waits[0] <= 1 && waits.is_sorted(), "{waits:?}");
        assert!((300..=360).contains(&waits[10]), "{waits:?}");

        queue.wake(&name("a"), now - SECOND);
        queue.take(now).unwrap();
        queue.end(&name("a"), Turn::Failed, now);
        queue.wake(&name("a"), now);
        assert_eq!(queue.next(), Some(now + SECOND));
        queue.take(now + SECOND).unwrap();
        queue.end(&name("a"), Turn::Done(60 * SECOND), now);
        queue.wake(&name("a"), now);
        queue.take(now).unwrap();
        let next = queue.end(&name("a"), Turn::Failed, now).unwrap();
        assert!(next - now < 2 * SECOND, "success did not end the back-off");
    }

    #[test]
    fn an_object_that_is_gone_leaves_nothing_unless_it_came_back() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.wake(&name("a"), now);
        queue.take(now).unwrap();
        assert_eq!(queue.end(&name("a"), Turn::Gone, now), None);
        assert!(queue.entries.is_empty() && queue.due.is_empty());
        queue.wake(&name("a"), now);
        queue.take(now).unwrap();
        queue.wake(&name("a"), now);
        assert_eq!(queue.end(&name("a"), Turn::Gone, now), Some(now));
    }
}
