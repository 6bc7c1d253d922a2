//! Goal: answers are right, leave only when what they depend on is durable, and survive a restart.
//! Method: a partition on paper whose sync the test holds back, refuses, or lets go.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::AtomicI64;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use tokio::sync::watch;
use wire::Uuid;
use wire::record_batch::{BatchHeader, assign};

use super::*;
use crate::groups::event::{Identity, Join, Leaver, Protocol, Sync};
use crate::groups::group::Limits;
use crate::groups::offsets::Commit;
use crate::groups::upkeep::keep_up;
use crate::log::ReadError;

mod held;
mod restarts;
mod served;

/// A partition that lives in memory.
#[derive(Debug, Default)]
pub(super) struct Paper {
    pub(super) batches: Mutex<Vec<Bytes>>,
    pub(super) snapshot: Mutex<Option<(i64, Vec<u8>)>>,
    end: AtomicI64,
    durable: watch::Sender<i64>,
    /// The disk does not come back from its sync.
    pub(super) held: AtomicBool,
    /// Nothing more fits.
    pub(super) full: AtomicBool,
}

impl Paper {
    pub(super) fn sync(&self) {
        self.durable.send_replace(self.end.load(Ordering::SeqCst));
    }

    /// The same disk after the power came back: what was not synced is gone.
    pub(super) fn restarted(&self) -> Arc<Self> {
        let durable = *self.durable.borrow();
        let header = |batch: &Bytes| BatchHeader::parse(batch).unwrap();
        let batches = self.batches.lock().unwrap();
        let kept = batches
            .iter()
            .filter(|batch| header(batch).next_offset() <= durable);
        let paper = Self {
            batches: Mutex::new(kept.cloned().collect()),
            snapshot: Mutex::new(self.snapshot.lock().unwrap().clone()),
            end: AtomicI64::new(durable),
            ..Self::default()
        };
        paper.sync();
        Arc::new(paper)
    }
}

impl Journal for Paper {
    fn append(&self, mut batch: BytesMut) -> Result<i64, GroupError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(GroupError::Unavailable);
        }
        assign(&mut batch, self.end(), 0);
        let batch = batch.freeze();
        let next = BatchHeader::parse(&batch).unwrap().next_offset();
        self.batches.lock().unwrap().push(batch);
        self.end.store(next, Ordering::SeqCst);
        if !self.held.load(Ordering::SeqCst) {
            self.sync();
        }
        Ok(next)
    }

    fn end(&self) -> i64 {
        self.end.load(Ordering::SeqCst)
    }

    fn durable(&self) -> Option<watch::Receiver<i64>> {
        Some(self.durable.subscribe())
    }

    fn read_back(&self, each: &mut dyn FnMut(&[u8])) -> Result<i64, ReadError> {
        let snapshot = self.snapshot.lock().unwrap().clone();
        let from = snapshot.as_ref().map_or(0, |(at, _)| *at);
        if let Some((_, batches)) = snapshot {
            each(&batches);
        }
        for batch in self.batches.lock().unwrap().iter() {
            if BatchHeader::parse(batch).unwrap().next_offset() > from {
                each(batch);
            }
        }
        Ok(from)
    }

    fn save_snapshot(&self, at: i64, batches: Vec<u8>) -> std::io::Result<()> {
        *self.snapshot.lock().unwrap() = Some((at, batches));
        Ok(())
    }
}

pub(super) fn settings() -> GroupSettings {
    let limits = Limits {
        min_session_ms: 1,
        ..Limits::default()
    };
    GroupSettings {
        limits,
        ..GroupSettings::default()
    }
}

/// A coordinator that has read what is on `paper`.
pub(super) fn coordinator(paper: &Arc<Paper>, settings: GroupSettings) -> Arc<Groups> {
    coordinator_at(paper, settings, Clock::standing(1_000))
}

pub(super) fn coordinator_at(
    paper: &Arc<Paper>,
    settings: GroupSettings,
    clock: Clock,
) -> Arc<Groups> {
    let groups = Groups::new(settings, clock);
    let journal: Arc<dyn Journal> = paper.clone();
    groups.attach(Journals::new(vec![journal]).unwrap());
    let id = |topic: &str| (topic != "deleted").then(|| id_of(topic));
    groups.take_in(id).unwrap();
    Arc::new(groups)
}

pub(super) fn join(id: &str) -> Join {
    Join {
        member_id: String::new(),
        instance_id: None,
        client_id: "client".to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        session_timeout_ms: 60_000,
        rebalance_timeout_ms: 60_000,
        protocol_type: "consumer".to_owned(),
        protocols: vec![Protocol {
            name: "range".to_owned(),
            metadata: Bytes::from_static(b"topics"),
        }],
        fresh_id: id.to_owned(),
        two_step: false,
        may_skip_assignment: true,
    }
}

pub(super) fn who(member_id: &str, generation: i32) -> Identity {
    Identity {
        member_id: member_id.to_owned(),
        instance_id: None,
        generation,
    }
}

pub(super) fn sync(member_id: &str, generation: i32, assignment: &'static str) -> Sync {
    Sync {
        who: who(member_id, generation),
        protocol_type: None,
        protocol: None,
        assignments: vec![(
            member_id.to_owned(),
            Bytes::from_static(assignment.as_bytes()),
        )],
    }
}

/// The id that a topic of this name has in these tests.
pub(super) fn id_of(topic: &str) -> Uuid {
    let mut id = [0; 16];
    for (at, byte) in topic.bytes().take(16).enumerate() {
        id[at] = byte;
    }
    Uuid(id)
}

pub(super) fn commit(topic: &str, offset: i64) -> Vec<Commit> {
    vec![Commit {
        topic: topic.to_owned(),
        topic_id: id_of(topic),
        partition: 0,
        offset,
        leader_epoch: 3,
        metadata: "note".to_owned(),
    }]
}

/// The committed offset of partition 0, if there is one.
pub(super) async fn offset(groups: &Groups, group: &str, topic: &str) -> Option<i64> {
    let read = |offsets: &Offsets| offsets.find(topic, 0).map(|value| value.offset);
    groups.offsets(group, read).await.unwrap()
}

/// `member` joined and holds everything.
pub(super) async fn stable(groups: &Groups, group: &str, member: &str) {
    groups.join(group, join(member)).await.unwrap();
    groups.sync(group, sync(member, 1, "all")).await.unwrap();
}

/// Whether the answer has not come yet.
pub(super) async fn waits<T>(future: &mut Pin<&mut impl Future<Output = T>>) -> bool {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}
