//! Answers of brokers, good and bad, as tables.

use wire::Uuid;

use super::*;

fn topic(name: &'static str, error_code: i16) -> metadata::MetadataResponseTopic<'static> {
    let partition = metadata::MetadataResponsePartition {
        replica_nodes: vec![1, 2],
        ..Default::default()
    };
    metadata::MetadataResponseTopic {
        error_code,
        name: Some(name.into()),
        topic_id: Uuid([1; 16]),
        partitions: vec![partition.clone(), partition],
        ..Default::default()
    }
}

fn metadata(topics: Vec<metadata::MetadataResponseTopic<'static>>) -> metadata::Response<'static> {
    metadata::Response {
        cluster_id: Some("k".into()),
        topics,
        ..Default::default()
    }
}

fn config(
    name: &'static str,
    value: &'static str,
    config_source: i8,
) -> describe_configs::DescribeConfigsResourceResult<'static> {
    describe_configs::DescribeConfigsResourceResult {
        name: name.into(),
        value: Some(value.into()),
        config_source,
        ..Default::default()
    }
}

fn described(
    name: &'static str,
    error_code: i16,
    configs: Vec<describe_configs::DescribeConfigsResourceResult<'static>>,
) -> describe_configs::Response<'static> {
    let result = describe_configs::DescribeConfigsResult {
        error_code,
        resource_type: 2,
        resource_name: name.into(),
        configs,
        ..Default::default()
    };
    describe_configs::Response {
        results: vec![result],
        ..Default::default()
    }
}

#[test]
fn a_snapshot_holds_counts_and_ids() {
    let mut bare = topic("bare", 0);
    bare.topic_id = Uuid::ZERO;
    let snapshot = topics(&metadata(vec![topic("orders", 0), bare])).unwrap();
    assert_eq!(snapshot.cluster_id.as_deref(), Some("k"));
    let orders = &snapshot.topics["orders"];
    assert_eq!((orders.partitions, orders.replicas), (2, 2));
    assert_eq!(orders.id.as_deref().map(str::len), Some(22));
    assert_eq!(snapshot.topics["bare"].id, None);
}

#[test]
fn a_topic_that_may_only_seem_to_be_missing_fails_the_snapshot() {
    // 3 UNKNOWN_TOPIC_OR_PARTITION, 29 TOPIC_AUTHORIZATION_FAILED, 5 LEADER_NOT_AVAILABLE.
    for (code, expected) in [(3, Ok(0)), (29, Ok(0)), (5, Err(())), (12345, Err(()))] {
        let found = topics(&metadata(vec![topic("orders", code)]));
        assert_eq!(
            found.map(|snapshot| snapshot.topics.len()).map_err(|_| ()),
            expected,
            "{code}"
        );
    }
    let error = topics(&metadata(vec![topic("orders", 5)])).unwrap_err();
    assert!(
        error.starts_with("topic orders answers LEADER_NOT_AVAILABLE ("),
        "{error}"
    );
}

#[test]
fn settings_know_whether_the_topic_itself_has_them() {
    let mut snapshot = topics(&metadata(vec![topic("orders", 0)])).unwrap();
    let configs = vec![
        config("retention.ms", "1000", 1),
        config("segment.ms", "5", 5),
    ];
    settings(&described("orders", 0, configs), &mut snapshot).unwrap();
    let found = &snapshot.topics["orders"].settings;
    assert_eq!(found["retention.ms"].origin, SettingOrigin::Topic);
    assert_eq!(found["segment.ms"].origin, SettingOrigin::Default);
    assert_eq!(found["segment.ms"].value.as_deref(), Some("5"));
}

#[test]
fn a_topic_deleted_between_the_two_calls_is_gone() {
    let mut snapshot = topics(&metadata(vec![topic("orders", 0)])).unwrap();
    settings(&described("orders", 3, vec![]), &mut snapshot).unwrap();
    assert!(snapshot.topics.is_empty());
}

#[test]
fn answers_say_what_kind_of_refusal_it_is() {
    use TopicErrorKind::{AlreadyExists, Invalid, NotFound, Transient};
    // TOPIC_ALREADY_EXISTS, UNKNOWN_TOPIC, INVALID_CONFIG, NOT_CONTROLLER, unknown server error.
    for (code, kind) in [
        (36, AlreadyExists),
        (3, NotFound),
        (40, Invalid),
        (41, Transient),
        (-1, Transient),
    ] {
        let result = create_topics::CreatableTopicResult {
            name: "orders".into(),
            error_code: code,
            error_message: None,
            ..Default::default()
        };
        let answer = create_topics::Response {
            topics: vec![result],
            ..Default::default()
        };
        let answers = created(&answer);
        let error = answers["orders"].clone().unwrap_err();
        assert_eq!(error.kind, kind, "{code}");
        assert!(!error.message.is_empty());
    }
}

#[test]
fn the_broker_s_own_text_is_shown() {
    let result = incremental_alter_configs::AlterConfigsResourceResponse {
        error_code: 40,
        error_message: Some("retention.ms must be a number".into()),
        resource_name: "orders".into(),
        ..Default::default()
    };
    let answer = incremental_alter_configs::Response {
        responses: vec![result],
        ..Default::default()
    };
    let error = altered(&answer)["orders"].clone().unwrap_err();
    assert_eq!(
        error.to_string(),
        "alter topic orders: retention.ms must be a number"
    );
}
