//! A Kafka cluster in memory, for tests: answers as brokers do, counts what it is asked, and can be
//! made to fail.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use super::broker_admin::{
    AdminError, Alteration, Amount, Answers, BrokerAdmin, Growth, NewTopic, ObservedTopic, Setting,
    SettingOrigin, Snapshot, TopicError, TopicErrorKind,
};

/// Settings that hold where a topic has none of its own.
const DEFAULTS: [(&str, &str); 3] = [
    ("cleanup.policy", "delete"),
    ("retention.ms", "604800000"),
    ("segment.ms", "604800000"),
];

/// Clones are one cluster.
#[derive(Clone, Debug)]
pub(crate) struct FakeBroker {
    /// Held for one call, never across an await.
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) cluster: Snapshot,
    /// Each call with the number of topics it was about.
    pub(crate) calls: Vec<(&'static str, usize)>,
    pub(crate) down: bool,
    /// Looks get no answer at all.
    pub(crate) stuck: bool,
    /// Changes are carried out and their answers are lost.
    pub(crate) mute: bool,
    /// New topics are not shown until this many more looks.
    pub(crate) hidden: Option<(String, u32)>,
    /// Topics whose changes are refused, and how.
    pub(crate) refusals: BTreeMap<String, TopicErrorKind>,
    made: u32,
}

impl FakeBroker {
    pub(crate) fn new() -> Self {
        let state = State {
            cluster: Snapshot {
                cluster_id: Some("k".to_owned()),
                brokers: 1,
                topics: BTreeMap::new(),
            },
            calls: Vec::new(),
            down: false,
            stuck: false,
            mute: false,
            hidden: None,
            refusals: BTreeMap::new(),
            made: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// All calls so far; counts anew from here.
    pub(crate) fn take_calls(&self) -> Vec<(&'static str, usize)> {
        std::mem::take(&mut self.state().calls)
    }

    /// A topic that somebody else makes.
    pub(crate) fn make(&self, name: &str, partitions: i32, overrides: &[(&str, &str)]) {
        let settings = overrides
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let topic = NewTopic {
            name: name.to_owned(),
            partitions,
            replicas: 1,
            settings: settings.collect(),
        };
        self.state().create(&topic).unwrap();
    }

    /// A setting that somebody else changes.
    pub(crate) fn set(&self, topic: &str, name: &str, value: &str) {
        let mut state = self.state();
        let topic = state.cluster.topics.get_mut(topic).unwrap();
        topic.settings.insert(name.to_owned(), own(value));
    }

    fn call(
        &self,
        operation: &'static str,
        names: &[&str],
        mut change: impl FnMut(&mut State, usize) -> Result<(), TopicErrorKind>,
    ) -> Result<Answers, AdminError> {
        let mut state = self.state();
        state.calls.push((operation, names.len()));
        state.check(operation)?;
        let mut answers = Answers::new();
        for (place, name) in names.iter().enumerate() {
            let refusal = state.refusals.get(*name).copied();
            let answer = refusal.map_or_else(|| change(&mut state, place), Err);
            let answer = answer.map_err(|kind| TopicError {
                operation,
                topic: (*name).to_owned(),
                kind,
                message: format!("{kind:?}, says the broker"),
            });
            answers.insert((*name).to_owned(), answer);
        }
        if state.mute {
            return Err(no_answer(operation));
        }
        Ok(answers)
    }
}

fn no_answer(operation: &'static str) -> AdminError {
    AdminError {
        bootstrap: "tutorial:9092".to_owned(),
        operation,
        reason: "connection refused".to_owned(),
    }
}

fn own(value: &str) -> Setting {
    Setting {
        value: Some(value.to_owned()),
        origin: SettingOrigin::Topic,
    }
}

fn default_of(name: &str) -> Option<Setting> {
    let (_, value) = DEFAULTS.iter().find(|(known, _)| *known == name)?;
    Some(Setting {
        value: Some((*value).to_owned()),
        origin: SettingOrigin::Default,
    })
}

impl State {
    fn check(&self, operation: &'static str) -> Result<(), AdminError> {
        if self.down {
            return Err(no_answer(operation));
        }
        Ok(())
    }

    fn create(&mut self, new: &NewTopic) -> Result<(), TopicErrorKind> {
        if self.cluster.topics.contains_key(&new.name) {
            return Err(TopicErrorKind::AlreadyExists);
        }
        self.made += 1;
        let defaults = DEFAULTS.iter();
        let mut settings: BTreeMap<_, _> = defaults
            .filter_map(|(name, _)| Some(((*name).to_owned(), default_of(name)?)))
            .collect();
        settings.extend(new.settings.iter().map(|(n, v)| (n.clone(), own(v))));
        let topic = ObservedTopic {
            id: Some(format!("id-{}", self.made)),
            partitions: new.partitions,
            replicas: new.replicas,
            settings,
        };
        self.cluster.topics.insert(new.name.clone(), topic);
        Ok(())
    }

    fn alter(&mut self, alteration: &Alteration) -> Result<(), TopicErrorKind> {
        let topic = self.cluster.topics.get_mut(&alteration.name);
        let topic = topic.ok_or(TopicErrorKind::NotFound)?;
        let set = alteration.set.iter();
        topic.settings.extend(set.map(|(n, v)| (n.clone(), own(v))));
        for name in &alteration.remove {
            topic.settings.remove(name);
            let fallback = default_of(name).map(|setting| (name.clone(), setting));
            topic.settings.extend(fallback);
        }
        Ok(())
    }
}

impl BrokerAdmin for FakeBroker {
    async fn snapshot(&self) -> Result<Snapshot, AdminError> {
        let stuck = self.state().stuck;
        if stuck {
            std::future::pending::<()>().await;
        }
        let mut state = self.state();
        let topics = state.cluster.topics.len();
        state.calls.push(("look", topics));
        state.check("its topics")?;
        let mut seen = state.cluster.clone();
        if let Some((name, looks)) = &mut state.hidden
            && *looks > 0
            && seen.topics.remove(name).is_some()
        {
            *looks -= 1;
        }
        Ok(seen)
    }

    async fn create_topics(&self, topics: &[NewTopic]) -> Result<Answers, AdminError> {
        let names: Vec<_> = topics.iter().map(|topic| topic.name.as_str()).collect();
        self.call("create", &names, |state, place| {
            state.create(&topics[place])
        })
    }

    async fn grow_partitions(&self, growths: &[Growth]) -> Result<Answers, AdminError> {
        let names: Vec<_> = growths.iter().map(|growth| growth.name.as_str()).collect();
        self.call("grow", &names, |state, place| {
            let topic = state.cluster.topics.get_mut(&growths[place].name);
            topic.ok_or(TopicErrorKind::NotFound)?.partitions = growths[place].partitions;
            Ok(())
        })
    }

    async fn alter_settings(&self, alterations: &[Alteration]) -> Result<Answers, AdminError> {
        let names: Vec<_> = alterations.iter().map(|one| one.name.as_str()).collect();
        self.call("alter", &names, |state, place| {
            state.alter(&alterations[place])
        })
    }

    async fn delete_topics(&self, names: &[String]) -> Result<Answers, AdminError> {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        self.call("delete", &names, |state, place| {
            let gone = state.cluster.topics.remove(names[place]);
            gone.map(drop).ok_or(TopicErrorKind::NotFound)
        })
    }

    async fn amounts(
        &self,
        topics: &[(String, i32)],
    ) -> Result<BTreeMap<String, Amount>, AdminError> {
        let mut state = self.state();
        state.calls.push(("amounts", topics.len()));
        state.check("the size of topics")?;
        let amount = |(name, _): &(String, i32)| {
            let amount = Amount {
                records: 10,
                bytes: 1000,
            };
            (name.clone(), amount)
        };
        Ok(topics.iter().map(amount).collect())
    }
}
