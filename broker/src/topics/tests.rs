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

/// Whether an outcome is the expected one; of an error, a part of its sentence.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(
    outcome: Result<T, TopicError>,
    expected: Result<T, &str>,
    of: &str,
) {
    match (outcome, expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{of}"),
        (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{of}: {error}"),
        (found, expected) => panic!("{of}: {found:?}, expected {expected:?}"),
    }
}

/// Wishes for a topic beside `a.b`, and the partitions it gets or why it does not.
#[track_caller]
fn check_creations(cases: Vec<(NewTopic, Result<i32, &str>)>) {
    for (topic, expected) in cases {
        let shown = format!("{topic:?}");
        let made = create(&mut with_topic("a.b"), topic);
        check(made.map(|topic| topic.partitions), expected, &shown);
    }
}

fn named(name: &str) -> NewTopic {
    NewTopic::named(name, id(2))
}

#[test]
fn a_new_topic_has_a_name_of_its_own() {
    check_creations(vec![
        (named("new"), Ok(1)),
        (named("a.b"), Err("topic a.b exists already")),
        (
            named("a_b"),
            Err("topic a_b differs from topic a.b only by '.' and '_'"),
        ),
        (named("a b"), Err("letters, digits")),
        (named("__consumer_offsets"), Err("the broker's own")),
    ]);
}

#[test]
fn a_new_topic_has_partitions_on_this_broker() {
    let sized = |partitions, replication_factor| NewTopic {
        partitions,
        replication_factor,
        ..named("new")
    };
    let assigned = |assignments: Vec<(i32, Vec<i32>)>| NewTopic {
        assignments,
        ..named("new")
    };
    check_creations(vec![
        (sized(3, 3), Ok(3)),
        (sized(0, 1), Err("from 1 to 10000 partitions, not 0")),
        (sized(10_001, 1), Err("partitions, not 10001")),
        (sized(1, 0), Err("at least 1, or -1")),
        (assigned(vec![(1, vec![1]), (0, vec![1])]), Ok(2)),
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
    ]);
}

#[test]
fn a_new_topic_has_settings_that_are_known_and_allowed() {
    let config = |name: &str, value: Option<&str>| NewTopic {
        configs: vec![(name.to_owned(), value.map(str::to_owned))],
        ..named("new")
    };
    check_creations(vec![
        (config("cleanup.policy", Some("compact")), Ok(1)),
        (
            config("retention.m", Some("1")),
            Err("did you mean retention.ms?"),
        ),
        (
            config("retention.ms", Some("1d")),
            Err("a whole number of at least -1"),
        ),
        (
            config("retention.ms", None),
            Err("retention.ms is null: a value is allowed"),
        ),
    ]);
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
    type Case<'c> = (i32, Option<&'c [Vec<i32>]>, Result<i32, &'c str>);
    let one = [vec![1]];
    let cases: [Case<'_>; 7] = [
        (3, None, Ok(3)),
        (3, Some(&one), Ok(3)),
        (4, Some(&one), Err("2 partitions are new, 1 are assigned")),
        (2, None, Err("the topic has 2 partitions already")),
        (1, None, Err("the topic has 2 partitions already")),
        (-1, None, Err("the topic has 2 partitions already")),
        (10_001, None, Err("from 1 to 10000")),
    ];
    for (count, assignments, expected) in cases {
        let mut draft = with_topic("a");
        let grown = grow(&mut draft, "a", count, assignments);
        let partitions = draft.state().topic("a").map_or(0, |topic| topic.partitions);
        check(grown.map(|()| partitions), expected, &count.to_string());
    }
    assert_eq!(grow(&mut draft(), "a", 3, None), Err(TopicError::Unknown));
}

#[test]
fn settings_change_all_or_none() {
    type Case<'c> = (&'c [ConfigChange], &'c [(&'c str, &'c str)]);
    let ok: [Case<'_>; 4] = [
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
