//! Golden text: each way a Topic can be, and what its status and Events say of it.

use std::fmt::Write;

use crds::topic::{DriftPolicy, EffectiveRetention};
use serde_json::json;

use super::*;
use crate::{
    Finding,
    names::ObjectName,
    ports::broker_admin::{ObservedTopic, Setting, SettingOrigin, TopicError, TopicErrorKind},
    topic::{events::of_transition, memory},
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn topic(status: Option<TopicStatus>) -> Topic {
    let mut topic: Topic = serde_json::from_value(json!({
        "apiVersion": "eddyline.dev/v1alpha1", "kind": "Topic",
        "metadata": {"name": "orders", "namespace": "default", "generation": 3},
        "spec": {"cluster": "tutorial", "partitions": 2},
    }))
    .unwrap();
    topic.status = status;
    topic
}

fn there(origin: Origin) -> There {
    let setting = |value: &str| Setting {
        value: Some(value.to_owned()),
        origin: SettingOrigin::Topic,
    };
    let settings = [
        ("retention.ms", setting("86400000")),
        ("retention.bytes", setting("-1")),
        ("cleanup.policy", setting("delete")),
    ];
    There {
        topic: ObservedTopic {
            id: Some("id-1".to_owned()),
            partitions: 2,
            replicas: 1,
            settings: settings
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        },
        cluster_id: Some("k".to_owned()),
        origin,
        drift: Vec::new(),
        refusals: Vec::new(),
        kept: Vec::new(),
        drift_policy: DriftPolicy::Correct,
        amount: None,
    }
}

fn drifted(policy: DriftPolicy) -> There {
    There {
        drift: vec![Drift {
            key: "retention.ms".to_owned(),
            want: Some("86400000".to_owned()),
            found: None,
        }],
        drift_policy: policy,
        ..there(Origin::Created)
    }
}

fn error(kind: TopicErrorKind) -> TopicError {
    TopicError {
        operation: "alter",
        topic: "orders".to_owned(),
        kind,
        message: "Invalid value x for retention.ms".to_owned(),
    }
}

/// Every state a Topic can be in, once.
fn states() -> Vec<Situation> {
    let boxed = |there| Situation::There(Box::new(there));
    let making = Making {
        cluster_id: Some("k".to_owned()),
        again: false,
    };
    let finding = |path, message| Finding::new(path, message);
    vec![
        Situation::Paused,
        Situation::ClusterNotFound,
        Situation::ClusterGoing,
        Situation::ClusterStopped,
        Situation::ClusterNotReady,
        Situation::BrokerUnreachable(
            "ask the broker at tutorial.default.svc:9092 for its topics: connection refused"
                .to_owned(),
        ),
        Situation::Leaving(
            "ask the broker at tutorial.default.svc:9092 for its topics: connection refused"
                .to_owned(),
        ),
        Situation::Unseen,
        Situation::Making(making.clone()),
        Situation::Made(making),
        Situation::Taken,
        Situation::Conflict(ObjectName {
            namespace: "default".to_owned(),
            name: "older".to_owned(),
        }),
        Situation::Invalid(vec![
            finding(
                "spec.replicas",
                "3 copies need 3 brokers and the cluster has 1: write replicas: 1",
            ),
            finding(
                "spec.flush",
                "flush is a setting of the bundled broker: remove it for an external Kafka",
            ),
        ]),
        Situation::Refused(error(TopicErrorKind::Invalid)),
        Situation::Postponed(error(TopicErrorKind::Transient)),
        boxed(there(Origin::Created)),
        boxed(there(Origin::Adopted)),
        boxed(There {
            kept: vec!["segment.ms".to_owned()],
            ..there(Origin::Adopted)
        }),
        boxed(There {
            refusals: vec![finding(
                "spec.partitions",
                "topic orders has 4 partitions and partitions can only grow: write partitions: 4 or more",
            )],
            ..there(Origin::Adopted)
        }),
        boxed(drifted(DriftPolicy::Correct)),
        boxed(drifted(DriftPolicy::Warn)),
        boxed(drifted(DriftPolicy::Ignore)),
    ]
}

fn policy(situation: &Situation) -> DriftPolicy {
    match situation {
        Situation::There(there) => there.drift_policy,
        _ => DriftPolicy::Correct,
    }
}

/// The status of a Topic that was as written until now.
fn settled() -> TopicStatus {
    let situation = Situation::There(Box::new(there(Origin::Created)));
    status(&topic(None), &situation, at(1))
}

#[test]
fn each_state_has_its_reason_message_and_event() {
    let mut text = String::new();
    for situation in states() {
        let before = settled();
        let after = status(&topic(Some(before.clone())), &situation, at(2));
        let ready = ready(&after).unwrap();
        writeln!(text, "{} {}: {}", ready.status, ready.reason, ready.message).unwrap();
        let event = of_transition(Some(&before), &after, policy(&situation));
        let event = event.map_or("-".to_owned(), |news| {
            assert_eq!(news.text, ready.message);
            format!(
                "{} {}",
                if news.warning { "Warning" } else { "Normal" },
                news.reason
            )
        });
        writeln!(text, "    {event}").unwrap();
        let again = status(&topic(Some(after.clone())), &situation, at(3));
        assert_eq!(again, after, "nothing is written when nothing changed");
        assert_eq!(
            of_transition(Some(&after), &again, policy(&situation)),
            None
        );
    }
    let golden = include_str!("states.expected");
    assert_eq!(text, golden, "\n{text}");
}

#[test]
fn what_is_known_outlives_what_is_not_spoken_of() {
    let known = settled();
    for situation in states().into_iter().take(8) {
        let after = status(&topic(Some(known.clone())), &situation, at(9));
        assert_eq!(after.topic_id, known.topic_id, "{situation:?}");
        assert_eq!(after.adopted, Some(false));
        let history = memory::history(&topic(Some(after)));
        assert!(history.settled, "{situation:?}");
    }
}

#[test]
fn facts_are_in_the_words_of_the_yaml() {
    let status = settled();
    assert_eq!(status.observed_generation, Some(3));
    assert_eq!(status.topic_name.as_deref(), Some("orders"));
    assert_eq!((status.partitions, status.replicas), (Some(2), Some(1)));
    let retention = EffectiveRetention {
        time: Some("1d".to_owned()),
        size: Some("Unlimited".to_owned()),
    };
    assert_eq!(status.retention, Some(retention));
    assert_eq!(status.cleanup_policy.as_deref(), Some("Delete"));
    assert_eq!(status.recreations, None);
}

#[test]
fn a_begun_creation_is_remembered_until_the_topic_is_seen() {
    let making = |again| {
        Situation::Making(Making {
            cluster_id: Some("k".to_owned()),
            again,
        })
    };
    let begun = topic(Some(status(&topic(Some(settled())), &making(true), at(2))));
    let history = memory::history(&begun);
    assert!(history.intent);
    assert_eq!(history.origin, Some(Origin::Created));
    assert_eq!(history.topic_id, None);
    assert_eq!(begun.status.as_ref().unwrap().recreations, Some(1));

    let taken = topic(Some(status(&begun, &Situation::Taken, at(3))));
    assert_eq!(memory::history(&taken).origin, None);

    let there = Situation::There(Box::new(there(Origin::Created)));
    let made = topic(Some(status(&begun, &there, at(3))));
    let history = memory::history(&made);
    assert!(!history.intent && history.settled);
}

#[test]
fn only_a_comparison_with_a_spec_that_was_carried_out_settles_it() {
    let refused = There {
        refusals: vec![Finding::new("spec.partitions", "no")],
        ..there(Origin::Created)
    };
    let refused = Situation::There(Box::new(refused));
    let after = topic(Some(status(&topic(None), &refused, at(1))));
    assert!(!memory::history(&after).settled);

    let mut changed = topic(Some(settled()));
    assert!(memory::history(&changed).settled);
    changed.metadata.generation = Some(4);
    assert!(!memory::history(&changed).settled);
}

#[test]
fn a_list_of_drifts_has_an_end() {
    let one = drifted(DriftPolicy::Warn).drift.remove(0);
    let many = There {
        drift: vec![one; 100],
        ..there(Origin::Created)
    };
    let after = status(&topic(None), &Situation::There(Box::new(many)), at(1));
    assert_eq!(after.drift.len(), MOST_DRIFTS);
}
