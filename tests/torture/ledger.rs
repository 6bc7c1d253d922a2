//! What a broker has to remember beside records: which topics there are, their ids, what a group committed, which producer ids
//! it gave out. Each change is made and answered in one life, and asked for in the next.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tests::direct::Direct;
use tests::history::Event;
use tests::load::{Shared, Target};
use tests::random::Random;

/// For one answer.
pub(crate) const CALL: Duration = Duration::from_secs(20);
const GROUP: &str = "lookers";
/// Topics that are kept; the oldest goes when there are more.
const MOST_TOPICS: usize = 5;
/// Changes of one life.
const MOST_CHANGES: u64 = 4;

/// Id of a topic, as it is printed.
type Id = String;

/// What was answered so far.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    topics: BTreeMap<String, Id>,
    gone: BTreeSet<Id>,
    made: u64,
    commits: i64,
    /// Changes that were answered.
    pub(crate) changes: u64,
}

impl Ledger {
    /// Makes and deletes topics, commits offsets and asks for a producer id, some of each.
    pub(crate) fn change(&mut self, target: &Target, history: &Shared, random: &mut Random) {
        let direct = Direct::open(&target.bootstrap, CALL).unwrap();
        for _ in 0..=random.below(MOST_CHANGES) {
            match random.below(3) {
                0 => self.make(&direct),
                1 => {
                    let group = direct.commit(GROUP, &target.topic, self.commits + 1);
                    assert_eq!(group.unwrap(), 0, "commit");
                    self.commits += 1;
                }
                _ => {
                    let id = direct.producer_id().unwrap();
                    let id = id.unwrap_or_else(|code| panic!("InitProducerId: error {code}"));
                    history.tell(Event::ProducerId(id));
                }
            }
            self.changes += 1;
        }
    }

    fn make(&mut self, direct: &Direct) {
        self.made += 1;
        let name = format!("made-{:06}", self.made);
        assert_eq!(direct.create(&name, 3).unwrap(), 0, "make {name}");
        let id = ids(direct).remove(&name);
        let id = id.unwrap_or_else(|| panic!("{name} is made and not there"));
        assert!(!self.gone.contains(&id), "I7: {name} has the id of another");
        self.topics.insert(name, id);
        if self.topics.len() > MOST_TOPICS
            && let Some((oldest, id)) = self.topics.pop_first()
        {
            assert_eq!(direct.delete(&oldest).unwrap(), 0, "delete {oldest}");
            self.gone.insert(id);
        }
    }

    /// Compares all of it with what the broker says now.
    pub(crate) fn check(&self, target: &Target) {
        let direct = Direct::open(&target.bootstrap, CALL).unwrap();
        let mut now = ids(&direct);
        now.retain(|name, _| name.starts_with("made-"));
        assert_eq!(now, self.topics, "the topics and their ids");
        let committed = direct.committed(GROUP, &target.topic).unwrap();
        let expected = if self.commits == 0 { -1 } else { self.commits };
        assert_eq!(committed, expected, "I6: the offset committed last");
    }
}

fn ids(direct: &Direct) -> BTreeMap<String, Id> {
    direct.topics().unwrap().into_iter().collect()
}
