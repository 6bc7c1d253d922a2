//! Topics against a broker of data: what is made, what stays, what goes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use operator::ports::broker_admin::{
    Alteration, Amount, Answers, Growth, NewTopic, ObservedTopic, Setting, SettingOrigin,
};

use super::*;
use crate::laptop::documents::{self, Known};
use crate::laptop::schemas::Schemas;
use crate::laptop::sources::Source;

/// A cluster in memory. A standard mutex: no call waits.
#[derive(Default)]
struct Fake {
    topics: Mutex<BTreeMap<String, ObservedTopic>>,
}

impl Fake {
    fn names(&self) -> Vec<String> {
        self.topics.lock().unwrap().keys().cloned().collect()
    }
}

impl BrokerAdmin for Fake {
    async fn snapshot(&self) -> Result<Snapshot, AdminError> {
        let topics = self.topics.lock().unwrap().clone();
        Ok(Snapshot {
            cluster_id: Some("c".to_owned()),
            brokers: 1,
            topics,
        })
    }

    async fn create_topics(&self, topics: &[NewTopic]) -> Result<Answers, AdminError> {
        let mut known = self.topics.lock().unwrap();
        for topic in topics {
            let settings = topic.settings.iter().map(|(name, value)| {
                let setting = Setting {
                    value: Some(value.clone()),
                    origin: SettingOrigin::Topic,
                };
                (name.clone(), setting)
            });
            let observed = ObservedTopic {
                id: Some(format!("id-{}", topic.name)),
                partitions: topic.partitions,
                replicas: topic.replicas,
                settings: settings.collect(),
            };
            known.insert(topic.name.clone(), observed);
        }
        Ok(topics
            .iter()
            .map(|topic| (topic.name.clone(), Ok(())))
            .collect())
    }

    async fn grow_partitions(&self, growths: &[Growth]) -> Result<Answers, AdminError> {
        let mut known = self.topics.lock().unwrap();
        for growth in growths {
            known.get_mut(&growth.name).unwrap().partitions = growth.partitions;
        }
        Ok(growths
            .iter()
            .map(|growth| (growth.name.clone(), Ok(())))
            .collect())
    }

    async fn alter_settings(&self, alterations: &[Alteration]) -> Result<Answers, AdminError> {
        Ok(alterations
            .iter()
            .map(|alteration| (alteration.name.clone(), Ok(())))
            .collect())
    }

    async fn delete_topics(&self, names: &[String]) -> Result<Answers, AdminError> {
        let gone: BTreeSet<&String> = names.iter().collect();
        self.topics
            .lock()
            .unwrap()
            .retain(|name, _| !gone.contains(name));
        Ok(names.iter().map(|name| (name.clone(), Ok(()))).collect())
    }

    async fn amounts(&self, _: &[(String, i32)]) -> Result<BTreeMap<String, Amount>, AdminError> {
        Ok(BTreeMap::new())
    }
}

fn topics(specs: &[(&str, &str)]) -> Vec<Object<Topic>> {
    let documents: Vec<String> = specs
        .iter()
        .map(|(name, spec)| {
            format!("apiVersion: eddyline.dev/v1alpha1\nkind: Topic\nmetadata: {{name: {name}}}\nspec: {{cluster: t, {spec}}}\n")
        })
        .collect();
    let source = Source {
        name: Arc::from("f.yaml"),
        text: documents.join("---\n"),
    };
    let reading = documents::read(&[source], &Schemas::load().unwrap(), &Known::new());
    assert!(reading.findings.is_empty(), "{:?}", reading.findings);
    reading.objects.topics
}

async fn run(fake: &Fake, state: &mut State, topics: &[Object<Topic>], prune: bool) -> Report {
    for topic in topics {
        state.admit(&topic.id, &topic.json, || format!("uid-{}", topic.id.name));
    }
    let config = BTreeMap::new();
    let wish = Wish {
        topics,
        engine: Engine::Bundled,
        config: &config,
        prune,
    };
    reconcile(fake, wish, state).await.unwrap()
}

#[tokio::test]
async fn topics_are_made_once_and_grown() {
    let (fake, mut state) = (Fake::default(), State::default());
    let report = run(
        &fake,
        &mut state,
        &topics(&[("orders", "partitions: 2"), ("rides", "")]),
        false,
    )
    .await;
    assert_eq!(
        report,
        Report {
            present: vec![("orders".to_owned(), 2), ("rides".to_owned(), 1)],
            ..Report::default()
        }
    );
    let again = run(
        &fake,
        &mut state,
        &topics(&[("orders", "partitions: 3"), ("rides", "")]),
        false,
    )
    .await;
    assert_eq!(again.present[0], ("orders".to_owned(), 3));
    assert_eq!(again.problems, Vec::<String>::new());
}

#[tokio::test]
async fn a_topic_that_was_there_is_adopted_and_never_pruned() {
    let (fake, mut state) = (Fake::default(), State::default());
    let there = ObservedTopic {
        partitions: 6,
        replicas: 1,
        ..ObservedTopic::default()
    };
    fake.topics
        .lock()
        .unwrap()
        .insert("orders".to_owned(), there);
    let report = run(
        &fake,
        &mut state,
        &topics(&[("orders", "partitions: 2")]),
        false,
    )
    .await;
    assert!(report.notes[0].contains("adopted"), "{report:?}");
    assert!(
        report.problems[0].starts_with("f.yaml:4:20: ")
            && report.problems[0].contains("write partitions: 6"),
        "{report:?}"
    );
    let report = run(&fake, &mut state, &[], true).await;
    assert!(
        report.notes[0].contains("it was there before"),
        "{report:?}"
    );
    assert_eq!(fake.names(), ["orders"]);
}

#[tokio::test]
async fn what_leaves_the_files_stays_until_pruned() {
    let (fake, mut state) = (Fake::default(), State::default());
    run(
        &fake,
        &mut state,
        &topics(&[("orders", ""), ("rides", "deletionPolicy: Retain")]),
        false,
    )
    .await;
    let report = run(&fake, &mut state, &[], false).await;
    assert_eq!(report.notes.len(), 2);
    assert!(report.notes[0].contains("--prune"), "{report:?}");
    assert_eq!(fake.names(), ["orders", "rides"]);
    run(&fake, &mut state, &[], true).await;
    assert_eq!(fake.names(), ["rides"]);
    assert!(state.objects.is_empty(), "what is decided is forgotten");
}

#[tokio::test]
async fn the_older_object_owns_a_topic_that_two_want() {
    let (fake, mut state) = (Fake::default(), State::default());
    run(
        &fake,
        &mut state,
        &topics(&[("orders", "partitions: 2")]),
        false,
    )
    .await;
    let both = topics(&[
        ("aaa", "topicName: orders, partitions: 9"),
        ("orders", "partitions: 2"),
    ]);
    let report = run(&fake, &mut state, &both, false).await;
    assert!(
        report.problems[0].contains("Conflict") && report.problems[0].contains("default/orders"),
        "{report:?}"
    );
    assert_eq!(report.present, [("orders".to_owned(), 2)]);
    // The heir takes over; nothing is deleted.
    let report = run(
        &fake,
        &mut state,
        &topics(&[("aaa", "topicName: orders, partitions: 2")]),
        true,
    )
    .await;
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("names it too")),
        "{report:?}"
    );
    assert_eq!(fake.names(), ["orders"]);
}
