//! Topics over the wire: made, grown, deleted, and the same after a restart.

use wire::messages::{
    create_partitions, create_topics, delete_topics, describe_cluster, describe_log_dirs, metadata,
};
use wire::{ErrorCode, Uuid};

use super::rig::{call, client, create, start, start_with, topics};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_topics_ids_settings_and_the_cluster_id() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start(folder.path()).await;
    let cluster_id = broker.cluster_id();
    assert_eq!(cluster_id.len(), 22);
    let connection = client(&broker).await;
    assert_eq!(
        create(&connection, "orders", 2, &[("retention.ms", "86400000")]).await,
        0
    );
    assert_eq!(create(&connection, "gone", 1, &[]).await, 0);
    delete(&connection, "gone").await;
    assert_eq!(create(&connection, "gone", 3, &[]).await, 0);
    let before = topics(&connection).await;
    assert_eq!(before.len(), 2);
    broker.stop().await.unwrap();

    let broker = start(folder.path()).await;
    assert_eq!(broker.cluster_id(), cluster_id);
    let connection = client(&broker).await;
    assert_eq!(topics(&connection).await, before);
    let view = broker.broker().topics().view();
    let orders = view.topic("orders").unwrap();
    assert_eq!(orders.settings.retention_ms, Some(86_400_000));
    let reply = call(&connection, &describe_cluster::Request::default()).await;
    assert_eq!(reply.decode().unwrap().cluster_id, cluster_id);
    broker.stop().await.unwrap();
}

async fn delete(connection: &wire::client::Connection, name: &str) {
    let state = delete_topics::DeleteTopicState {
        name: Some(name.into()),
        ..Default::default()
    };
    let request = delete_topics::Request {
        topics: vec![state],
        ..Default::default()
    };
    let reply = call(connection, &request).await;
    assert_eq!(reply.decode().unwrap().responses[0].error_code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_made_again_has_another_id() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start(folder.path()).await;
    let connection = client(&broker).await;
    let mut ids: Vec<Uuid> = Vec::new();
    for _ in 0..3 {
        assert_eq!(create(&connection, "again", 1, &[]).await, 0);
        ids.push(topics(&connection).await[0].1);
        delete(&connection, "again").await;
    }
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    assert!(topics(&connection).await.is_empty());
    broker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_answers_for_each_topic() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start_with(folder.path(), &[("num.partitions", "4")]).await;
    let connection = client(&broker).await;
    let topic =
        |name: &'static str, partitions, replication_factor| create_topics::CreatableTopic {
            name: name.into(),
            num_partitions: partitions,
            replication_factor,
            ..Default::default()
        };
    let mut wrong = topic("wrong", 1, 1);
    wrong.configs = vec![create_topics::CreatableTopicConfig {
        name: "retention.mss".into(),
        value: Some("1".into()),
    }];
    let wanted = vec![
        topic("default", -1, -1),
        topic("replicated", 1, 3),
        topic("a b", 1, 1),
        topic("twice", 1, 1),
        topic("twice", 1, 1),
        topic("none", 0, 1),
        wrong,
    ];
    let mut request = create_topics::Request {
        topics: wanted,
        ..Default::default()
    };
    request.validate_only = true;
    let expected = [
        ErrorCode::None,
        ErrorCode::None,
        ErrorCode::InvalidTopicException,
        ErrorCode::InvalidRequest,
        ErrorCode::InvalidRequest,
        ErrorCode::InvalidPartitions,
        ErrorCode::InvalidConfig,
    ];
    for validate_only in [true, false] {
        request.validate_only = validate_only;
        let reply = call(&connection, &request).await;
        let results = reply.decode().unwrap().topics;
        let codes: Vec<_> = results.iter().map(|topic| topic.error_code).collect();
        assert_eq!(codes, expected.map(ErrorCode::code), "{results:?}");
        assert_eq!(
            (results[0].num_partitions, results[0].replication_factor),
            (4, 1)
        );
        assert_eq!(
            (results[1].num_partitions, results[1].replication_factor),
            (1, 1)
        );
        assert!(
            results[6]
                .error_message
                .as_deref()
                .unwrap()
                .contains("did you mean retention.ms")
        );
        let made = topics(&connection).await.len();
        assert_eq!(made, if validate_only { 0 } else { 2 });
    }
    let again = call(&connection, &request).await;
    assert_eq!(
        again.decode().unwrap().topics[0].error_code,
        ErrorCode::TopicAlreadyExists.code()
    );
    broker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_only_grow() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start(folder.path()).await;
    let connection = client(&broker).await;
    assert_eq!(create(&connection, "a", 2, &[]).await, 0);
    let cases = [
        (3, true, ErrorCode::None, 2),
        (3, false, ErrorCode::None, 3),
        (3, false, ErrorCode::InvalidPartitions, 3),
        (1, false, ErrorCode::InvalidPartitions, 3),
    ];
    for (count, validate_only, code, partitions) in cases {
        let topic = create_partitions::CreatePartitionsTopic {
            name: "a".into(),
            count,
            assignments: None,
        };
        let request = create_partitions::Request {
            topics: vec![topic],
            validate_only,
            ..Default::default()
        };
        let reply = call(&connection, &request).await;
        let result = &reply.decode().unwrap().results[0];
        assert_eq!(result.error_code, code.code(), "{result:?}");
        assert_eq!(topics(&connection).await[0].2, partitions);
    }
    broker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_creates_topics_where_it_may() {
    for (auto_create, allowed, code) in [
        ("true", true, ErrorCode::None),
        ("true", false, ErrorCode::UnknownTopicOrPartition),
        ("false", true, ErrorCode::UnknownTopicOrPartition),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = [
            ("auto.create.topics.enable", auto_create),
            ("num.partitions", "3"),
        ];
        let broker = start_with(folder.path(), &config).await;
        let connection = client(&broker).await;
        let topic = |name: &'static str| metadata::MetadataRequestTopic {
            name: Some(name.into()),
            ..Default::default()
        };
        let by_id = metadata::MetadataRequestTopic {
            topic_id: Uuid([9; 16]),
            name: None,
        };
        let request = metadata::Request {
            topics: Some(vec![topic("new"), topic("new"), topic("a b"), by_id]),
            allow_auto_topic_creation: allowed,
            ..Default::default()
        };
        let reply = call(&connection, &request).await;
        let told = reply.decode().unwrap().topics;
        let codes: Vec<_> = told.iter().map(|topic| topic.error_code).collect();
        let unknown_id = ErrorCode::UnknownTopicId.code();
        assert_eq!(
            codes,
            [
                code.code(),
                ErrorCode::InvalidTopicException.code(),
                unknown_id
            ]
        );
        if code == ErrorCode::None {
            assert_eq!(told[0].partitions.len(), 3);
            assert!(
                told[0]
                    .partitions
                    .iter()
                    .all(|one| one.leader_id == 1 && one.leader_epoch >= 0)
            );
            assert!(!told[0].topic_id.is_zero());
        }
        broker.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_brokers_own_topics_are_not_made_or_deleted_by_clients() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start(folder.path()).await;
    let connection = client(&broker).await;
    let refused = ErrorCode::InvalidTopicException.code();
    assert_eq!(
        create(&connection, "__consumer_offsets", 1, &[]).await,
        refused
    );
    broker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_folder_is_described() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start(folder.path()).await;
    let connection = client(&broker).await;
    assert_eq!(create(&connection, "a", 2, &[]).await, 0);
    let request = describe_log_dirs::Request { topics: None };
    let reply = call(&connection, &request).await;
    let result = &reply.decode().unwrap().results[0];
    assert_eq!(result.log_dir, folder.path().display().to_string());
    assert_eq!(result.topics.len(), 1);
    assert_eq!(result.topics[0].partitions.len(), 2);
    assert!(result.total_bytes > 0 && result.usable_bytes > 0);
    broker.stop().await.unwrap();
}
