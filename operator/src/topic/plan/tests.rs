//! Tables of what is there to what is done, and the law that a plan carried out leaves nothing to do.

use std::collections::BTreeMap;

use crds::topic::DriftPolicy;
use proptest::prelude::*;

use super::*;
use crate::topic::validate::Defaults;

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn topic(partitions: Option<i32>, named: &[(&str, &str)]) -> ValidatedTopic {
    let settings_ = settings(named);
    let mut defaults = settings(&[("cleanup.policy", "delete"), ("retention.ms", "604800000")]);
    defaults.retain(|name, _| !settings_.contains_key(name));
    ValidatedTopic {
        name: "orders".to_owned(),
        partitions,
        replicas: None,
        settings: settings_,
        defaults: Defaults {
            partitions: 1,
            replicas: 1,
            settings: defaults,
        },
        deletion_policy: None,
        drift_policy: DriftPolicy::Correct,
        notes: Vec::new(),
    }
}

/// A topic with these overrides over Kafka's defaults.
fn observed(partitions: i32, overrides: &[(&str, &str)]) -> ObservedTopic {
    let default = [("cleanup.policy", "delete"), ("retention.ms", "604800000")];
    let setting = |value: &str, origin| Setting {
        value: Some(value.to_owned()),
        origin,
    };
    let mut all: BTreeMap<String, Setting> = default
        .iter()
        .map(|(name, value)| ((*name).to_owned(), setting(value, SettingOrigin::Default)))
        .collect();
    all.extend(
        overrides
            .iter()
            .map(|(name, value)| ((*name).to_owned(), setting(value, SettingOrigin::Topic))),
    );
    ObservedTopic {
        id: None,
        partitions,
        replicas: 1,
        settings: all,
    }
}

fn history(origin: Origin, settled: bool) -> History {
    History {
        origin: Some(origin),
        cluster_id: Some("k".to_owned()),
        topic_id: None,
        intent: false,
        settled,
    }
}

fn planned(topic: &ValidatedTopic, observed: &ObservedTopic, history: &History) -> Plan {
    plan(topic, Some(observed), history, Some("k"))
}

fn alter(set: &[(&str, &str)], remove: &[&str]) -> Action {
    Action::Alter(Alteration {
        name: "orders".to_owned(),
        set: settings(set),
        remove: remove.iter().map(|name| (*name).to_owned()).collect(),
    })
}

fn grow(partitions: i32) -> Action {
    Action::Grow(Growth {
        name: "orders".to_owned(),
        partitions,
    })
}

#[test]
fn a_missing_topic_is_made_with_what_is_unset_filled_in() {
    for (partitions, named, expected) in [
        (
            None,
            &[][..],
            (
                1,
                &[("cleanup.policy", "delete"), ("retention.ms", "604800000")][..],
            ),
        ),
        (
            Some(2),
            &[("retention.ms", "86400000")],
            (
                2,
                &[("cleanup.policy", "delete"), ("retention.ms", "86400000")],
            ),
        ),
    ] {
        let plan = plan(
            &topic(partitions, named),
            None,
            &History::default(),
            Some("k"),
        );
        assert_eq!(
            plan.actions,
            [Action::Create(NewTopic {
                name: "orders".to_owned(),
                partitions: expected.0,
                replicas: 1,
                settings: settings(expected.1),
            })]
        );
        assert_eq!((plan.origin, plan.recreated), (Origin::Created, false));
    }
}

#[test]
fn a_topic_that_vanished_counts_as_recreated_within_one_cluster_only() {
    let topic = topic(None, &[]);
    for (seen_in, now_in, recreated) in [
        (Some("k"), Some("k"), true),
        (Some("k"), Some("other"), false),
    ] {
        let history = History {
            origin: Some(Origin::Adopted),
            cluster_id: seen_in.map(str::to_owned),
            topic_id: None,
            intent: false,
            settled: true,
        };
        let plan = plan(&topic, None, &history, now_in);
        assert_eq!((plan.recreated, plan.origin), (recreated, Origin::Created));
    }
}

#[test]
fn adoption_changes_only_what_the_object_names() {
    let there = observed(4, &[("segment.ms", "60000"), ("retention.ms", "1000")]);
    for (named, actions) in [
        (&[][..], vec![]),
        (&[("retention.ms", "1000")], vec![]),
        (
            &[("retention.ms", "86400000")],
            vec![alter(&[("retention.ms", "86400000")], &[])],
        ),
    ] {
        let plan = planned(&topic(None, named), &there, &History::default());
        assert_eq!(plan.actions, actions);
        assert_eq!(plan.origin, Origin::Adopted);
        assert!(
            plan.kept.contains(&"segment.ms".to_owned()),
            "{:?}",
            plan.kept
        );
        assert!(
            plan.drift.is_empty(),
            "adoption is no drift: {:?}",
            plan.drift
        );
    }
}

#[test]
fn correct_also_removes_what_a_created_topic_should_not_have() {
    let there = observed(
        1,
        &[
            ("segment.ms", "60000"),
            ("retention.ms", "5"),
            ("leader.replication.throttled.replicas", "0:1"),
        ],
    );
    let plan = planned(&topic(None, &[]), &there, &history(Origin::Created, true));
    assert_eq!(
        plan.actions,
        [alter(&[("retention.ms", "604800000")], &["segment.ms"])]
    );
    assert_eq!(plan.drift.len(), 2);
    assert!(plan.kept.is_empty());
}

#[test]
fn drift_policies_differ_for_drift_and_agree_for_wishes() {
    let there = observed(1, &[("retention.ms", "5")]);
    let fix = alter(&[("retention.ms", "86400000")], &[]);
    for (policy, settled, actions, drifts) in [
        (DriftPolicy::Correct, true, vec![fix.clone()], 1),
        (DriftPolicy::Warn, true, vec![], 1),
        (DriftPolicy::Ignore, true, vec![], 1),
        (DriftPolicy::Correct, false, vec![fix.clone()], 0),
        (DriftPolicy::Warn, false, vec![fix.clone()], 0),
        (DriftPolicy::Ignore, false, vec![fix.clone()], 0),
    ] {
        let mut topic = topic(None, &[("retention.ms", "86400000")]);
        topic.drift_policy = policy;
        let plan = planned(&topic, &there, &history(Origin::Created, settled));
        assert_eq!(plan.actions, actions, "{policy:?} {settled}");
        assert_eq!(plan.drift.len(), drifts, "{policy:?} {settled}");
    }
}

#[test]
fn partitions_grow_and_never_shrink() {
    let created = history(Origin::Created, false);
    for (want, found, actions, refused) in [
        (None, 4, vec![], false),
        (Some(4), 4, vec![], false),
        (Some(6), 4, vec![grow(6)], false),
        (Some(2), 4, vec![], true),
    ] {
        let plan = planned(&topic(want, &[]), &observed(found, &[]), &created);
        assert_eq!(plan.actions, actions);
        assert_eq!(!plan.refusals.is_empty(), refused);
        for refusal in plan.refusals {
            assert_eq!(refusal.path, "spec.partitions");
            assert!(
                refusal.message.ends_with("write partitions: 4 or more"),
                "{refusal}"
            );
        }
    }
}

#[test]
fn a_refusal_does_not_hold_up_the_rest() {
    let mut topic = topic(Some(1), &[("retention.ms", "1000")]);
    topic.replicas = Some(3);
    let plan = planned(&topic, &observed(4, &[]), &history(Origin::Created, true));
    assert_eq!(plan.actions, [alter(&[("retention.ms", "1000")], &[])]);
    let paths: Vec<_> = plan
        .refusals
        .iter()
        .map(|refusal| refusal.path.as_str())
        .collect();
    assert_eq!(paths, ["spec.partitions", "spec.replicas"]);
}

#[test]
fn a_new_cluster_s_topic_is_not_the_one_the_object_made() {
    let history = history(Origin::Created, true);
    let there = observed(1, &[("segment.ms", "60000")]);
    let plan = plan(&topic(None, &[]), Some(&there), &history, Some("other"));
    assert_eq!((plan.origin, plan.actions), (Origin::Adopted, vec![]));
}

#[test]
fn a_topic_made_anew_elsewhere_is_somebody_else_s() {
    let history = History {
        topic_id: Some("old".to_owned()),
        ..history(Origin::Created, true)
    };
    for (id, origin) in [
        (Some("old"), Origin::Created),
        (None, Origin::Created),
        (Some("new"), Origin::Adopted),
    ] {
        let there = ObservedTopic {
            id: id.map(str::to_owned),
            ..observed(1, &[("segment.ms", "60000")])
        };
        let plan = planned(&topic(None, &[]), &there, &history);
        assert_eq!(plan.origin, origin, "{id:?}");
        assert_eq!(plan.drift.is_empty(), origin == Origin::Adopted, "{id:?}");
    }
}

#[test]
fn a_topic_found_after_a_begun_creation_is_ours_when_it_looks_so() {
    let intent = History {
        intent: true,
        ..history(Origin::Created, false)
    };
    let named = topic(Some(2), &[("retention.ms", "1000")]);
    let made = [("retention.ms", "1000"), ("cleanup.policy", "delete")];
    for (there, origin) in [
        (observed(2, &made), Origin::Created),
        (observed(1, &made), Origin::Adopted),
        (observed(2, &made[..1]), Origin::Adopted),
        (
            observed(2, &[made[0], made[1], ("segment.ms", "5")]),
            Origin::Adopted,
        ),
        (
            observed(2, &[("retention.ms", "9"), made[1]]),
            Origin::Adopted,
        ),
    ] {
        let plan = planned(&named, &there, &intent);
        assert_eq!(plan.origin, origin, "{there:?}");
    }
    let again = plan(&named, None, &intent, Some("k"));
    assert!(!again.recreated, "it was never seen, so it was not lost");
    assert!(matches!(again.actions[..], [Action::Create(_)]));
}

#[test]
fn brokers_may_write_values_in_their_own_way() {
    for (name, found, want, same) in [
        ("retention.ms", "86400000", "086400000", true),
        (
            "retention.ms",
            "9223372036854775807",
            "9223372036854775806",
            false,
        ),
        ("min.cleanable.dirty.ratio", "0.5", "0.50", true),
        ("preallocate", "false", "False", true),
        ("preallocate", "false", "true", false),
        ("cleanup.policy", "compact,delete", "delete, compact", true),
        ("cleanup.policy", "compact", "delete", false),
        ("compression.type", "producer", "gzip", false),
    ] {
        assert_eq!(same_value(name, found, want), same, "{name} {found} {want}");
    }
}

/// What a broker does with an action.
fn carry_out(there: Option<&ObservedTopic>, action: &Action) -> ObservedTopic {
    let default = observed(1, &[]).settings;
    match (there, action) {
        (None, Action::Create(new)) => {
            let pairs: Vec<_> = new
                .settings
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect();
            ObservedTopic {
                replicas: new.replicas,
                ..observed(new.partitions, &pairs)
            }
        }
        (Some(topic), Action::Grow(growth)) => {
            assert!(growth.partitions > topic.partitions);
            ObservedTopic {
                partitions: growth.partitions,
                ..topic.clone()
            }
        }
        (Some(topic), Action::Alter(alteration)) => {
            let mut settings = topic.settings.clone();
            for (name, value) in &alteration.set {
                let origin = SettingOrigin::Topic;
                settings.insert(
                    name.clone(),
                    Setting {
                        value: Some(value.clone()),
                        origin,
                    },
                );
            }
            for name in &alteration.remove {
                settings.remove(name);
                let fallen_back = default.get(name).map(|value| (name.clone(), value.clone()));
                settings.extend(fallen_back);
            }
            ObservedTopic {
                settings,
                ..topic.clone()
            }
        }
        (there, action) => panic!("{action:?} on {there:?}"),
    }
}

fn some_settings() -> impl Strategy<Value = BTreeMap<String, String>> {
    let name = prop::sample::select(vec![
        "retention.ms",
        "cleanup.policy",
        "segment.ms",
        "compression.type",
        "follower.replication.throttled.replicas",
    ]);
    prop::collection::btree_map(name.prop_map(str::to_owned), "[1-9]", 0..4)
}

fn some_topic() -> impl Strategy<Value = ValidatedTopic> {
    (prop::option::of(1..6), some_settings()).prop_map(|(partitions, named)| {
        let pairs: Vec<_> = named
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        topic(partitions, &pairs)
    })
}

fn some_observed() -> impl Strategy<Value = ObservedTopic> {
    (1..6, some_settings()).prop_map(|(partitions, overrides)| {
        let pairs: Vec<_> = overrides
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        observed(partitions, &pairs)
    })
}

proptest! {
    #[test]
    fn a_plan_carried_out_leaves_nothing_to_do(
        topic in some_topic(),
        there in prop::option::of(some_observed()),
        origin in prop::option::of(prop::sample::select(vec![Origin::Created, Origin::Adopted])),
        settled: bool,
    ) {
        let cluster_id = origin.map(|_| "k".to_owned());
        let history = History { origin, cluster_id, topic_id: None, intent: false, settled };
        let first = plan(&topic, there.as_ref(), &history, Some("k"));
        let carried_out = |there: Option<ObservedTopic>, action| Some(carry_out(there.as_ref(), action));
        let there = first.actions.iter().fold(there, carried_out);

        let history = History {
            origin: Some(first.origin),
            cluster_id: Some("k".to_owned()),
            topic_id: None,
            intent: false,
            settled: true,
        };
        let second = plan(&topic, there.as_ref(), &history, Some("k"));
        prop_assert_eq!(&second.actions, &[]);
        prop_assert_eq!(second.origin, first.origin);
        // What is refused stays refused, and is all that still differs.
        prop_assert_eq!(second.refusals.len(), first.refusals.len());
        prop_assert_eq!(second.drift.len(), second.refusals.len());
    }
}
