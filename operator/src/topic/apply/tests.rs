//! Order, batches and failures, against a broker written by hand.

use std::sync::Mutex;

use super::*;
use crate::ports::broker_admin::{Amount, Snapshot};

/// Answers every topic but those whose names are in `refused`, and notes each call.
#[derive(Default)]
struct FakeBroker {
    /// Held for a moment and never across an await.
    calls: Mutex<Vec<(&'static str, usize)>>,
    refused: Vec<&'static str>,
    down: bool,
}

impl FakeBroker {
    fn answer<'a>(
        &self,
        operation: &'static str,
        names: impl ExactSizeIterator<Item = &'a str>,
    ) -> Result<Answers, AdminError> {
        self.calls.lock().unwrap().push((operation, names.len()));
        if self.down {
            return Err(AdminError {
                bootstrap: "localhost:9092".to_owned(),
                operation: "changes",
                reason: "connection refused".to_owned(),
            });
        }
        let answer = |name: &str| {
            let error = TopicError {
                operation,
                topic: name.to_owned(),
                kind: TopicErrorKind::Invalid,
                message: "no".to_owned(),
            };
            if self.refused.contains(&name) {
                Err(error)
            } else {
                Ok(())
            }
        };
        Ok(names.map(|name| (name.to_owned(), answer(name))).collect())
    }

    fn calls(&self) -> Vec<(&'static str, usize)> {
        self.calls.lock().unwrap().clone()
    }
}

impl BrokerAdmin for FakeBroker {
    async fn snapshot(&self) -> Result<Snapshot, AdminError> {
        Ok(Snapshot::default())
    }

    async fn create_topics(&self, topics: &[NewTopic]) -> Result<Answers, AdminError> {
        self.answer("create", topics.iter().map(|topic| topic.name.as_str()))
    }

    async fn grow_partitions(&self, growths: &[Growth]) -> Result<Answers, AdminError> {
        self.answer("grow", growths.iter().map(|growth| growth.name.as_str()))
    }

    async fn alter_settings(&self, alterations: &[Alteration]) -> Result<Answers, AdminError> {
        self.answer(
            "alter",
            alterations
                .iter()
                .map(|alteration| alteration.name.as_str()),
        )
    }

    async fn delete_topics(&self, names: &[String]) -> Result<Answers, AdminError> {
        self.answer("delete", names.iter().map(String::as_str))
    }

    async fn amounts(&self, _: &[(String, i32)]) -> Result<BTreeMap<String, Amount>, AdminError> {
        Ok(BTreeMap::new())
    }
}

fn create(name: impl Into<String>) -> Action {
    Action::Create(NewTopic {
        name: name.into(),
        partitions: 1,
        replicas: 1,
        settings: BTreeMap::new(),
    })
}

fn grow(name: &str) -> Action {
    Action::Grow(Growth {
        name: name.to_owned(),
        partitions: 2,
    })
}

fn alter(name: &str) -> Action {
    Action::Alter(Alteration {
        name: name.to_owned(),
        ..Alteration::default()
    })
}

#[tokio::test]
async fn many_topics_take_few_calls() {
    let broker = FakeBroker::default();
    let actions = (0..1200).map(|number| create(format!("t{number}")));
    let outcomes = apply(&broker, actions).await;
    assert_eq!(
        broker.calls(),
        [("create", 500), ("create", 500), ("create", 200)]
    );
    assert_eq!(outcomes.len(), 1200);
    assert!(outcomes.values().all(Result::is_ok));
}

#[tokio::test]
async fn changes_come_in_order_whatever_order_they_are_given_in() {
    let broker = FakeBroker::default();
    let actions = [
        Action::Delete("d".to_owned()),
        alter("a"),
        create("c"),
        grow("a"),
        alter("b"),
    ];
    apply(&broker, actions).await;
    assert_eq!(
        broker.calls(),
        [("create", 1), ("grow", 1), ("alter", 2), ("delete", 1)]
    );
}

#[tokio::test]
async fn a_refused_change_stops_that_topic_only() {
    let broker = FakeBroker {
        refused: vec!["a"],
        ..FakeBroker::default()
    };
    let outcomes = apply(&broker, [grow("a"), alter("a"), grow("b"), alter("b")]).await;
    assert_eq!(broker.calls(), [("grow", 2), ("alter", 1)]);
    assert_eq!(outcomes["b"], Ok(()));
    let Err(error) = &outcomes["a"] else {
        panic!("was not refused")
    };
    assert_eq!(error.to_string(), "grow topic a: no");
}

#[tokio::test]
async fn a_broker_that_is_down_fails_every_topic_of_the_call() {
    let broker = FakeBroker {
        down: true,
        ..FakeBroker::default()
    };
    let outcomes = apply(&broker, [create("a"), create("b"), alter("a")]).await;
    assert_eq!(broker.calls(), [("create", 2)]);
    for outcome in outcomes.values() {
        assert!(
            matches!(outcome, Err(ApplyError::Unreachable(_))),
            "{outcome:?}"
        );
    }
}
