//! Every API in every version it advertises, about things that are there and things that are not:
//! an answer comes, and it can be read in that version.
//!
//! What the answers say is tested elsewhere. This holds handlers to what a version can carry: a
//! field set for all versions that only some have would close the connection.

use std::collections::BTreeSet;

use wire::client::Connection;
use wire::messages::{
    api_versions, create_partitions, create_topics, delete_groups, delete_records, delete_topics,
    describe_cluster, describe_configs, describe_groups, describe_log_dirs, fetch,
    find_coordinator, heartbeat, incremental_alter_configs, init_producer_id, join_group,
    leave_group, list_groups, list_offsets, metadata, offset_commit, offset_fetch,
    offset_for_leader_epoch, produce, sync_group,
};
use wire::record_batch::BatchBuilder;
use wire::{ApiKey, Request, Str, Uuid};

use super::rig::{call, client, create, start, topics};

/// What a round of requests is about.
struct Subject {
    topic: &'static str,
    id: Uuid,
    group: &'static str,
    batch: Vec<u8>,
}

/// Asks in all versions, and notes the API.
struct Asker<'c> {
    connection: &'c Connection,
    asked: BTreeSet<i16>,
}

impl Asker<'_> {
    async fn ask<'a, R: Request<'a>>(&mut self, make: impl Fn(i16) -> R) {
        for version in R::VERSIONS {
            let request = make(version);
            let reply = self.connection.call_up_to(version, &request).await;
            let reply = reply.unwrap_or_else(|error| panic!("{} v{version}: {error}", R::NAME));
            assert_eq!(reply.version(), version, "{}", R::NAME);
            if let Err(error) = reply.decode() {
                panic!("{} v{version}: {error}", R::NAME);
            }
        }
        self.asked.insert(R::KEY as i16);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_of_every_api_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start(folder.path()).await;
    let connection = client(&broker).await;
    assert_eq!(create(&connection, "there", 2, &[]).await, 0);
    let mut batch = BatchBuilder::default();
    batch.push(Some(b"key"), Some(b"value"), 1_000);
    let batch = batch.build().to_vec();
    let there = Subject {
        topic: "there",
        id: topics(&connection).await[0].1,
        group: "there",
        batch: batch.clone(),
    };
    let missing = Subject {
        topic: "mis sing",
        id: Uuid([9; 16]),
        group: "missing",
        batch,
    };

    let mut asker = Asker {
        connection: &connection,
        asked: BTreeSet::new(),
    };
    for subject in [&there, &missing] {
        data(&mut asker, subject).await;
        groups(&mut asker, subject).await;
        admin(&mut asker, subject).await;
    }
    let advertised = call(&connection, &api_versions::Request::default()).await;
    let advertised = advertised.decode().unwrap().api_keys;
    let advertised: BTreeSet<i16> = advertised.iter().map(|one| one.api_key).collect();
    let names = |keys: &BTreeSet<i16>| -> Vec<_> {
        keys.iter()
            .filter_map(|key| ApiKey::from_code(*key))
            .collect()
    };
    assert_eq!(
        names(&asker.asked),
        names(&advertised),
        "what is asked is what is advertised"
    );
    broker.stop().await.unwrap();
}

async fn data(asker: &mut Asker<'_>, subject: &Subject) {
    let Subject { topic, id, .. } = *subject;
    let records = Some(&subject.batch[..]);
    asker
        .ask(|_| produce::Request {
            acks: -1,
            topic_data: vec![produce::TopicProduceData {
                name: topic.into(),
                topic_id: id,
                partition_data: vec![produce::PartitionProduceData { index: 0, records }],
            }],
            ..Default::default()
        })
        .await;
    // What is there, an offset that is not, and an epoch that never was.
    for (fetch_offset, current_leader_epoch) in [(0, -1), (99_999, -1), (0, 99)] {
        let wanted = fetch::FetchPartition {
            fetch_offset,
            current_leader_epoch,
            partition_max_bytes: 1 << 20,
            ..Default::default()
        };
        let wanted = fetch::FetchTopic {
            topic: topic.into(),
            topic_id: id,
            partitions: vec![wanted],
        };
        asker
            .ask(|_| fetch::Request {
                max_wait_ms: 0,
                topics: vec![wanted.clone()],
                ..Default::default()
            })
            .await;
    }
    for timestamp in [-1, -2, 0] {
        let partition = list_offsets::ListOffsetsPartition {
            timestamp,
            ..Default::default()
        };
        let wanted = list_offsets::ListOffsetsTopic {
            name: topic.into(),
            partitions: vec![partition],
        };
        asker
            .ask(|_| list_offsets::Request {
                replica_id: -1,
                topics: vec![wanted.clone()],
                ..Default::default()
            })
            .await;
    }
    asker
        .ask(|_| offset_for_leader_epoch::Request {
            topics: vec![offset_for_leader_epoch::OffsetForLeaderTopic {
                topic: topic.into(),
                partitions: vec![offset_for_leader_epoch::OffsetForLeaderPartition::default()],
            }],
            ..Default::default()
        })
        .await;
    for transactional_id in [None, Some(Str::from("transactions"))] {
        asker
            .ask(|_| init_producer_id::Request {
                transactional_id: transactional_id.clone(),
                transaction_timeout_ms: 60_000,
                ..Default::default()
            })
            .await;
    }
}

async fn groups(asker: &mut Asker<'_>, subject: &Subject) {
    let Subject {
        topic, id, group, ..
    } = *subject;
    asker
        .ask(|version| find_coordinator::Request {
            key: if version < 4 {
                group.into()
            } else {
                Str::default()
            },
            coordinator_keys: if version < 4 {
                vec![]
            } else {
                vec![group.into()]
            },
            ..Default::default()
        })
        .await;
    asker
        .ask(|_| offset_commit::Request {
            group_id: group.into(),
            topics: vec![offset_commit::OffsetCommitRequestTopic {
                name: topic.into(),
                topic_id: id,
                partitions: vec![offset_commit::OffsetCommitRequestPartition::default()],
            }],
            ..Default::default()
        })
        .await;
    asker.ask(|version| offsets(subject, version)).await;
    members(asker, group).await;
    let list = vec![Str::from(group)];
    asker
        .ask(|version| describe_groups::Request {
            groups: list.clone(),
            include_authorized_operations: version >= 3,
        })
        .await;
    asker.ask(|_| list_groups::Request::default()).await;
    asker
        .ask(|_| delete_groups::Request {
            groups_names: list.clone(),
        })
        .await;
}

async fn members(asker: &mut Asker<'_>, group: &'static str) {
    asker
        .ask(|_| join_group::Request {
            group_id: "joined".into(),
            // Below the shortest allowed: refused, so that no member stays.
            session_timeout_ms: 1,
            protocol_type: "consumer".into(),
            ..Default::default()
        })
        .await;
    let member = Str::from("nobody");
    let (group_id, member_id) = (Str::from(group), member.clone());
    asker
        .ask(|_| heartbeat::Request {
            group_id: group_id.clone(),
            member_id: member_id.clone(),
            ..Default::default()
        })
        .await;
    asker
        .ask(|_| sync_group::Request {
            group_id: group_id.clone(),
            member_id: member_id.clone(),
            ..Default::default()
        })
        .await;
    let identity = leave_group::MemberIdentity {
        member_id: member,
        ..Default::default()
    };
    asker
        .ask(|version| leave_group::Request {
            group_id: group_id.clone(),
            member_id: if version < 3 {
                member_id.clone()
            } else {
                Str::default()
            },
            members: if version < 3 {
                vec![]
            } else {
                vec![identity.clone()]
            },
        })
        .await;
}

fn offsets(subject: &Subject, version: i16) -> offset_fetch::Request<'static> {
    let Subject {
        topic, id, group, ..
    } = *subject;
    if version < 8 {
        return offset_fetch::Request {
            group_id: group.into(),
            topics: Some(vec![offset_fetch::OffsetFetchRequestTopic {
                name: topic.into(),
                partition_indexes: vec![0],
            }]),
            ..Default::default()
        };
    }
    let asked = offset_fetch::OffsetFetchRequestTopics {
        name: topic.into(),
        topic_id: id,
        partition_indexes: vec![0],
    };
    offset_fetch::Request {
        groups: vec![offset_fetch::OffsetFetchRequestGroup {
            group_id: group.into(),
            topics: Some(vec![asked]),
            ..Default::default()
        }],
        ..Default::default()
    }
}

async fn admin(asker: &mut Asker<'_>, subject: &Subject) {
    let Subject { topic, id, .. } = *subject;
    asker.ask(|_| api_versions::Request::default()).await;
    asker
        .ask(|version| metadata::Request {
            topics: Some(vec![metadata::MetadataRequestTopic {
                name: Some(topic.into()),
                ..Default::default()
            }]),
            include_topic_authorized_operations: version >= 8,
            include_cluster_authorized_operations: (8..=10).contains(&version),
            ..Default::default()
        })
        .await;
    asker
        .ask(|version| {
            let by_id = metadata::MetadataRequestTopic {
                topic_id: id,
                name: None,
            };
            let topics = Some(if version < 10 { vec![] } else { vec![by_id] });
            metadata::Request {
                topics,
                ..Default::default()
            }
        })
        .await;
    asker
        .ask(|version| create_topics::Request {
            topics: vec![create_topics::CreatableTopic {
                name: topic.into(),
                num_partitions: if version < 4 { 1 } else { -1 },
                replication_factor: if version < 4 { 1 } else { -1 },
                ..Default::default()
            }],
            validate_only: true,
            ..Default::default()
        })
        .await;
    asker
        .ask(|_| delete_records::Request {
            topics: vec![delete_records::DeleteRecordsTopic {
                name: topic.into(),
                partitions: vec![delete_records::DeleteRecordsPartition::default()],
            }],
            ..Default::default()
        })
        .await;
    let grown = create_partitions::CreatePartitionsTopic {
        name: topic.into(),
        count: 3,
        assignments: None,
    };
    asker
        .ask(|_| create_partitions::Request {
            topics: vec![grown.clone()],
            validate_only: true,
            ..Default::default()
        })
        .await;
    settings(asker, topic).await;
    asker.ask(|_| describe_cluster::Request::default()).await;
    asker
        .ask(|_| describe_log_dirs::Request { topics: None })
        .await;
    deletion(asker).await;
}

async fn deletion(asker: &mut Asker<'_>) {
    asker
        .ask(|version| {
            let gone = Str::from("gone");
            let state = delete_topics::DeleteTopicState {
                name: Some(gone.clone()),
                ..Default::default()
            };
            delete_topics::Request {
                topics: if version < 6 { vec![] } else { vec![state] },
                topic_names: if version < 6 { vec![gone] } else { vec![] },
                ..Default::default()
            }
        })
        .await;
}

async fn settings(asker: &mut Asker<'_>, topic: &'static str) {
    for (resource_type, resource_name) in [(2, topic), (4, "1"), (4, "")] {
        let resource = describe_configs::DescribeConfigsResource {
            resource_type,
            resource_name: resource_name.into(),
            configuration_keys: None,
        };
        asker
            .ask(|version| describe_configs::Request {
                resources: vec![resource.clone()],
                include_synonyms: true,
                include_documentation: version >= 3,
            })
            .await;
    }
    let resource = incremental_alter_configs::AlterConfigsResource {
        resource_type: 2,
        resource_name: topic.into(),
        configs: vec![],
    };
    asker
        .ask(|_| incremental_alter_configs::Request {
            resources: vec![resource.clone()],
            validate_only: true,
        })
        .await;
}
