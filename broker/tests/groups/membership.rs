//! Members join, share, leave, and go on after a restart.

use std::time::Duration;

use wire::ErrorCode;
use wire::client::ClientError;
use wire::messages::leave_group::{self, MemberIdentity};

use crate::rig::{Member, ask, connect, make_topic, offsets, start};

const REBALANCE: i16 = ErrorCode::RebalanceInProgress.code();
const UNKNOWN_MEMBER: i16 = ErrorCode::UnknownMemberId.code();

/// Two members of one group at a stable generation; the first leads.
async fn pair(running: &broker::Running) -> (Member, Member) {
    let mut first = Member::new(running, "g").await;
    first.join().await;
    assert_eq!(first.sync(5).await, Ok(format!("for {}", first.id)));
    let mut second = Member::new(running, "g").await;
    let mut joining = second.clone();
    let joining = tokio::spawn(async move {
        joining.join().await;
        joining
    });
    while first.heartbeat(4).await != REBALANCE {
        tokio::task::yield_now().await;
    }
    first.join().await;
    second.clone_from(&joining.await.unwrap());
    assert_eq!((first.generation, second.generation), (2, 2));
    assert_eq!(first.followers.len(), 2);
    let waiting = second.clone();
    let waiting = tokio::spawn(async move { waiting.sync(5).await });
    assert_eq!(first.sync(5).await, Ok(format!("for {}", first.id)));
    assert_eq!(waiting.await.unwrap(), Ok(format!("for {}", second.id)));
    (first, second)
}

#[tokio::test]
async fn two_members_share_commit_and_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    make_topic(&connect(&running).await, "orders").await;
    let (first, second) = pair(&running).await;
    assert_eq!(first.commit("orders", 7).await, 0);
    running.stop().await.unwrap();

    let running = start(folder.path()).await;
    let (first, second) = (
        first.reconnected(&running).await,
        second.reconnected(&running).await,
    );
    assert_eq!(first.heartbeat(4).await, 0, "no rebalance");
    assert_eq!(second.commit("orders", 8).await, 0, "no rebalance");
    assert_eq!(second.sync(5).await, Ok(format!("for {}", second.id)));
    let admin = connect(&running).await;
    assert_eq!(offsets(&admin, "g").await, [("orders".to_owned(), 0, 8)]);

    let identity = MemberIdentity {
        member_id: second.id.as_str().into(),
        ..MemberIdentity::default()
    };
    let request = leave_group::Request {
        group_id: "g".into(),
        members: vec![identity],
        ..leave_group::Request::default()
    };
    let reply = ask!(second.connection, 5, &request);
    assert_eq!(reply.decode().unwrap().members[0].error_code, 0);
    assert_eq!(first.heartbeat(4).await, REBALANCE);
    let mut alone = first.clone();
    alone.join().await;
    assert_eq!((alone.generation, alone.followers.len()), (3, 1));
    assert!(alone.sync(5).await.is_ok());
    assert_eq!(second.heartbeat(4).await, UNKNOWN_MEMBER);
    assert_eq!(second.commit("orders", 9).await, UNKNOWN_MEMBER);
    assert_eq!(
        first.commit("orders", 9).await,
        ErrorCode::IllegalGeneration.code()
    );
    assert_eq!(alone.commit("orders", 9).await, 0);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn every_version_joins_syncs_beats_and_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    for version in 0..=9 {
        let mut member = Member::new(&running, &format!("g{version}")).await;
        let first = member.try_join(version).await;
        let two_steps = if version >= 4 {
            ErrorCode::MemberIdRequired.code()
        } else {
            0
        };
        assert_eq!(first, two_steps, "version {version}");
        if first != 0 {
            assert_eq!(member.try_join(version).await, 0);
        }
        assert_eq!(member.generation, 1);
        assert_eq!(
            member.sync(version.min(5)).await,
            Ok(format!("for {}", member.id))
        );
        assert_eq!(member.heartbeat(version.min(4)).await, 0);
        let version = version.min(5);
        let mut request = leave_group::Request {
            group_id: member.group.as_str().into(),
            ..leave_group::Request::default()
        };
        let member_id = member.id.as_str();
        if version >= 3 {
            let member_id = member_id.into();
            request.members = vec![MemberIdentity {
                member_id,
                ..MemberIdentity::default()
            }];
        } else {
            request.member_id = member_id.into();
        }
        let reply = ask!(member.connection, version, &request);
        let answer = reply.decode().unwrap();
        assert_eq!(answer.error_code, 0);
        assert!(answer.members.iter().all(|member| member.error_code == 0));
        assert_eq!(member.heartbeat(0).await, UNKNOWN_MEMBER);
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_static_member_returns_to_its_place_after_a_restart_of_both() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let mut member = Member::new(&running, "g").await;
    member.instance = Some("i".to_owned());
    member.join().await;
    let held = member.sync(5).await;
    running.stop().await.unwrap();

    let running = start(folder.path()).await;
    let mut reborn = Member::new(&running, "g").await;
    reborn.instance = Some("i".to_owned());
    reborn.join().await;
    assert_eq!(reborn.generation, member.generation, "no rebalance");
    assert_ne!(reborn.id, member.id);
    reborn.followers.clear();
    assert_eq!(reborn.sync(5).await, held);
    let member = member.reconnected(&running).await;
    assert_eq!(
        member.heartbeat(4).await,
        ErrorCode::FencedInstanceId.code()
    );
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_join_that_waits_does_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let mut first = Member::new(&running, "g").await;
    first.join().await;
    first.sync(5).await.unwrap();
    let mut second = Member::new(&running, "g").await;
    let waiting = tokio::spawn(async move {
        second.try_join(4).await;
        second.request_join(4).await
    });
    while first.heartbeat(4).await != REBALANCE {
        tokio::task::yield_now().await;
    }
    let stopping = std::time::Instant::now();
    running.stop().await.unwrap();
    let stopped = stopping.elapsed();
    println!("stopped with a waiting join in {stopped:?}");
    assert!(
        stopped < Duration::from_secs(5),
        "the join alone would wait for a minute"
    );
    match waiting.await.unwrap() {
        Ok(code) => assert_eq!(code, ErrorCode::CoordinatorNotAvailable.code()),
        Err(lost) => assert!(matches!(lost, ClientError::Lost { .. }), "{lost}"),
    }
}
