//! Turns of one Topic against a broker and an API server in memory: what is done in which order,
//! and that dying at any point loses nothing.

mod world;

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::topic::memory;
use world::World;

#[tokio::test(start_paused = true)]
async fn a_topic_is_made_after_its_intent_is_written() {
    let world = World::new(json!({"cluster": "tutorial", "partitions": 2})).await;
    world.settle().await;
    assert_eq!(
        world.take_log(),
        [
            "finalizer set",
            "status Pending",
            "status Reconciled",
            "Normal Created: topic orders is made with 2 partitions",
        ]
    );
    assert_eq!(world.broker_calls(), ["create", "look"]);
    world.settle().await;
    assert_eq!(world.take_log(), [""; 0], "nothing is written twice");
    world.restart().await;
    world.settle().await;
    assert_eq!(
        world.take_log(),
        [""; 0],
        "a restarted operator writes nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_dies_while_a_topic_is_made_finds_it_made_by_itself() {
    // Four writes: finalizer, intent, status, Event; and the answer of the broker may be lost.
    for dead_after in 0..4 {
        for (down, mute) in [(false, false), (true, false), (false, true)] {
            let case = format!("dead after {dead_after} writes, down {down}, mute {mute}");
            let world = World::new(json!({"cluster": "tutorial", "partitions": 2})).await;
            world.objects.state().writes_left = Some(dead_after);
            world.broker.state().down = down;
            world.broker.state().mute = mute;
            drop(world.turn().await);
            world.objects.state().writes_left = None;
            world.broker.state().down = false;
            world.broker.state().mute = false;
            world.restart().await;
            world.settle().await;

            let topic = world.topic();
            let history = memory::history(&topic);
            assert_eq!(history.origin, Some(Origin::Created), "{case}");
            assert!(history.settled && !history.intent, "{case}");
            assert_eq!(history.topic_id.as_deref(), Some("id-1"), "{case}");
            let status = topic.status.as_ref().unwrap();
            assert_eq!(status.recreations, None, "{case}");
            assert!(finalizer::is_set(&topic), "{case}");
            world.take_log();
            world.settle().await;
            assert_eq!(world.take_log(), [""; 0], "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_somebody_else_makes_in_the_same_moment_is_adopted() {
    let world = World::new(json!({"cluster": "tutorial"})).await;
    world.broker.make("orders", 4, &[]);
    world.settle().await;
    let topic = world.topic();
    assert_eq!(memory::history(&topic).origin, Some(Origin::Adopted));
    assert!(!finalizer::is_set(&topic), "its data is not ours to delete");
    let log = world.take_log();
    assert_eq!(
        log.last().unwrap(),
        "Normal Adopted: topic orders was there before and is adopted"
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_by_what_is_not_shown_is_tried_again_later() {
    let world = World::new(json!({"cluster": "tutorial"})).await;
    let refusal = ("orders".to_owned(), TopicErrorKind::AlreadyExists);
    world.broker.state().refusals.extend([refusal]);
    for _ in 0..3 {
        let fault = world.turn().await.unwrap_err();
        assert_eq!(fault.category(), "BrokerRefused");
    }
    world.broker.make("orders", 4, &[]);
    assert_eq!(world.turn().await.unwrap(), Outcome::After(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_topic_of_a_begun_creation_that_looks_otherwise_is_adopted() {
    let world = World::new(json!({"cluster": "tutorial"})).await;
    world.objects.state().writes_left = Some(2);
    world.broker.state().down = true;
    drop(world.turn().await);
    assert!(memory::history(&world.topic()).intent);
    world.objects.state().writes_left = None;
    world.broker.state().down = false;
    world.broker.make("orders", 4, &[]);
    world.restart().await;
    world.settle().await;
    let topic = world.topic();
    assert_eq!(memory::history(&topic).origin, Some(Origin::Adopted));
    assert!(!finalizer::is_set(&topic));
}

#[tokio::test(start_paused = true)]
async fn a_topic_deleted_elsewhere_is_made_again_and_counted_once() {
    for dead_after in [u32::MAX, 0, 1] {
        let world = World::settled(json!({"cluster": "tutorial"})).await;
        world.broker.state().cluster.topics.clear();
        world.look().await;
        world.objects.state().writes_left = Some(dead_after);
        drop(world.turn().await);
        world.objects.state().writes_left = None;
        world.restart().await;
        world.settle().await;
        let status = world.topic().status.unwrap();
        assert_eq!(status.recreations, Some(1), "dead after {dead_after}");
        assert_eq!(status.topic_id.as_deref(), Some("id-2"));
        assert_eq!(status.adopted, Some(false));
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_cluster_under_the_name_has_topics_made_not_made_again() {
    let world = World::settled(json!({"cluster": "tutorial"})).await;
    {
        let mut broker = world.broker.state();
        broker.cluster.topics.clear();
        broker.cluster.cluster_id = Some("other".to_owned());
    }
    world.look().await;
    world.settle().await;
    let status = world.topic().status.unwrap();
    assert_eq!((status.recreations, status.adopted), (None, Some(false)));
    assert_eq!(status.cluster_id.as_deref(), Some("other"));
    assert_eq!(
        world.take_log().last().unwrap(),
        "Normal Created: topic orders is made with 1 partition"
    );
}

#[tokio::test(start_paused = true)]
async fn a_changed_spec_is_carried_out_and_told() {
    let world = World::settled(json!({"cluster": "tutorial", "partitions": 1})).await;
    world.edit(json!({"cluster": "tutorial", "partitions": 3, "retention": {"time": "1d"}}));
    world.settle().await;
    assert_eq!(world.broker_calls(), ["grow", "alter", "look", "amounts"]);
    let status = world.topic().status.unwrap();
    assert_eq!((status.records, status.size_bytes), (Some(10), Some(1000)));
    assert_eq!(
        world.take_log(),
        [
            "status Reconciled",
            "Warning PartitionsGrown: topic orders has 3 partitions instead of 1: keys go to other partitions from now on, so the order of \
             records with one key is kept within each part only",
            "Normal SettingsChanged: topic orders: retention.ms 604800000 → 86400000",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn drift_is_corrected_warned_of_or_ignored() {
    for (policy, log, found) in [
        (
            "Correct",
            vec![
                "status Reconciled",
                "Warning DriftCorrected: topic orders was changed elsewhere and is set right: retention.ms is 5, wanted 604800000",
            ],
            "604800000",
        ),
        (
            "Warn",
            vec![
                "status Drifted",
                "Warning Drifted: changed elsewhere, and driftPolicy Warn leaves it: retention.ms is 5, wanted 604800000",
            ],
            "5",
        ),
        ("Ignore", vec!["status Drifted"], "5"),
    ] {
        let world = World::settled(json!({"cluster": "tutorial", "driftPolicy": policy})).await;
        world.broker.set("orders", "retention.ms", "5");
        world.look().await;
        world.settle().await;
        assert_eq!(world.take_log(), log, "{policy}");
        let settings = world.broker.state().cluster.topics["orders"]
            .settings
            .clone();
        assert_eq!(
            settings["retention.ms"].value.as_deref(),
            Some(found),
            "{policy}"
        );
        // Its memory of the spec outlives a broker that does not answer, or drift would be a wish.
        world.unreachable("connection refused");
        world.settle().await;
        world.look().await;
        world.settle().await;
        let settings = world.broker.state().cluster.topics["orders"]
            .settings
            .clone();
        assert_eq!(
            settings["retention.ms"].value.as_deref(),
            Some(found),
            "{policy}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_broker_refuses_is_said_once() {
    let world = World::new(json!({"cluster": "tutorial", "config": {"segment.ms": "x"}})).await;
    let refusal = ("orders".to_owned(), TopicErrorKind::Invalid);
    world.broker.state().refusals.extend([refusal]);
    world.settle().await;
    assert_eq!(
        world.take_log(),
        [
            "finalizer set",
            "status Pending",
            "status InvalidConfig",
            "Warning InvalidConfig: the broker refuses to create topic orders: Invalid, says the broker: correct the spec",
        ]
    );
    world.settle().await;
    assert_eq!(world.take_log(), [""; 0]);
    world.broker.state().refusals.clear();
    world.settle().await;
    assert_eq!(
        memory::history(&world.topic()).origin,
        Some(Origin::Created)
    );
}

#[tokio::test(start_paused = true)]
async fn brokers_that_show_a_topic_late_are_waited_for() {
    for looks in [2, 7] {
        let world = World::new(json!({"cluster": "tutorial"})).await;
        world.broker.state().hidden = Some(("orders".to_owned(), looks));
        for _ in 0..6 {
            drop(world.turn().await);
        }
        let status = world.topic().status.unwrap();
        assert_eq!(status.adopted, Some(false), "{looks}");
        assert_eq!(status.topic_id.as_deref(), Some("id-1"), "{looks}");
        assert_eq!(status.recreations, None, "{looks}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_goes_with_its_object_by_policy() {
    for (spec, adopted, stays, told) in [
        (
            json!({}),
            false,
            false,
            "Normal Deleted: topic orders is deleted with its records",
        ),
        (
            json!({"deletionPolicy": "Delete"}),
            true,
            false,
            "Normal Deleted: topic orders is deleted with its records",
        ),
        (json!({"deletionPolicy": "Retain"}), false, true, ""),
        (json!({}), true, true, ""),
        (json!({"deletionProtection": true}), false, true, ""),
    ] {
        let mut spec = spec;
        spec["cluster"] = json!("tutorial");
        let world = World::new(spec.clone()).await;
        if adopted {
            world.broker.make("orders", 1, &[]);
            world.look().await;
        }
        world.settle().await;
        world.take_log();
        world.delete();
        world.settle().await;
        assert!(
            world.objects.state().topic.is_none(),
            "{spec}: the object goes"
        );
        let left = world.broker.state().cluster.topics.contains_key("orders");
        assert_eq!(left, stays, "{spec}, adopted {adopted}");
        let log = world.take_log();
        assert_eq!(log.last().map_or("", String::as_str), told, "{spec}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_begun_creation_only_what_it_leads_to_is_deleted() {
    for (theirs, policy, stays) in [
        (None, None, false),
        (None, Some("Delete"), false),
        (Some(4), None, true),
        (Some(4), Some("Delete"), true),
    ] {
        let world = World::new(json!({"cluster": "tutorial", "deletionPolicy": policy})).await;
        world.objects.state().writes_left = Some(2);
        // Ours is made and nobody hears of it; theirs is made where ours was not.
        world.broker.state().down = theirs.is_some();
        world.broker.state().mute = true;
        drop(world.turn().await);
        assert!(memory::history(&world.topic()).intent);
        world.objects.state().writes_left = None;
        world.broker.state().down = false;
        world.broker.state().mute = false;
        if let Some(partitions) = theirs {
            world.broker.make("orders", partitions, &[]);
        }
        world.restart().await;
        world.delete();
        world.settle().await;
        assert!(world.objects.state().topic.is_none());
        let left = world.broker.state().cluster.topics.contains_key("orders");
        assert_eq!(left, stays, "{theirs:?} {policy:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_came_under_the_name_since_the_last_look_is_kept() {
    let world = World::settled(json!({"cluster": "tutorial"})).await;
    world.broker.state().cluster.topics.clear();
    world.broker.make("orders", 1, &[]);
    world.delete();
    world.settle().await;
    assert!(world.objects.state().topic.is_none());
    assert!(world.broker.state().cluster.topics.contains_key("orders"));
}

#[tokio::test(start_paused = true)]
async fn whoever_dies_while_a_topic_is_deleted_ends_it() {
    for dead_after in 0..2 {
        let world = World::settled(json!({"cluster": "tutorial"})).await;
        world.delete();
        world.objects.state().writes_left = Some(dead_after);
        drop(world.turn().await);
        world.objects.state().writes_left = None;
        world.restart().await;
        world.settle().await;
        assert!(world.objects.state().topic.is_none());
        assert!(world.broker.state().cluster.topics.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_whose_cluster_is_gone_goes_at_once() {
    for going in [true, false] {
        let mut world = World::settled(json!({"cluster": "tutorial"})).await;
        world.unreachable("connection refused");
        if going {
            world.cluster_going();
        } else {
            world.cluster = None;
        }
        world.delete();
        let outcome = world.turn().await.unwrap();
        assert_eq!(outcome, Outcome::Gone);
        assert!(world.objects.state().topic.is_none());
        let told = "Normal ClusterGone: topic orders goes with its Cluster tutorial";
        assert_eq!(world.take_log().last().unwrap(), told);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_only_the_cache_misses_is_not_gone() {
    let mut world = World::settled(json!({"cluster": "tutorial"})).await;
    world.objects.state().cluster = world.cluster.take();
    world.delete();
    let outcome = world.turn().await.unwrap();
    assert_eq!(outcome, Outcome::After(Duration::from_secs(2)));
    assert!(finalizer::is_set(&world.topic()));
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_does_not_answer_holds_a_deletion_up_for_a_while() {
    let mut world = World::settled(json!({"cluster": "tutorial"})).await;
    world.unreachable("connection refused");
    world.delete();
    assert_eq!(world.turn().await.unwrap(), Outcome::After(LEAVING));
    assert!(finalizer::is_set(&world.topic()));
    world.seconds = 29;
    assert_eq!(
        world.turn().await.unwrap(),
        Outcome::After(Duration::from_secs(1))
    );
    world.seconds = 30;
    assert_eq!(world.turn().await.unwrap(), Outcome::Gone);
    assert!(world.objects.state().topic.is_none());
    let log = world.take_log();
    assert_eq!(
        log,
        [
            "status BrokerUnreachable",
            "Warning BrokerUnreachable: being deleted, and the topic could not be deleted yet: connection refused; tried again for a while, \
             then the topic is left where it is",
            "finalizer removed",
            "Warning Orphaned: topic orders stays in Cluster tutorial with nobody to look after it, for it could not be deleted: connection \
             refused; delete it there by hand: eddyline topic delete orders",
        ]
    );
    assert!(world.broker.state().cluster.topics.contains_key("orders"));
}

#[tokio::test(start_paused = true)]
async fn an_heir_keeps_the_data_and_a_rival_never_touches_it() {
    let mut world = World::settled(json!({"cluster": "tutorial"})).await;
    let other = crate::names::ObjectName {
        namespace: "default".to_owned(),
        name: "renamed".to_owned(),
    };
    world.heir = Some(other.clone());
    world.delete();
    world.settle().await;
    assert!(world.objects.state().topic.is_none());
    assert!(world.broker.state().cluster.topics.contains_key("orders"));
    let told = "Normal Inherited: topic orders stays: the Topic default/renamed names it too and has it now";
    assert_eq!(world.take_log().last().unwrap(), told);

    let mut rival =
        World::new(json!({"cluster": "tutorial", "partitions": 9, "deletionPolicy": "Delete"}))
            .await;
    rival.broker.make("orders", 1, &[]);
    rival.look().await;
    rival.owner = Some(other);
    rival.settle().await;
    rival.delete();
    rival.settle().await;
    assert_eq!(rival.broker.state().cluster.topics["orders"].partitions, 1);
    assert!(
        rival
            .take_log()
            .iter()
            .all(|line| !line.starts_with("finalizer"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_is_there_exactly_while_the_topic_would_go_too() {
    let world = World::settled(json!({"cluster": "tutorial"})).await;
    for (spec, held) in [
        (
            json!({"cluster": "tutorial", "deletionPolicy": "Retain"}),
            false,
        ),
        (
            json!({"cluster": "tutorial", "deletionPolicy": "Delete"}),
            true,
        ),
        (
            json!({"cluster": "tutorial", "deletionProtection": true}),
            false,
        ),
        (json!({"cluster": "tutorial"}), true),
    ] {
        world.edit(spec.clone());
        world.settle().await;
        assert_eq!(finalizer::is_set(&world.topic()), held, "{spec}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_does_not_serve_says_why_once() {
    for (ready, reason, expected) in [
        ("True", "Running", "BrokerUnreachable"),
        ("False", "BrokerUnreachable", "BrokerUnreachable"),
        ("False", "CrashLooping", "ClusterNotReady"),
        ("Unknown", "Pending", "ClusterNotReady"),
    ] {
        let mut world = World::settled(json!({"cluster": "tutorial"})).await;
        world.unreachable("connection refused");
        world.cluster_is(ready, reason);
        world.settle().await;
        let log = world.take_log();
        assert_eq!(log[0], format!("status {expected}"), "{ready} {reason}");
        world.settle().await;
        assert_eq!(world.take_log(), [""; 0]);
        world.look().await;
        world.settle().await;
        assert_eq!(
            world.take_log()[0],
            "status Reconciled",
            "whatever the Cluster says"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_operator_does_not_doubt_what_the_cluster_says_before_it_asks() {
    for reason in ["BrokerUnreachable", "Running"] {
        let mut world = World::settled(json!({"cluster": "tutorial"})).await;
        let ready = if reason == "Running" { "True" } else { "False" };
        world.cluster_is(ready, reason);
        world.unseen();
        world.settle().await;
        assert_eq!(world.take_log(), [""; 0], "{reason}");
    }
}
