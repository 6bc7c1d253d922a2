use std::collections::BTreeMap;

use super::alter::{alter_broker, alter_topic, delete, grow};
use super::create::create;
use super::*;

fn draft() -> Draft {
    let given = BrokerConfig::new(&BTreeMap::new()).unwrap();
    Draft::new(Arc::new(State::new(Arc::new(given))))
}

fn id(number: u8) -> Uuid {
    Uuid([number; 16])
}

fn with_topic(name: &str) -> Draft {
    let mut draft = draft();
    create(
        &mut draft,
        NewTopic {
            partitions: 2,
            ..NewTopic::named(name, id(1))
        },
    )
    .unwrap();
    draft
}

fn set(name: &str, value: &str) -> ConfigChange {
    change(name, Operation::Set, Some(value))
}

fn change(name: &str, operation: Operation, value: Option<&str>) -> ConfigChange {
    ConfigChange {
        name: name.to_owned(),
        operation,
        value: value.map(str::to_owned),
    }
}

#[test]
fn a_new_topic_takes_defaults_and_breaks_no_rule() {
    let named = |name: &str| NewTopic::named(name, id(2));
    let config = |name: &str, value: &str| NewTopic {
        configs: vec![(name.to_owned(), Some(value.to_owned()))],
        ..named("new")
    };
    let assigned = |assignments: Vec<(i32, Vec<i32>)>| NewTopic {
        assignments,
        ..named("new")
    };
    let cases: Vec<(NewTopic, Result<i32, &str>)> = vec![
        (named("new"), Ok(1)),
        (
            NewTopic {
                partitions: 3,
                replication_factor: 3,
                ..named("new")
            },
            Ok(3),
        ),
        (config("cleanup.policy", "compact"), Ok(1)),
        (assigned(vec![(1, vec![1]), (0, vec![1])]), Ok(2)),
        (named("a.b"), Err("topic a.b exists already")),
        (
            named("a_b"),
            Err("topic a_b differs from topic a.b only by '.' and '_'"),
        ),
        (named("a b"), Err("letters, digits")),
        (named("__consumer_offsets"), Err("the broker's own")),
        (
            NewTopic {
                partitions: 0,
                ..named("new")
            },
            Err("from 1 to 10000 partitions, not 0"),
        ),
        (
            NewTopic {
                partitions: 10_001,
                ..named("new")
            },
            Err("partitions, not 10001"),
        ),
        (
            NewTopic {
                replication_factor: 0,
                ..named("new")
            },
            Err("at least 1, or -1"),
        ),
        (
            config("retention.m", "1"),
            Err("did you mean retention.ms?"),
        ),
        (
            config("retention.ms", "1d"),
            Err("retention.ms is 1d: a whole number of at least -1"),
        ),
        (assigned(vec![(1, vec![1])]), Err("numbered from 0 on")),
        (
            assigned(vec![(0, vec![1]), (0, vec![1])]),
            Err("numbered from 0 on"),
        ),
        (assigned(vec![(0, vec![2])]), Err("the only broker is 1")),
        (assigned(vec![(0, vec![1, 1])]), Err("the only broker is 1")),
        (
            NewTopic {
                partitions: 1,
                ..assigned(vec![(0, vec![1])])
            },
            Err("are -1"),
        ),
    ];
    for (topic, expected) in cases {
        let mut draft = with_topic("a.b");
        let shown = format!("{topic:?}");
        match (create(&mut draft, topic), expected) {
            (Ok(topic), Ok(partitions)) => assert_eq!(topic.partitions, partitions, "{shown}"),
            (Err(error), Err(part)) => {
                assert!(error.to_string().contains(part), "{shown}: {error}")
            }
            (made, _) => panic!("{shown}: {made:?}"),
        }
    }
}

#[test]
fn all_topics_together_are_bounded() {
    let mut draft = draft();
    for number in 0..5 {
        let topic = NewTopic {
            partitions: 10_000,
            ..NewTopic::named(format!("t{number}"), id(number))
        };
        create(&mut draft, topic).unwrap();
    }
    let more = create(&mut draft, NewTopic::named("more", id(9)));
    assert_eq!(more, Err(TopicError::PartitionTotal));
}

#[test]
fn a_topic_grows_and_never_shrinks() {
    let one = [vec![1]];
    let cases: Vec<(i32, Option<&[Vec<i32>]>, Result<(), &str>)> = vec![
        (3, None, Ok(())),
        (3, Some(&one), Ok(())),
        (4, Some(&one), Err("2 partitions are new, 1 are assigned")),
        (2, None, Err("the topic has 2 partitions already")),
        (1, None, Err("the topic has 2 partitions already")),
        (-1, None, Err("the topic has 2 partitions already")),
        (10_001, None, Err("from 1 to 10000")),
    ];
    for (count, assignments, expected) in cases {
        let mut draft = with_topic("a");
        match (grow(&mut draft, "a", count, assignments), expected) {
            (Ok(()), Ok(())) => assert_eq!(draft.state().topic("a").unwrap().partitions, count),
            (Err(error), Err(part)) => {
                assert!(error.to_string().contains(part), "{count}: {error}")
            }
            (done, _) => panic!("{count}: {done:?}"),
        }
    }
    assert_eq!(grow(&mut draft(), "a", 3, None), Err(TopicError::Unknown));
}

#[test]
fn settings_change_all_or_none() {
    let ok: [(&[ConfigChange], &[(&str, &str)]); 4] = [
        (
            &[set("retention.ms", "5"), set("segment.ms", "6")],
            &[("retention.ms", "5"), ("segment.ms", "6")],
        ),
        (
            &[
                set("retention.ms", "5"),
                change("segment.ms", Operation::Delete, None),
            ],
            &[("retention.ms", "5")],
        ),
        (
            &[change("cleanup.policy", Operation::Append, Some("compact"))],
            &[("cleanup.policy", "delete,compact")],
        ),
        (
            &[change(
                "leader.replication.throttled.replicas",
                Operation::Subtract,
                Some("0:1"),
            )],
            &[("leader.replication.throttled.replicas", "")],
        ),
    ];
    for (changes, expected) in ok {
        let mut draft = with_topic("a");
        alter_topic(&mut draft, "a", changes).unwrap();
        let configs: Configs = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(draft.state().topic("a").unwrap().configs, configs);
    }
    let wrong: [(&[ConfigChange], &str); 5] = [
        (
            &[set("retention.ms", "5"), set("segment.ms", "0")],
            "segment.ms is 0",
        ),
        (
            &[set("retention.ms", "5"), set("retention.ms", "6")],
            "stands there twice",
        ),
        (
            &[change("retention.ms", Operation::Append, Some("5"))],
            "is not a list",
        ),
        (
            &[change("retention.ms", Operation::Set, None)],
            "has no value",
        ),
        (
            &[change(
                "cleanup.policy",
                Operation::Subtract,
                Some("delete"),
            )],
            "cleanup.policy is :",
        ),
    ];
    for (changes, part) in wrong {
        let mut draft = with_topic("a");
        let error = alter_topic(&mut draft, "a", changes)
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{error}");
        assert!(draft.state().topic("a").unwrap().configs.is_empty());
    }
}

#[test]
fn only_dynamic_broker_settings_change_while_running() {
    let mut draft = with_topic("a");
    alter_broker(&mut draft, true, &[set("log.retention.ms", "5")]).unwrap();
    assert_eq!(
        draft.state().topic("a").unwrap().settings.retention_ms,
        Some(5)
    );
    let error = alter_broker(&mut draft, true, &[set("num.partitions", "5")]).unwrap_err();
    assert_eq!(error, TopicError::NotDynamic("num.partitions".to_owned()));
    let error = alter_broker(&mut draft, true, &[set("log.retention.m", "5")]).unwrap_err();
    assert!(error.to_string().contains("did you mean"), "{error}");
}

#[test]
fn deleting_frees_the_name_and_spares_the_brokers_own() {
    let mut draft = with_topic("a");
    delete(&mut draft, id(1)).unwrap();
    assert_eq!(delete(&mut draft, id(1)), Err(TopicError::Unknown));
    create(&mut draft, NewTopic::named("a", id(2))).unwrap();

    let own = NewTopic {
        internal: true,
        ..NewTopic::named("__consumer_offsets", id(3))
    };
    create(&mut draft, own).unwrap();
    assert!(matches!(
        delete(&mut draft, id(3)),
        Err(TopicError::Internal(_))
    ));
    assert!(matches!(
        grow(&mut draft, "__consumer_offsets", 9, None),
        Err(TopicError::Internal(_))
    ));
}
