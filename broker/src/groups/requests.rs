//! The requests the coordinator serves, one by one.
//!
//! It must not know how a group decides: it finds the group, hands over, and holds the answer.

use wire::Uuid;

use super::coordinator::Groups;
use super::error::GroupError;
use super::event::{Event, Identity, Join, Joined, Leaver, Reply, Sync, Synced, Token};
use super::group::View;
use super::journal::Barrier;
use super::offsets::{Commit, Offsets};
use super::records::OffsetValue;
use super::slot::CommitTerms;

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

impl Groups {
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
        let terms = CommitTerms {
            metadata_max_bytes: self.settings.metadata_max_bytes,
            lifetime_ms,
            is_full: self.check_room().is_err(),
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
        for journal in self.journals() {
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
    /// durable. What is committed for it later, or stays because of a crash, has its id: it counts for no topic that is made
    /// again under the name, and goes at load time.
    ///
    /// # Errors
    /// Some are still there.
    pub async fn forget_topic(&self, topic: &str, topic_id: Uuid) -> Result<(), GroupError> {
        let is_gone = |of: &str, value: &OffsetValue| of == topic && value.is_of(topic_id);
        for id in self.ids() {
            match self.with(&id, false, |slot, now| slot.forget(now, is_gone)) {
                Ok(barrier) => barrier?.pass().await?,
                Err(GroupError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
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

    fn check_id(&self, group: &str) -> Result<(), GroupError> {
        self.check_loaded()?;
        if group.is_empty() {
            Err(GroupError::InvalidGroupId)
        } else {
            Ok(())
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
