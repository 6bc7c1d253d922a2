//! `OffsetCommit` and `OffsetFetch` in all versions, and what becomes of offsets.

use broker::groups::Identity;
use broker::groups::offsets::Commit;
use wire::messages::delete_topics::{self, DeleteTopicState};
use wire::messages::offset_commit::{self, OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use wire::messages::offset_fetch::{
    self, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use wire::{ErrorCode, Uuid};

use crate::rig::{Member, ask, connect, make_topic, offsets, start, topics};

const UNKNOWN_TOPIC: i16 = ErrorCode::UnknownTopicOrPartition.code();
const UNKNOWN_ID: i16 = ErrorCode::UnknownTopicId.code();
const TOO_LARGE: i16 = ErrorCode::OffsetMetadataTooLarge.code();

/// Partition, committed offset, note.
type Asked<'a> = (i32, i64, &'a str);

fn commit<'a>(
    group: &'a str,
    topics: &[(&'a str, Uuid, &[Asked<'a>])],
) -> offset_commit::Request<'a> {
    let partition =
        |(partition_index, committed_offset, note): &Asked<'a>| OffsetCommitRequestPartition {
            partition_index: *partition_index,
            committed_offset: *committed_offset,
            committed_metadata: Some((*note).into()),
            ..OffsetCommitRequestPartition::default()
        };
    let topics = topics
        .iter()
        .map(|(name, id, partitions)| OffsetCommitRequestTopic {
            name: (*name).into(),
            topic_id: *id,
            partitions: partitions.iter().map(partition).collect(),
        });
    offset_commit::Request {
        group_id: group.into(),
        topics: topics.collect(),
        ..offset_commit::Request::default()
    }
}

#[tokio::test]
async fn offsets_come_back_in_every_version() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let connection = connect(&running).await;
    let id = make_topic(&connection, "orders").await;
    let strange = Uuid([7; 16]);
    let long = "x".repeat(4_097);
    for version in 2..=10_i16 {
        let group = format!("g{version}");
        let own: &[Asked<'_>] = &[(0, i64::from(version), "note"), (1, 1, &long), (2, 1, "")];
        let request = commit(
            &group,
            &[("orders", id, own), ("strange", strange, &[(0, 1, "")])],
        );
        let reply = ask!(connection, version, &request);
        let answer = reply.decode().unwrap();
        let codes: Vec<i16> = answer
            .topics
            .iter()
            .flat_map(|topic| {
                topic
                    .partitions
                    .iter()
                    .map(|partition| partition.error_code)
            })
            .collect();
        let unknown = if version >= 10 {
            UNKNOWN_ID
        } else {
            UNKNOWN_TOPIC
        };
        assert_eq!(
            codes,
            [0, TOO_LARGE, UNKNOWN_TOPIC, unknown],
            "version {version}"
        );
        assert_eq!(
            answer.topics[0].topic_id,
            if version >= 10 { id } else { Uuid::ZERO }
        );
    }
    for version in 1..=7 {
        let partition_indexes = vec![0, 1];
        let wanted = OffsetFetchRequestTopic {
            name: "orders".into(),
            partition_indexes,
        };
        let request = offset_fetch::Request {
            group_id: "g5".into(),
            topics: Some(vec![wanted]),
            ..offset_fetch::Request::default()
        };
        let reply = ask!(connection, version, &request);
        let answer = reply.decode().unwrap();
        assert_eq!(answer.error_code, 0);
        let partitions = &answer.topics[0].partitions;
        let found: Vec<_> = partitions
            .iter()
            .map(|partition| (partition.committed_offset, partition.metadata.as_deref()))
            .collect();
        assert_eq!(
            found,
            [(5, Some("note")), (-1, Some(""))],
            "version {version}"
        );
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn several_groups_are_asked_for_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let connection = connect(&running).await;
    let id = make_topic(&connection, "orders").await;
    for (group, offset) in [("g", 1), ("h", 2)] {
        let request = commit(group, &[("orders", id, &[(0, offset, "")])]);
        ask!(connection, 9, &request);
    }
    for version in 8..=10 {
        let strange = OffsetFetchRequestTopics {
            name: "strange".into(),
            topic_id: Uuid([7; 16]),
            partition_indexes: vec![3],
        };
        let own = OffsetFetchRequestTopics {
            name: "orders".into(),
            topic_id: id,
            partition_indexes: vec![0],
        };
        let group = |group_id: &'static str, topics| OffsetFetchRequestGroup {
            group_id: group_id.into(),
            topics,
            ..OffsetFetchRequestGroup::default()
        };
        let request = offset_fetch::Request {
            groups: vec![
                group("g", Some(vec![own, strange])),
                group("h", None),
                group("nobody", None),
            ],
            require_stable: true,
            ..offset_fetch::Request::default()
        };
        let reply = ask!(connection, version, &request);
        let answer = reply.decode().unwrap();
        let [first, second, third] = &answer.groups[..] else {
            panic!("{answer:?}")
        };
        let unknown = if version >= 10 { UNKNOWN_ID } else { 0 };
        assert_eq!(first.topics[0].partitions[0].committed_offset, 1);
        let missing = &first.topics[1].partitions[0];
        assert_eq!(
            (missing.committed_offset, missing.error_code),
            (-1, unknown)
        );
        assert_eq!(second.topics[0].partitions[0].committed_offset, 2);
        assert_eq!(
            second.topics[0].topic_id,
            if version >= 10 { id } else { Uuid::ZERO }
        );
        assert!(third.topics.is_empty() && third.error_code == 0);
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn they_live_in_a_visible_internal_topic_made_at_first_use() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let connection = connect(&running).await;
    make_topic(&connection, "orders").await;
    assert_eq!(offsets(&connection, "g").await, []);
    assert_eq!(topics(&connection).await, [("orders".to_owned(), false)]);
    let member = Member::new(&running, "g").await;
    assert_eq!(member.commit("orders", 3).await, 0);
    let internal = ("__consumer_offsets".to_owned(), true);
    assert!(topics(&connection).await.contains(&internal));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_topic_made_again_starts_without_offsets() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let connection = connect(&running).await;
    let old = make_topic(&connection, "orders").await;
    make_topic(&connection, "rides").await;
    let member = Member::new(&running, "g").await;
    assert_eq!(member.commit("orders", 3).await, 0);
    assert_eq!(member.commit("rides", 4).await, 0);
    let topic = DeleteTopicState {
        name: Some("orders".into()),
        topic_id: Uuid::ZERO,
    };
    let request = delete_topics::Request {
        topics: vec![topic],
        timeout_ms: 5_000,
        ..delete_topics::Request::default()
    };
    let reply = connection.call(&request).await.unwrap();
    assert_eq!(reply.decode().unwrap().responses[0].error_code, 0);
    make_topic(&connection, "orders").await;
    // A commit that was under way while the topic was deleted: it counts for the one that is gone.
    let who = Identity {
        member_id: String::new(),
        instance_id: None,
        generation: -1,
    };
    let late = Commit {
        topic: "orders".to_owned(),
        topic_id: old,
        partition: 0,
        offset: 3,
        leader_epoch: -1,
        metadata: String::new(),
    };
    let groups = running.broker().groups();
    groups.commit("late", &who, vec![late], None).await.unwrap();
    assert_eq!(offsets(&connection, "late").await, []);
    assert_eq!(
        offsets(&connection, "g").await,
        [("rides".to_owned(), 0, 4)]
    );
    running.stop().await.unwrap();
    let running = start(folder.path()).await;
    let connection = connect(&running).await;
    assert_eq!(
        offsets(&connection, "g").await,
        [("rides".to_owned(), 0, 4)]
    );
    running.stop().await.unwrap();
}
