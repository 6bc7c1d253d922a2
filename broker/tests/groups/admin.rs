//! Finding the coordinator, and what administrators see and do.

use broker::listeners::{Address, Listener};
use broker::{Broker, NODE_ID, Settings};
use wire::ErrorCode;
use wire::client::Connection;
use wire::messages::{delete_groups, describe_groups, find_coordinator, list_groups};

use crate::rig::{Member, ask, connect, make_topic, start};

async fn find(connection: &Connection, version: i16, key_type: i8) -> (i16, i32, String, i32) {
    let mut request = find_coordinator::Request {
        key_type,
        ..Default::default()
    };
    if version >= 4 {
        request.coordinator_keys = vec!["g".into()];
    } else {
        request.key = "g".into();
    }
    let reply = ask!(connection, version, &request);
    let answer = reply.decode().unwrap();
    match answer.coordinators.into_iter().next() {
        Some(found) => {
            assert_eq!(found.key, "g");
            (
                found.error_code,
                found.node_id,
                found.host.into(),
                found.port,
            )
        }
        None => (
            answer.error_code,
            answer.node_id,
            answer.host.into(),
            answer.port,
        ),
    }
}

#[tokio::test]
async fn each_listener_is_told_its_own_address() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::loopback(folder.path(), 0);
    settings.listeners = ["one", "two"]
        .map(|name| Listener {
            name: name.to_owned(),
            bind: vec!["127.0.0.1:0".parse().unwrap()],
            advertise: Some(Address {
                host: format!("{name}.example"),
                port: 9000,
            }),
        })
        .into();
    let running = Broker::start(settings).await.unwrap();
    for bound in running.listeners() {
        let address = bound.addresses[0].to_string();
        let patience = std::time::Duration::from_secs(20);
        let connection = Connection::connect(&address, "test", patience)
            .await
            .unwrap();
        for version in 0..=6 {
            let host = format!("{}.example", bound.name);
            let here = (0, NODE_ID, host, 9000);
            assert_eq!(
                find(&connection, version, 0).await,
                here,
                "version {version}"
            );
            if version >= 1 {
                assert_eq!(
                    find(&connection, version, 1).await,
                    here,
                    "a transactional id"
                );
                let share = find(&connection, version, 2).await;
                assert_eq!(share.0, ErrorCode::InvalidRequest.code());
            }
        }
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn groups_are_described_in_every_version() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let mut member = Member::new(&running, "g").await;
    member.join().await;
    member.sync(5).await.unwrap();
    for version in 0..=6 {
        let request = describe_groups::Request {
            groups: vec!["g".into(), "nobody".into()],
            include_authorized_operations: version >= 3,
        };
        let reply = ask!(member.connection, version, &request);
        let answer = reply.decode().unwrap();
        let [group, nobody] = &answer.groups[..] else {
            panic!("{answer:?}")
        };
        assert_eq!(group.error_code, 0);
        assert_eq!(
            (&*group.group_state, &*group.protocol_data),
            ("Stable", "range")
        );
        let described = &group.members[0];
        assert_eq!(described.member_id, member.id);
        assert_eq!(
            (&*described.client_id, &*described.client_host),
            ("test", "/127.0.0.1")
        );
        assert_eq!(
            &*described.member_assignment,
            format!("for {}", member.id).as_bytes()
        );
        assert!(!described.member_metadata.is_empty());
        assert_eq!(nobody.group_state, "Dead");
        let not_found = ErrorCode::GroupIdNotFound.code();
        assert_eq!(nobody.error_code, if version >= 6 { not_found } else { 0 });
    }
    running.stop().await.unwrap();
}

async fn list(connection: &Connection, version: i16, state: &str, kind: &str) -> Vec<String> {
    let filter = |value: &str| match value {
        "" => Vec::new(),
        value => vec![value.to_owned().into()],
    };
    let (states_filter, types_filter) = (filter(state), filter(kind));
    let request = list_groups::Request {
        states_filter,
        types_filter,
    };
    let reply = ask!(connection, version, &request);
    let groups = reply.decode().unwrap().groups;
    groups
        .into_iter()
        .map(|group| group.group_id.into())
        .collect()
}

#[tokio::test]
async fn groups_are_listed_and_deleted_in_every_version() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let connection = connect(&running).await;
    make_topic(&connection, "orders").await;
    let mut busy = Member::new(&running, "busy").await;
    busy.join().await;
    busy.sync(5).await.unwrap();
    for version in 0..=2 {
        let idle = Member::new(&running, "idle").await;
        assert_eq!(idle.commit("orders", 1).await, 0);
        for version in 0..=5 {
            assert_eq!(list(&connection, version, "", "").await, ["busy", "idle"]);
        }
        assert_eq!(list(&connection, 4, "empty", "").await, ["idle"]);
        assert_eq!(list(&connection, 5, "Stable", "Classic").await, ["busy"]);
        assert!(list(&connection, 5, "", "consumer").await.is_empty());

        let groups_names = vec!["busy".into(), "idle".into(), "nobody".into()];
        let request = delete_groups::Request { groups_names };
        let reply = ask!(connection, version, &request);
        let results = reply.decode().unwrap().results;
        let codes: Vec<i16> = results.iter().map(|result| result.error_code).collect();
        let (busy, nobody) = (ErrorCode::NonEmptyGroup, ErrorCode::GroupIdNotFound);
        assert_eq!(codes, [busy.code(), 0, nobody.code()]);
    }
    assert_eq!(list(&connection, 5, "", "").await, ["busy"]);
    running.stop().await.unwrap();
}
