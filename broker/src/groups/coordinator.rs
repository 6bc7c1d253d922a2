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
use super::event::{Event, Identity, Join, Joined, Leaver, Now, Reply, Sync, Synced, Token};
use super::group::{Group, Limits, Phase, View};
use super::journal::{Barrier, Journals};
use super::offsets::{Commit, Offsets};
use super::slot::{CommitTerms, Slot};
use super::timers::Timers;
use crate::clock::Clock;
use crate::settings::BrokerConfig;

/// How often a group that was just closed is looked up again before giving up.
const LOOKUPS: usize = 4;

/// What the coordinator is started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSettings {
    /// Bounds of every group.
    pub limits: Limits,
    /// `offset.metadata.max.bytes`.
    pub metadata_max_bytes: usize,
    /// `offsets.retention.minutes`.
    pub retention: Duration,
    /// `offsets.retention.check.interval.ms`.
    pub check_interval: Duration,
    /// Memory that all groups together may take; above it joins of new members and commits are
    /// refused until some leave or expire.
    pub max_bytes: usize,
}

impl GroupSettings {
    /// As the broker is set.
    pub fn new(config: &BrokerConfig) -> Self {
        let defaults = Self::default();
        let millis = |time: Duration| i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
        Self {
            limits: Limits {
                max_size: config.group_max_size,
                initial_delay: config.group_initial_rebalance_delay,
                min_session_ms: millis(config.group_min_session_timeout),
                max_session_ms: millis(config.group_max_session_timeout),
                ..defaults.limits
            },
            metadata_max_bytes: config.offset_metadata_max_bytes,
            retention: config.offsets_retention,
            check_interval: config.offsets_retention_check_interval,
            ..defaults
        }
    }
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            metadata_max_bytes: 4096,
            retention: Duration::from_hours(7 * 24),
            check_interval: Duration::from_mins(10),
            max_bytes: 64 << 20,
        }
    }
}

/// One line of a list of groups.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Group id.
    pub id: String,
    /// Empty for a group that only holds offsets.
    pub protocol_type: String,
    /// Kafka's name of its phase.
    pub phase: &'static str,
}

/// The group coordinator; shared behind an `Arc`.
#[derive(Debug)]
pub struct Groups {
    pub(super) settings: GroupSettings,
    clock: Clock,
    started: Instant,
    /// Set once what the log held was taken in.
    loaded: AtomicBool,
    /// Set once `__consumer_offsets` exists.
    journals: OnceLock<Journals>,
    /// A std mutex: held for one lookup, never across an await. Never taken while a slot's is held.
    slots: Mutex<HashMap<String, Arc<Mutex<Slot>>>>,
    pub(super) timers: Arc<Timers>,
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
            held_bytes: AtomicUsize::new(0),
        }
    }

    /// Enters a group; returns when its next generation begins.
    ///
    /// # Errors
    /// What the join is refused with.
    pub async fn join(&self, group: &str, join: Join) -> Result<Joined, GroupError> {
        self.check_id(group)?;
        let create = join.member_id.is_empty();
        if create {
            self.check_room()?;
        }
        let reply = self
            .ask(group, create, |token| Event::Join(token, Box::new(join)))
            .await;
        match reply.map_err(unknown_member)? {
            Reply::Join(verdict) => verdict,
            _ => Err(GroupError::Unavailable),
        }
    }

    /// Brings or fetches assignments; returns when the leader has brought them.
    ///
    /// # Errors
    /// What the sync is refused with.
    pub async fn sync(&self, group: &str, sync: Sync) -> Result<Synced, GroupError> {
        self.check_id(group)?;
        let reply = self
            .ask(group, false, |token| Event::Sync(token, sync))
            .await;
        match reply.map_err(unknown_member)? {
            Reply::Sync(verdict) => verdict,
            _ => Err(GroupError::Unavailable),
        }
    }

    /// A sign of life.
    ///
    /// # Errors
    /// What the member has to do instead.
    pub async fn heartbeat(&self, group: &str, who: Identity) -> Result<(), GroupError> {
        self.check_id(group)?;
        let reply = self
            .ask(group, false, |token| Event::Heartbeat(token, who))
            .await;
        match reply.map_err(unknown_member)? {
            Reply::Heartbeat(verdict) => verdict,
            _ => Err(GroupError::Unavailable),
        }
    }

    /// Takes members out; one verdict per leaver, in order.
    ///
    /// # Errors
    /// Nobody was taken out.
    pub async fn leave(
        &self,
        group: &str,
        leavers: Vec<Leaver>,
    ) -> Result<Vec<Result<(), GroupError>>, GroupError> {
        self.check_id(group)?;
        let count = leavers.len();
        match self
            .ask(group, false, |token| Event::Leave(token, leavers))
            .await
        {
            Ok(Reply::Leave(verdicts)) => verdicts,
            Ok(_) => Err(GroupError::Unavailable),
            Err(GroupError::NotFound) => Ok(vec![Err(GroupError::UnknownMember); count]),
            Err(error) => Err(error),
        }
    }

    /// Keeps offsets; one verdict per commit, in order. `lifetime_ms` is what a client of
    /// `OffsetCommit` v2-4 asked for.
    ///
    /// # Errors
    /// Nothing was kept.
    pub async fn commit(
        &self,
        group: &str,
        who: &Identity,
        commits: Vec<Commit>,
        lifetime_ms: Option<i64>,
    ) -> Result<Vec<Result<(), GroupError>>, GroupError> {
        self.check_loaded()?;
        self.check_room()?;
        let terms = CommitTerms {
            metadata_max_bytes: self.settings.metadata_max_bytes,
            lifetime_ms,
        };
        let create = who.generation < 0;
        let kept = self.with(group, create, |slot, now| {
            slot.commit(now, who, commits, terms)
        });
        match kept {
            Ok(held) => held?.release().await,
            Err(GroupError::NotFound) => Err(GroupError::IllegalGeneration),
            Err(error) => Err(error),
        }
    }

    /// Lets `read` look at the offsets of a group; one that does not exist has none.
    ///
    /// # Errors
    /// Nothing can be said now; never a guess.
    pub async fn offsets<T>(
        &self,
        group: &str,
        read: impl FnOnce(&Offsets) -> T,
    ) -> Result<T, GroupError> {
        self.check_loaded()?;
        let mut read = Some(read);
        let found = self.with(group, false, |slot, _| {
            read.take().map(|read| slot.hold(read(&slot.offsets)))
        });
        match (found, read) {
            (Ok(Some(held)), _) => held.release().await,
            (Err(GroupError::NotFound), Some(read)) => {
                self.pass_all(group).await?;
                Ok(read(&Offsets::default()))
            }
            (Err(error), _) => Err(error),
            (Ok(None), _) => Err(GroupError::Unavailable),
        }
    }

    /// A group as it is now.
    ///
    /// # Errors
    /// [`GroupError::NotFound`], or nothing can be said now.
    pub async fn describe(&self, group: &str) -> Result<View, GroupError> {
        self.check_loaded()?;
        match self.with(group, false, |slot, _| slot.hold(slot.group.view())) {
            Ok(held) => held.release().await,
            Err(error) => {
                self.pass_all(group).await?;
                Err(error)
            }
        }
    }

    /// All groups, by id.
    ///
    /// # Errors
    /// Nothing can be said now.
    pub async fn list(&self) -> Result<Vec<Listed>, GroupError> {
        self.check_loaded()?;
        let mut listed = Vec::new();
        for id in self.ids() {
            let line = self.with(&id, false, |slot, _| Listed {
                protocol_type: slot.group.protocol_type().unwrap_or_default().to_owned(),
                phase: slot.group.phase().name(),
                id: String::new(),
            });
            listed.extend(line.map(|line| Listed { id, ..line }));
        }
        for journal in self.journals.get().into_iter().flat_map(Journals::iter) {
            Barrier::new(journal, journal.end()).pass().await?;
        }
        listed.sort();
        Ok(listed)
    }

    /// Deletes an empty group and its offsets.
    ///
    /// # Errors
    /// [`GroupError::NotFound`], [`GroupError::NotEmpty`], or nothing happened.
    pub async fn delete(&self, group: &str) -> Result<(), GroupError> {
        self.check_loaded()?;
        match self.ask(group, false, Event::Delete).await? {
            Reply::Delete(verdict) => verdict,
            _ => Err(GroupError::Unavailable),
        }
    }

    /// Removes the offsets that groups hold for a topic that was deleted; returns when that is
    /// durable. A crash before it is made good at load time, when the topic is not there any more.
    ///
    /// # Errors
    /// Some are still there.
    pub async fn forget_topic(&self, topic: &str) -> Result<(), GroupError> {
        for id in self.ids() {
            match self.with(&id, false, |slot, now| slot.forget_topic(now, topic)) {
                Ok(barrier) => barrier?.pass().await?,
                Err(GroupError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
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
    pub(super) fn restore(
        &self,
        id: &str,
        group: impl FnOnce(Now, Limits) -> Group,
        held: Offsets,
    ) {
        let Some(journals) = self.journals.get() else {
            return;
        };
        let mut slot = Slot::new(id, journals.of(id), group(self.now(), self.settings.limits));
        slot.offsets = held;
        self.settle(id, &mut slot);
        locked(&self.slots).insert(id.to_owned(), Arc::new(Mutex::new(slot)));
    }

    async fn ask(
        &self,
        id: &str,
        create: bool,
        event: impl FnOnce(Token) -> Event,
    ) -> Result<Reply, GroupError> {
        self.check_loaded()?;
        let answer = self.with(id, create, |slot, now| slot.ask(now, event))??;
        let held = answer.await.map_err(|_| GroupError::Unavailable)?;
        held.release().await
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

    fn check_loaded(&self) -> Result<(), GroupError> {
        if self.loaded.load(Ordering::Acquire) {
            Ok(())
        } else {
            Err(GroupError::Loading)
        }
    }

    fn check_id(&self, group: &str) -> Result<(), GroupError> {
        self.check_loaded()?;
        if group.is_empty() {
            Err(GroupError::InvalidGroupId)
        } else {
            Ok(())
        }
    }

    fn check_room(&self) -> Result<(), GroupError> {
        let held = self.held_bytes.load(Ordering::Relaxed);
        if held < self.settings.max_bytes {
            Ok(())
        } else {
            Err(GroupError::CoordinatorFull)
        }
    }

    /// Waits until everything written so far to the partition of `group` is durable: that a group is
    /// not there may be news.
    async fn pass_all(&self, group: &str) -> Result<(), GroupError> {
        match self.journals.get().map(|journals| journals.of(group)) {
            Some(journal) => Barrier::new(journal, journal.end()).pass().await,
            None => Ok(()),
        }
    }
}

/// To a member of a group that is not there it is as if it had been expelled.
fn unknown_member(error: GroupError) -> GroupError {
    if error == GroupError::NotFound {
        GroupError::UnknownMember
    } else {
        error
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A step that panicked answered nobody; what it left is no worse than before.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
