use super::*;

fn topic(spec: serde_json::Value) -> Topic {
    Topic::new("orders", serde_json::from_value(spec).unwrap())
}

fn facts(engine: Engine, brokers: i32, config: &BTreeMap<String, String>) -> ClusterFacts<'_> {
    ClusterFacts {
        engine,
        brokers,
        config,
    }
}

fn pairs(settings: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

#[test]
fn every_policy_and_flush_has_its_kafka_setting() {
    let config = BTreeMap::new();
    for (fields, name, expected) in [
        (
            serde_json::json!({"cleanupPolicy": "Compact"}),
            "cleanup.policy",
            "compact",
        ),
        (
            serde_json::json!({"cleanupPolicy": "CompactDelete"}),
            "cleanup.policy",
            "compact,delete",
        ),
        (
            serde_json::json!({"flush": "PageCache"}),
            "eddyline.flush",
            "pagecache",
        ),
        (
            serde_json::json!({"flush": "Interval", "flushInterval": "100ms"}),
            "eddyline.flush",
            "interval:100ms",
        ),
    ] {
        let mut spec = fields;
        spec["cluster"] = "c".into();
        let valid = validate(&topic(spec), &facts(Engine::Bundled, 1, &config)).unwrap();
        assert_eq!(valid.settings.get(name).map(String::as_str), Some(expected));
    }
    let slow = serde_json::json!({"cluster": "c", "flush": "Interval", "flushInterval": "2h"});
    let refused = validate(&topic(slow), &facts(Engine::Bundled, 1, &config)).unwrap_err();
    assert_eq!(refused.len(), 1, "{refused:?}");
}

#[test]
fn fields_become_kafka_settings() {
    let config = BTreeMap::new();
    let topic = topic(serde_json::json!({
        "cluster": "c",
        "topicName": "Orders.v1",
        "partitions": 2,
        "retention": {"time": "1d", "size": "10Gi"},
        "cleanupPolicy": "Delete",
        "flush": "Sync",
        "config": {"max.message.bytes": "2097152"},
    }));
    let valid = validate(&topic, &facts(Engine::Bundled, 1, &config)).unwrap();
    assert_eq!(
        (valid.name.as_str(), valid.partitions),
        ("Orders.v1", Some(2))
    );
    assert_eq!(
        pairs(&valid.settings),
        [
            ("cleanup.policy", "delete"),
            ("eddyline.flush", "sync"),
            ("max.message.bytes", "2097152"),
            ("retention.bytes", "10737418240"),
            ("retention.ms", "86400000"),
        ]
    );
    assert!(valid.defaults.settings.is_empty(), "{:?}", valid.defaults);
}

#[test]
fn unlimited_words_become_minus_one() {
    let config = BTreeMap::new();
    let topic = topic(serde_json::json!({
        "cluster": "c", "retention": {"time": "Forever", "size": "Unlimited"},
    }));
    let valid = validate(&topic, &facts(Engine::Bundled, 1, &config)).unwrap();
    assert_eq!(
        pairs(&valid.settings),
        [("retention.bytes", "-1"), ("retention.ms", "-1")]
    );
}

#[test]
fn unset_fields_have_defaults_for_creation_only() {
    let only_size = serde_json::json!({"cluster": "c", "retention": {"size": "1Gi"}});
    for (config, retention) in [
        (vec![], "604800000"),
        (vec![("log.retention.hours", "24")], "86400000"),
        (
            vec![
                ("log.retention.hours", "24"),
                ("log.retention.minutes", "5"),
            ],
            "300000",
        ),
        (
            vec![("log.retention.minutes", "5"), ("log.retention.ms", "-1")],
            "-1",
        ),
    ] {
        let config = config
            .into_iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        let valid = validate(
            &topic(only_size.clone()),
            &facts(Engine::Bundled, 1, &config),
        )
        .unwrap();
        assert_eq!(valid.settings.get("retention.ms"), None);
        assert_eq!(
            pairs(&valid.defaults.settings),
            [("cleanup.policy", "delete"), ("retention.ms", retention)]
        );
    }
}

#[test]
fn replicas_follow_the_engine() {
    let config = BTreeMap::new();
    for (engine, brokers, asked, named, filled_in, notes) in [
        (Engine::Bundled, 1, None, None, 1, 0),
        (Engine::Bundled, 1, Some(3), Some(1), 1, 1),
        (Engine::Bundled, 1, Some(1), Some(1), 1, 0),
        (Engine::External, 1, None, None, 1, 0),
        (Engine::External, 2, None, None, 2, 0),
        (Engine::External, 9, None, None, 3, 0),
        (Engine::External, 9, Some(5), Some(5), 3, 0),
    ] {
        let mut topic = topic(serde_json::json!({"cluster": "c"}));
        topic.spec.replicas = asked;
        let valid = validate(&topic, &facts(engine, brokers, &config)).unwrap();
        assert_eq!(
            (valid.replicas, valid.defaults.replicas),
            (named, filled_in)
        );
        assert_eq!(valid.notes.len(), notes, "{:?}", valid.notes);
    }
}

#[test]
fn settings_without_effect_are_noted_for_the_bundled_broker() {
    let config = BTreeMap::new();
    for (engine, setting, value, note) in [
        (
            Engine::Bundled,
            "min.insync.replicas",
            "2",
            Some("min.insync.replicas: 2 has no effect: the bundled broker keeps one copy"),
        ),
        (Engine::Bundled, "min.insync.replicas", "1", None),
        (Engine::Bundled, "compression.type", "zstd", None),
        (Engine::Bundled, "segment.ms", "2", None),
        (Engine::External, "min.insync.replicas", "2", None),
    ] {
        let topic = topic(serde_json::json!({"cluster": "c", "config": {(setting): value}}));
        let valid = validate(&topic, &facts(engine, 3, &config)).unwrap();
        let notes: Vec<_> = valid.notes.iter().map(ToString::to_string).collect();
        assert_eq!(notes, Vec::from_iter(note), "{setting}: {value}");
    }
}

#[test]
fn all_findings_come_at_once() {
    let config = BTreeMap::new();
    let topic = topic(serde_json::json!({
        "cluster": "c", "topicName": "__consumer_offsets", "flush": "Sync", "replicas": 3,
        "config": {"": "1"},
    }));
    let findings = validate(&topic, &facts(Engine::External, 2, &config)).unwrap_err();
    let paths: Vec<_> = findings
        .iter()
        .map(|finding| finding.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "spec.topicName",
            "spec.flush",
            "spec.replicas",
            "spec.config"
        ]
    );
    assert!(
        findings[2].message.ends_with("write replicas: 2"),
        "{}",
        findings[2]
    );
}
