//! Topics: found, made, changed, changed elsewhere, shared by two objects, and what stays when they go.

use std::time::{Duration, Instant};

use serde_json::Value;

use tests::kube::namespace::PATIENCE;

use crate::harness::{Broker, alone, external, namespace, suite, topic};

/// How many partitions a topic has in the broker.
fn partitions(broker: &Broker, name: &str) -> Option<usize> {
    broker.topic(name)?["partitions"].as_array().map(Vec::len)
}

/// One setting of a topic in the broker.
fn setting(broker: &Broker, topic: &str, name: &str) -> Option<String> {
    let described = broker.topic(topic)?;
    described["settings"][name].as_str().map(str::to_owned)
}

fn has_event(events: &[String], start: &str) -> bool {
    events.iter().any(|event| event.starts_with(start))
}

#[test]
fn a_topic_that_was_there_is_adopted_and_outlives_its_object() {
    let broker = Broker::start();
    broker.tool(&[
        "topic",
        "create",
        "old",
        "-p",
        "3",
        "-c",
        "segment.ms=86400000",
    ]);
    let test = namespace("adopted");
    test.apply(&(external(&broker.kafka) + &topic("old", "  retention: {time: 1d}\n")));
    let message = test.ready_is("topic/old", "True", "Reconciled");
    assert!(
        message.contains("segment.ms"),
        "what stays is listed: {message}"
    );
    let status = test.get("topic/old").unwrap()["status"].clone();
    assert_eq!(status["adopted"], true, "{status}");
    assert_eq!(
        (&status["partitions"], &status["retention"]["time"]),
        (&Value::from(3), &Value::from("1d"))
    );
    assert_eq!(
        setting(&broker, "old", "retention.ms").as_deref(),
        Some("86400000")
    );
    assert!(has_event(&test.events("topic/old"), "Normal Adopted"));
    test.kubectl(&["delete", "topic", "old"]);
    assert_eq!(partitions(&broker, "old"), Some(3), "it was there before");
}

#[test]
fn a_topic_grows_and_its_settings_follow_the_spec() {
    let broker = Broker::start();
    let test = namespace("grow");
    test.apply(&(external(&broker.kafka) + &topic("t", "  partitions: 1\n")));
    test.ready_is("topic/t", "True", "Reconciled");
    test.apply(&topic(
        "t",
        "  partitions: 4\n  retention: {time: 12h, size: 1Gi}\n",
    ));
    test.ready_is("topic/t", "True", "Reconciled");
    let status = test.get("topic/t").unwrap()["status"].clone();
    assert_eq!(status["partitions"], 4, "{status}");
    assert_eq!(
        status["retention"],
        serde_json::json!({"time": "12h", "size": "1Gi"})
    );
    assert_eq!(partitions(&broker, "t"), Some(4));
    let events = test.events("topic/t");
    for start in [
        "Normal Created",
        "Warning PartitionsGrown",
        "Normal SettingsChanged",
    ] {
        assert!(has_event(&events, start), "{start}: {events:?}");
    }
    let refusal = test.refused(&topic("t", "  partitions: 2\n"));
    assert!(refusal.contains("partitions can only grow"), "{refusal}");
    let refusal = test.refused(&topic("t", "  partitions: 4\n  topicName: other\n"));
    assert!(refusal.contains("topicName cannot be changed"), "{refusal}");
    let refusal = test.refused(&topic("u", "  retention: {time: 1week}\n"));
    assert!(refusal.contains("retention.time"), "{refusal}");
}

#[test]
fn a_setting_that_the_broker_does_not_know_is_said_and_can_be_mended() {
    let broker = Broker::start();
    let test = namespace("refused");
    test.apply(&(external(&broker.kafka) + &topic("t", "  config: {retention.sm: \"5\"}\n")));
    let message = test.ready_is("topic/t", "False", "InvalidConfig");
    assert!(message.contains("retention.sm"), "{message}");
    test.apply(&topic("t", "  config: {segment.ms: \"86400000\"}\n"));
    test.ready_is("topic/t", "True", "Reconciled");
    assert_eq!(
        setting(&broker, "t", "segment.ms").as_deref(),
        Some("86400000")
    );
}

#[test]
fn drift_is_corrected_warned_of_or_ignored_by_policy() {
    let broker = Broker::start();
    let test = namespace("drift");
    test.apply(&external(&broker.kafka));
    for (policy, reason, stays) in [
        ("Correct", "Reconciled", "604800000"),
        ("Warn", "Drifted", "5000"),
        ("Ignore", "Drifted", "5000"),
    ] {
        let name = policy.to_ascii_lowercase();
        test.apply(&topic(&name, &format!("  driftPolicy: {policy}\n")));
        let object = format!("topic/{name}");
        test.ready_is(&object, "True", "Reconciled");
        broker.tool(&["topic", "alter", &name, "-c", "retention.ms=5000"]);
        if reason == "Drifted" {
            test.ready_is(&object, "True", "Drifted");
            let drifted = test.condition(&object, "Drifted").unwrap();
            assert_eq!(drifted.status, "True");
        } else {
            test.until("the drift to be corrected", PATIENCE, || {
                has_event(&test.events(&object), "Warning DriftCorrected").then_some(())
            });
        }
        assert_eq!(
            setting(&broker, &name, "retention.ms").as_deref(),
            Some(stays),
            "{policy}"
        );
        let warned = has_event(&test.events(&object), "Warning Drift");
        assert_eq!(warned, policy != "Ignore", "{:?}", test.events(&object));
    }
    broker.tool(&["topic", "delete", "correct"]);
    test.until("the topic to be made again", PATIENCE, || {
        (test.get("topic/correct")?["status"]["recreations"] == 1).then_some(())
    });
    test.ready_is("topic/correct", "True", "Reconciled");
    assert!(has_event(
        &test.events("topic/correct"),
        "Warning Recreated"
    ));
}

#[test]
fn of_two_objects_for_one_topic_the_older_owns_it_and_the_other_inherits_it() {
    let broker = Broker::start();
    let test = namespace("rivals");
    test.apply(
        &(external(&broker.kafka) + &topic("first", "  topicName: shared\n  partitions: 2\n")),
    );
    test.ready_is("topic/first", "True", "Reconciled");
    // Creation times have whole seconds; of equals the first by name owns.
    test.apply(&topic("second", "  topicName: shared\n  partitions: 6\n"));
    let message = test.ready_is("topic/second", "False", "Conflict");
    assert!(message.contains("first"), "{message}");
    assert_eq!(partitions(&broker, "shared"), Some(2));
    let id = test.get("topic/first").unwrap()["status"]["topicId"].clone();
    test.kubectl(&["delete", "topic", "first"]);
    test.ready_is("topic/second", "True", "Reconciled");
    let heir = test.get("topic/second").unwrap()["status"].clone();
    assert_eq!(
        heir["topicId"], id,
        "a rename by create + prune keeps the data"
    );
    assert_eq!(partitions(&broker, "shared"), Some(6));
    assert!(has_event(&test.events("topic/first"), "Normal Inherited"));
}

#[test]
fn what_becomes_of_a_topic_is_its_policy_s_business() {
    let broker = Broker::start();
    let test = namespace("policy");
    test.apply(&external(&broker.kafka));
    for (name, spec, stays) in [
        ("unset", "", false),
        ("delete", "  deletionPolicy: Delete\n", false),
        ("retain", "  deletionPolicy: Retain\n", true),
    ] {
        let object = format!("topic/{name}");
        test.apply(&topic(name, spec));
        test.ready_is(&object, "True", "Reconciled");
        let finalizers = test.get(&object).unwrap()["metadata"]["finalizers"].clone();
        assert_eq!(finalizers.is_array(), !stays, "{name}: {finalizers}");
        test.kubectl(&["delete", "topic", name]);
        assert_eq!(broker.topic(name).is_some(), stays, "{name}");
    }
}

#[test]
fn a_topic_whose_cluster_goes_first_goes_at_once_and_leaves_the_data() {
    let broker = Broker::start();
    let test = namespace("clustergone");
    test.apply(&(external(&broker.kafka) + &topic("t", "")));
    test.ready_is("topic/t", "True", "Reconciled");
    test.kubectl(&["delete", "cluster.eddyline.dev", "c"]);
    test.ready_is("topic/t", "False", "ClusterNotFound");
    test.kubectl(&["delete", "topic", "t", "--wait=false"]);
    test.gone("topic/t", Duration::from_secs(20));
    assert!(
        broker.topic("t").is_some(),
        "an external Kafka keeps its topics"
    );
}

#[test]
fn hundreds_of_topics_are_made_at_once_and_looked_at_in_few_calls() {
    const MANY: usize = 500;
    let broker = Broker::start();
    let test = namespace("many");
    test.apply(&external(&broker.kafka));
    test.ready_is("cluster/c", "True", "Running");
    let topics: String = (0..MANY)
        .map(|number| topic(&format!("t{number}"), "  partitions: 1\n"))
        .collect();
    let begun = Instant::now();
    test.apply(&topics);
    let applied = begun.elapsed();
    test.until("all topics to be ready", PATIENCE * 3, || {
        let list = suite()
            .kube
            .json(&["-n", &test.name, "topics.eddyline.dev"])?;
        let ready = |topic: &&Value| topic["status"]["conditions"][0]["reason"] == "Reconciled";
        (list["items"].as_array()?.iter().filter(ready).count() == MANY).then_some(())
    });
    let ready = begun.elapsed();
    let begun = Instant::now();
    test.kubectl(&["delete", "topics.eddyline.dev", "--all", "--wait=false"]);
    test.until("all topics to be gone", PATIENCE * 3, || {
        // There is no answer at all once the list is empty.
        let list = suite()
            .kube
            .json(&["-n", &test.name, "topics.eddyline.dev"]);
        let left = list.and_then(|list| Some(list["items"].as_array()?.len()));
        (left.unwrap_or(0) == 0).then_some(())
    });
    println!(
        "{MANY} topics: applied in {:.1} s, all ready after {:.1} s, gone {:.1} s after the deletion began",
        applied.as_secs_f64(),
        ready.as_secs_f64(),
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(broker.topic("t0"), None);
}

#[test]
fn an_operator_killed_among_many_creations_finds_its_topics_again() {
    const MANY: usize = 60;
    let broker = Broker::start();
    let test = alone("killed");
    test.apply(&external(&broker.kafka));
    test.ready_is("cluster/c", "True", "Running");
    let topics: String = (0..MANY)
        .map(|number| topic(&format!("t{number}"), "  partitions: 1\n"))
        .collect();
    let statuses = || {
        let list = suite()
            .kube
            .json(&["-n", &test.name, "topics.eddyline.dev"]);
        let list = list.and_then(|list| list["items"].as_array().cloned());
        let statuses = list.unwrap_or_default().into_iter();
        statuses
            .map(|topic| topic["status"].clone())
            .collect::<Vec<_>>()
    };
    suite().kill_operator();
    test.apply(&topics);
    let mut kills = 0;
    test.until("all topics to be ready", PATIENCE * 3, || {
        suite().start_operator(&[]);
        let ready = |status: &&Value| status["conditions"][0]["reason"] == "Reconciled";
        let ready = statuses().iter().filter(ready).count();
        if ready < MANY && kills < 3 {
            suite().kill_operator();
            kills += 1;
        }
        (ready == MANY).then_some(())
    });
    for status in statuses() {
        assert_eq!(status["adopted"], false, "{status}");
        assert!(status["recreations"].is_null(), "{status}");
    }
    println!("{MANY} topics made by operators that were killed {kills} times");
}
