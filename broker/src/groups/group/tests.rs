//! Goal: every transition of a classic group answers as Kafka's coordinator does. Method: a table of
//! requests against one group with a clock that only the test moves; random walks in `walks`.

use super::*;
use crate::groups::event::{Join, Joined, Leaver, Protocol, Sync, Synced};
use crate::groups::records::Record;
use bytes::Bytes;

mod joins;
mod leaves;
mod restarts;
mod statics;
mod walks;

const SESSION_MS: i32 = 10_000;
const REBALANCE_MS: i32 = 60_000;

/// One group, a clock, and numbers for requests and ids.
pub(super) struct Bench {
    pub(super) group: Group,
    pub(super) now: Now,
    pub(super) next: u64,
    pub(super) effects: Vec<Effect>,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(super) fn with(limits: Limits) -> Self {
        let now = Now {
            tick: Duration::from_secs(1),
            unix_ms: 1_000,
        };
        Self {
            group: Group::new("g", limits, now),
            now,
            next: 0,
            effects: Vec::new(),
        }
    }

    pub(super) fn token(&mut self) -> Token {
        self.next += 1;
        Token(self.next)
    }

    pub(super) fn step(&mut self, event: Event) -> &[Effect] {
        self.effects = self.group.step(self.now, event);
        &self.effects
    }

    pub(super) fn pass(&mut self, millis: u64) -> &[Effect] {
        self.now.tick += Duration::from_millis(millis);
        self.now.unix_ms += i64::try_from(millis).unwrap();
        self.step(Event::Tick)
    }

    pub(super) fn join(&mut self, join: Join) -> Token {
        let token = self.token();
        self.step(Event::Join(token, Box::new(join)));
        token
    }

    pub(super) fn sync(&mut self, who: Identity, assignments: &[(&str, &'static str)]) -> Token {
        let token = self.token();
        let assignments = assignments
            .iter()
            .map(|(id, assignment)| ((*id).to_owned(), Bytes::from_static(assignment.as_bytes())))
            .collect();
        let sync = Sync {
            who,
            protocol_type: None,
            protocol: None,
            assignments,
        };
        self.step(Event::Sync(token, sync));
        token
    }

    pub(super) fn heartbeat(&mut self, who: Identity) -> Result<(), GroupError> {
        let token = self.token();
        self.step(Event::Heartbeat(token, who));
        match self.reply(token) {
            Some(Reply::Heartbeat(verdict)) => verdict,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn leave(
        &mut self,
        leavers: &[(&str, Option<&str>)],
    ) -> Vec<Result<(), GroupError>> {
        let token = self.token();
        let leavers = leavers.iter().map(|(member_id, instance_id)| Leaver {
            member_id: (*member_id).to_owned(),
            instance_id: instance_id.map(str::to_owned),
        });
        self.step(Event::Leave(token, leavers.collect()));
        match self.reply(token) {
            Some(Reply::Leave(Ok(verdicts))) => verdicts,
            other => panic!("{other:?}"),
        }
    }

    /// The answer to a request among the effects of the last step.
    pub(super) fn reply(&self, token: Token) -> Option<Reply> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Reply(to, reply) if *to == token => Some(reply.clone()),
            _ => None,
        })
    }

    pub(super) fn joined(&self, token: Token) -> Joined {
        match self.reply(token) {
            Some(Reply::Join(Ok(joined))) => joined,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn refused(&self, token: Token) -> GroupError {
        match self.reply(token) {
            Some(Reply::Join(Err(error)) | Reply::Sync(Err(error))) => error,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn synced(&self, token: Token) -> Synced {
        match self.reply(token) {
            Some(Reply::Sync(Ok(synced))) => synced,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn records(&self) -> Vec<Record> {
        let records = self.effects.iter().filter_map(|effect| match effect {
            Effect::Append(record) => Some(record.clone()),
            Effect::Reply(..) => None,
        });
        records.collect()
    }

    /// `a` and `b` are in, `a` leads, generation 2 is stable.
    pub(super) fn stable_pair() -> Self {
        let mut bench = Self::new();
        bench.join(first("a"));
        bench.join(first("b"));
        let a = bench.join(again("a"));
        assert_eq!(bench.joined(a).generation, 2);
        bench.sync(who("b", 2), &[]);
        bench.sync(who("a", 2), &[("a", "p0"), ("b", "p1")]);
        assert_eq!(bench.group.phase(), Phase::Stable);
        bench
    }
}

/// The first join of a dynamic member that needs no second step and will be called `id`.
pub(super) fn first(id: &str) -> Join {
    Join {
        member_id: String::new(),
        instance_id: None,
        client_id: "client".into(),
        client_host: "/127.0.0.1".into(),
        session_timeout_ms: SESSION_MS,
        rebalance_timeout_ms: REBALANCE_MS,
        protocol_type: "consumer".into(),
        protocols: protocols(&["range"]),
        fresh_id: id.into(),
        two_step: false,
        may_skip_assignment: true,
    }
}

/// A join of the known member `id`.
pub(super) fn again(id: &str) -> Join {
    Join {
        member_id: id.into(),
        ..first("unused")
    }
}

/// A first join of a static member that will be called `id`.
pub(super) fn fixed(instance_id: &str, id: &str) -> Join {
    Join {
        instance_id: Some(instance_id.into()),
        ..first(id)
    }
}

pub(super) fn protocols(names: &[&str]) -> Vec<Protocol> {
    let protocol = |name: &&str| Protocol {
        name: (*name).to_owned(),
        metadata: Bytes::copy_from_slice(name.as_bytes()),
    };
    names.iter().map(protocol).collect()
}

pub(super) fn who(member_id: &str, generation: i32) -> Identity {
    Identity {
        member_id: member_id.into(),
        instance_id: None,
        generation,
    }
}

#[test]
fn commits_are_taken_as_kafka_takes_them() {
    let simple = who("", -1);
    let mut bench = Bench::new();
    let now = bench.now;
    assert_eq!(
        bench.group.accept_commit(now, &simple),
        Ok(()),
        "an empty group"
    );
    assert_eq!(
        bench.group.accept_commit(now, &who("x", 1)),
        Err(GroupError::UnknownMember)
    );

    bench = Bench::stable_pair();
    let cases = [
        (who("a", 2), Ok(())),
        (simple, Err(GroupError::UnknownMember)),
        (who("a", 1), Err(GroupError::IllegalGeneration)),
        (who("a", -1), Err(GroupError::IllegalGeneration)),
        (who("x", 2), Err(GroupError::UnknownMember)),
    ];
    for (identity, expected) in cases {
        assert_eq!(
            bench.group.accept_commit(now, &identity),
            expected,
            "{identity:?}"
        );
    }

    bench.join(again("a"));
    assert_eq!(bench.group.phase(), Phase::PreparingRebalance);
    assert_eq!(
        bench.group.accept_commit(now, &who("b", 2)),
        Ok(()),
        "while members gather"
    );
    bench.join(again("b"));
    assert_eq!(bench.group.phase(), Phase::CompletingRebalance);
    let verdict = bench.group.accept_commit(now, &who("b", 3));
    assert_eq!(verdict, Err(GroupError::RebalanceInProgress));
    let verdict = bench.group.accept_commit(now, &who("b", 2));
    assert_eq!(verdict, Err(GroupError::IllegalGeneration));
}

#[test]
fn a_commit_keeps_the_session_alive() {
    let mut bench = Bench::stable_pair();
    for _ in 0..4 {
        bench.pass(9_000);
        let now = bench.now;
        assert_eq!(bench.heartbeat(who("b", 2)), Ok(()));
        assert_eq!(bench.group.accept_commit(now, &who("a", 2)), Ok(()));
    }
    assert_eq!(bench.group.phase(), Phase::Stable);
}

#[test]
fn heartbeats_tell_of_the_phase() {
    let mut bench = Bench::stable_pair();
    assert_eq!(bench.heartbeat(who("a", 2)), Ok(()));
    assert_eq!(
        bench.heartbeat(who("a", 1)),
        Err(GroupError::IllegalGeneration)
    );
    assert_eq!(bench.heartbeat(who("x", 2)), Err(GroupError::UnknownMember));
    bench.join(again("a"));
    assert_eq!(
        bench.heartbeat(who("b", 2)),
        Err(GroupError::RebalanceInProgress)
    );
    bench.join(again("b"));
    assert_eq!(bench.heartbeat(who("b", 3)), Ok(()), "between the phases");
}

#[test]
fn only_an_empty_group_is_deleted() {
    let mut bench = Bench::stable_pair();
    let delete = |bench: &mut Bench| {
        let token = bench.token();
        bench.step(Event::Delete(token));
        bench.reply(token)
    };
    assert_eq!(
        delete(&mut bench),
        Some(Reply::Delete(Err(GroupError::NotEmpty)))
    );
    bench.leave(&[("a", None), ("b", None)]);
    assert_eq!(delete(&mut bench), Some(Reply::Delete(Ok(()))));
    assert_eq!(bench.records(), [Record::Group("g".into(), None)]);
    assert_eq!(
        delete(&mut bench),
        Some(Reply::Delete(Err(GroupError::NotFound)))
    );
    let late = bench.join(first("c"));
    assert_eq!(
        bench.refused(late),
        GroupError::Unavailable,
        "look the group up again"
    );
}

#[test]
fn topics_of_the_members_are_read_from_their_subscriptions() {
    let mut bench = Bench::new();
    let subscription = Bytes::from_static(b"\0\0\0\0\0\x01\0\x06orders");
    let protocol = Protocol {
        name: "range".into(),
        metadata: subscription,
    };
    bench.join(Join {
        protocols: vec![protocol],
        ..first("a")
    });
    assert_eq!(bench.group.subscribed_topics(), None, "not stable yet");
    bench.sync(who("a", 1), &[("a", "p0")]);
    assert_eq!(
        bench.group.subscribed_topics(),
        Some(vec!["orders".to_owned()])
    );
    assert_eq!(
        Bench::stable_pair().group.subscribed_topics(),
        None,
        "not a subscription"
    );
}
