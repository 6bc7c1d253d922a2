//! Goal: whatever happens in whatever order, crashes included, the invariants hold. Method: random
//! walks of a few clients that behave and misbehave; after every step:
//!
//! - every request is answered at most once, and all are answered once time has gone by;
//! - generations never go back, not even over a restart;
//! - no two live members got the same partition in one generation (I6);
//! - what is kept is bounded; the next wake-up lies in the future.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::groups::records::GroupValue;

const CLIENTS: usize = 5;

#[derive(Clone, Copy, Debug)]
enum Act {
    /// Joins with the id it has, or a first time; `true` offers other protocols than before.
    Join(usize, bool),
    /// Forgets its id, as a process that starts anew does.
    Forget(usize),
    Sync(usize),
    Heartbeat(usize),
    Leave(usize),
    /// A request with a generation of long ago.
    Stale(usize),
    Pass(u64),
    Crash,
}

fn act() -> impl Strategy<Value = Act> {
    let client = 0..CLIENTS;
    prop_oneof![
        6 => (client.clone(), prop::bool::weighted(0.2)).prop_map(|(n, news)| Act::Join(n, news)),
        1 => client.clone().prop_map(Act::Forget),
        6 => client.clone().prop_map(Act::Sync),
        3 => client.clone().prop_map(Act::Heartbeat),
        1 => client.clone().prop_map(Act::Leave),
        1 => client.prop_map(Act::Stale),
        3 => (0..30_000_u64).prop_map(Act::Pass),
        1 => Just(Act::Crash),
    ]
}

/// What a client knows. Clients 3 and 4 are static members.
#[derive(Clone, Debug, Default)]
struct Client {
    member_id: String,
    generation: i32,
    /// The members it must assign to, if it leads.
    followers: Vec<String>,
}

struct Walk {
    bench: Bench,
    clients: Vec<Client>,
    /// Requests on their way, and whose they are.
    waiting: BTreeMap<Token, usize>,
    durable: Option<GroupValue>,
    /// (generation, partition) → the client that holds it.
    owners: BTreeMap<(i32, String), usize>,
    generation: i32,
    fresh: u64,
}

impl Walk {
    fn new(max_size: usize) -> Self {
        let bench = Bench::with(Limits {
            max_size,
            ..Limits::default()
        });
        let clients = vec![Client::default(); CLIENTS];
        let (waiting, owners) = (BTreeMap::new(), BTreeMap::new());
        Self {
            bench,
            clients,
            waiting,
            durable: None,
            owners,
            generation: 0,
            fresh: 0,
        }
    }

    fn identity(&self, n: usize) -> Identity {
        let client = &self.clients[n];
        Identity {
            member_id: client.member_id.clone(),
            instance_id: (n >= 3).then(|| format!("i{n}")),
            generation: client.generation,
        }
    }

    fn run(&mut self, act: Act) {
        match act {
            Act::Join(n, news) => self.join(n, news),
            Act::Forget(n) => self.clients[n] = Client::default(),
            Act::Sync(n) => {
                let who = self.identity(n);
                let share = |id: &String| (id.clone(), Bytes::from(format!("p-{id}")));
                let assignments = self.clients[n].followers.iter().map(share).collect();
                let sync = Sync {
                    who,
                    protocol_type: None,
                    protocol: None,
                    assignments,
                };
                self.ask(n, |token| Event::Sync(token, sync));
            }
            Act::Heartbeat(n) => {
                let who = self.identity(n);
                self.ask(n, |token| Event::Heartbeat(token, who));
            }
            Act::Leave(n) => {
                let Identity {
                    member_id,
                    instance_id,
                    ..
                } = self.identity(n);
                let leaver = Leaver {
                    member_id,
                    instance_id,
                };
                self.ask(n, |token| Event::Leave(token, vec![leaver]));
            }
            Act::Stale(n) => {
                let who = Identity {
                    generation: 0,
                    ..self.identity(n)
                };
                self.ask(n, |token| Event::Heartbeat(token, who));
            }
            Act::Pass(millis) => {
                self.bench.pass(millis);
                self.look();
                let next = self.bench.group.wake_at();
                assert!(next.is_none_or(|at| at > self.bench.now.tick), "{next:?}");
            }
            Act::Crash => self.crash(),
        }
    }

    fn join(&mut self, n: usize, news: bool) {
        self.fresh += 1;
        let names: &[&str] = if news {
            &["range", "sticky"]
        } else {
            &["range"]
        };
        let join = Join {
            member_id: self.clients[n].member_id.clone(),
            instance_id: self.identity(n).instance_id,
            protocols: protocols(names),
            two_step: n.is_multiple_of(2),
            ..first(&format!("c{n}-{}", self.fresh))
        };
        self.ask(n, |token| Event::Join(token, Box::new(join)));
    }

    fn ask(&mut self, n: usize, event: impl FnOnce(Token) -> Event) {
        let token = self.bench.token();
        self.waiting.insert(token, n);
        let event = event(token);
        let may_append = self.bench.group.may_append(&event);
        self.bench.step(event);
        assert!(
            may_append || self.bench.records().is_empty(),
            "a step that cannot be taken back"
        );
        self.look();
    }

    /// Goes through the effects of the last step.
    fn look(&mut self) {
        for effect in std::mem::take(&mut self.bench.effects) {
            match effect {
                Effect::Append(Record::Group(_, value)) => self.durable = value,
                Effect::Append(other) => panic!("{other:?}"),
                Effect::Reply(token, reply) => {
                    let client = self.waiting.remove(&token);
                    self.hear(client.expect("a request is answered once"), reply);
                }
            }
        }
        let group = &self.bench.group;
        assert!(
            group.generation() >= self.generation,
            "generations never go back"
        );
        self.generation = group.generation();
        assert_eq!(group.leader.is_some(), !group.members.is_empty());
        let preparing = group.phase() == Phase::PreparingRebalance;
        assert_eq!(group.join_deadline.is_some(), preparing);
        assert!(group.members.len() <= 2 * group.limits.max_size);
        assert!(group.pending.len() <= group.limits.max_size);
        let parked: BTreeSet<Token> = group.members.values().filter_map(parked).collect();
        let waiting: BTreeSet<Token> = self.waiting.keys().copied().collect();
        assert_eq!(parked, waiting, "what waits is known to the group");
    }

    fn hear(&mut self, n: usize, reply: Reply) {
        match reply {
            Reply::Join(Ok(joined)) => {
                let client = &mut self.clients[n];
                client.generation = joined.generation;
                client.member_id = joined.member_id;
                let assigns = !joined.skip_assignment;
                let members = joined.members.into_iter().filter(|_| assigns);
                client.followers = members.map(|member| member.member_id).collect();
            }
            Reply::Join(Err(GroupError::MemberIdRequired(id))) => self.clients[n].member_id = id,
            Reply::Sync(Ok(synced)) if !synced.assignment.is_empty() => {
                let partition = String::from_utf8(synced.assignment.to_vec()).unwrap();
                let key = (self.clients[n].generation, partition);
                let owner = *self.owners.entry(key).or_insert(n);
                assert_eq!(owner, n, "one partition, one member");
            }
            Reply::Join(Err(GroupError::UnknownMember | GroupError::FencedInstance))
            | Reply::Heartbeat(Err(GroupError::UnknownMember | GroupError::FencedInstance)) => {
                self.clients[n] = Client::default();
            }
            _ => {}
        }
    }

    /// Only records survive; clients keep what they know.
    fn crash(&mut self) {
        let (now, limits) = (self.bench.now, self.bench.group.limits);
        self.waiting.clear();
        self.bench.group = match self.durable.clone() {
            Some(value) => Group::restore("g", value, limits, now),
            None => Group::new("g", limits, now),
        };
        let group = &self.bench.group;
        let highest = self.owners.keys().map(|(generation, _)| *generation).max();
        assert!(
            group.generation() >= highest.unwrap_or(0),
            "no held generation is given again"
        );
        self.generation = group.generation();
    }
}

fn parked(member: &Member) -> Option<Token> {
    match member.parked {
        Some(Parked::Join(token) | Parked::Sync(token)) => Some(token),
        None => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn invariants_hold(acts in prop::collection::vec(act(), 1..120), max_size in 2..6_usize) {
        let mut walk = Walk::new(max_size);
        for act in acts {
            walk.run(act);
        }
        for _ in 0..40 {
            walk.run(Act::Pass(10_000));
        }
        prop_assert!(walk.waiting.is_empty(), "no request waits for ever: {:?}", walk.waiting);
        prop_assert_eq!(walk.bench.group.phase(), Phase::Empty);
        prop_assert_eq!(walk.bench.group.wake_at(), None);
    }
}
