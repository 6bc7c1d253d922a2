//! The running coordinator: finds the group a request is for, lets it happen, holds the answer until
//! what it depends on is durable.
//!
//! Every group has a lock of its own (std: held for one step, never across an await; steps do no
//! I/O, and the log's append never waits), so groups do not wait for each other and no queue is
//! needed between sockets and state. It must not know sockets, error codes or topics' settings.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::error::GroupError;
use super::event::Now;
use super::group::{Group, Phase};
use super::journal::{Journal, Journals};
use super::offsets::Offsets;
use super::records::GroupValue;
use super::settings::GroupSettings;
use super::slot::Slot;
use super::snapshot::Snapshots;
use super::timers::Timers;
use crate::clock::Clock;

/// How often a group that was just closed is looked up again before giving up.
const LOOKUPS: usize = 4;

/// The group coordinator; shared behind an `Arc`.
#[derive(Debug)]
pub struct Groups {
    pub(super) settings: GroupSettings,
    clock: Clock,
    started: Instant,
    /// Set once what the log held was taken in.
    loaded: AtomicBool,
    /// Set once `__consumer_offsets` exists.
    pub(super) journals: OnceLock<Journals>,
    /// A std mutex: held for one lookup, never across an await. Never taken while a slot's is held.
    slots: Mutex<HashMap<String, Arc<Mutex<Slot>>>>,
    pub(super) timers: Arc<Timers>,
    pub(super) snapshots: Snapshots,
    held_bytes: AtomicUsize,
}

impl Groups {
    /// A coordinator that answers [`GroupError::Loading`] until it was loaded.
    pub fn new(settings: GroupSettings, clock: Clock) -> Self {
        Self {
            settings,
            clock,
            started: Instant::now(),
            loaded: AtomicBool::new(false),
            journals: OnceLock::new(),
            slots: Mutex::default(),
            timers: Arc::default(),
            snapshots: Snapshots::default(),
            held_bytes: AtomicUsize::new(0),
        }
    }

    /// Lets nobody in any more, and answers all that waits: look for a coordinator again.
    pub fn close(&self) {
        self.loaded.store(false, Ordering::Release);
        for id in self.ids() {
            drop(self.with(&id, false, |slot, _| slot.refuse_waiting()));
        }
    }

    /// Whether `__consumer_offsets` is there to write to.
    pub fn is_attached(&self) -> bool {
        self.journals.get().is_some()
    }

    /// Gives it somewhere to write to; only the first call counts.
    pub(super) fn attach(&self, journals: Journals) {
        // Two first requests at one moment bring the same topic.
        drop(self.journals.set(journals));
    }

    /// From now on requests are answered.
    pub(super) fn open(&self) {
        self.loaded.store(true, Ordering::Release);
    }

    /// Now, on both clocks.
    pub(super) fn now(&self) -> Now {
        Now {
            tick: self.started.elapsed(),
            unix_ms: self.clock.now_ms(),
        }
    }

    /// The moment `tick` stands for.
    pub(super) fn instant(&self, tick: Duration) -> Instant {
        self.started + tick
    }

    /// The ids of all groups.
    pub(super) fn ids(&self) -> Vec<String> {
        locked(&self.slots).keys().cloned().collect()
    }

    /// Lets `act` work on a group.
    ///
    /// # Errors
    /// [`GroupError::NotFound`] when there is none and it shall not be created.
    pub(super) fn with<T>(
        &self,
        id: &str,
        create: bool,
        act: impl FnOnce(&mut Slot, Now) -> T,
    ) -> Result<T, GroupError> {
        for _ in 0..LOOKUPS {
            let shared = self.find(id, create)?;
            let mut slot = locked(&shared);
            if slot.group.phase() == Phase::Dead {
                drop(slot);
                self.forget(id, &shared);
                continue;
            }
            let result = act(&mut slot, self.now());
            let over = self.settle(id, &mut slot);
            drop(slot);
            if over {
                self.forget(id, &shared);
            }
            return Ok(result);
        }
        Err(GroupError::Unavailable)
    }

    /// Puts in a group that was read from the log.
    pub(super) fn restore(&self, id: &str, value: Option<GroupValue>, held: Offsets) {
        let Some(journals) = self.journals.get() else {
            return;
        };
        let terms = (self.settings.limits, self.now());
        let mut slot = Slot::restore(id, journals.of(id), value, terms);
        slot.offsets = held;
        self.settle(id, &mut slot);
        locked(&self.slots).insert(id.to_owned(), Arc::new(Mutex::new(slot)));
    }

    /// The partitions it writes to; none before the topic is there.
    pub(super) fn journals(&self) -> impl Iterator<Item = &Arc<dyn Journal>> {
        self.journals.get().into_iter().flat_map(Journals::iter)
    }

    fn find(&self, id: &str, create: bool) -> Result<Arc<Mutex<Slot>>, GroupError> {
        let mut slots = locked(&self.slots);
        if let Some(found) = slots.get(id) {
            return Ok(Arc::clone(found));
        }
        if !create {
            return Err(GroupError::NotFound);
        }
        let journals = self.journals.get().ok_or(GroupError::Unavailable)?;
        let group = Group::new(id, self.settings.limits, self.now());
        let slot = Arc::new(Mutex::new(Slot::new(id, journals.of(id), group)));
        slots.insert(id.to_owned(), Arc::clone(&slot));
        Ok(slot)
    }

    fn forget(&self, id: &str, slot: &Arc<Mutex<Slot>>) {
        let mut slots = locked(&self.slots);
        if slots.get(id).is_some_and(|found| Arc::ptr_eq(found, slot)) {
            slots.remove(id);
        }
    }

    /// Brings timers and the count of bytes up to date; true when the group is over.
    fn settle(&self, id: &str, slot: &mut Slot) -> bool {
        if !slot.changed {
            return false;
        }
        slot.changed = false;
        let over = slot.close_if_unused() || slot.group.phase() == Phase::Dead;
        let wake_at = if over { None } else { slot.group.wake_at() };
        // A time that moved on is left: the group looks again when it comes.
        let due_earlier = match (slot.armed, wake_at) {
            (Some(armed), Some(wake_at)) => wake_at < armed,
            (armed, wake_at) => armed.is_some() != wake_at.is_some(),
        };
        if due_earlier {
            self.timers.rearm(id, slot.armed, wake_at);
            slot.armed = wake_at;
        }
        let weight = if over { 0 } else { slot.weigh() };
        self.held_bytes.fetch_add(weight, Ordering::Relaxed);
        self.held_bytes.fetch_sub(slot.weight, Ordering::Relaxed);
        slot.weight = weight;
        over
    }

    pub(super) fn check_loaded(&self) -> Result<(), GroupError> {
        if self.loaded.load(Ordering::Acquire) {
            Ok(())
        } else {
            Err(GroupError::Loading)
        }
    }

    pub(super) fn check_room(&self) -> Result<(), GroupError> {
        let held = self.held_bytes.load(Ordering::Relaxed);
        if held < self.settings.max_bytes {
            Ok(())
        } else {
            Err(GroupError::CoordinatorFull)
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A step that panicked answered nobody; what it left is no worse than before.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
