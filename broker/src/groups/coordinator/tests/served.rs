//! What the coordinator adds to a single group: finding, bounding, expiring, ending.

use super::*;

#[tokio::test]
async fn a_group_that_is_not_there_is_answered_as_kafka_does() {
    let groups = coordinator(&Arc::default(), settings());
    let unknown = GroupError::UnknownMember;
    let known = Join {
        member_id: "a".to_owned(),
        ..join("x")
    };
    assert_eq!(groups.join("g", known).await, Err(unknown.clone()));
    assert_eq!(
        groups.sync("g", sync("a", 1, "")).await,
        Err(unknown.clone())
    );
    assert_eq!(
        groups.heartbeat("g", who("a", 1)).await,
        Err(unknown.clone())
    );
    let left = groups.leave("g", vec![Leaver::member("a")]).await;
    assert_eq!(left, Ok(vec![Err(unknown)]));
    let committed = groups.commit("g", &who("a", 1), commit("t", 1), None).await;
    assert_eq!(committed, Err(GroupError::IllegalGeneration));
    assert_eq!(groups.delete("g").await, Err(GroupError::NotFound));
    assert_eq!(
        groups.join("", join("x")).await,
        Err(GroupError::InvalidGroupId)
    );
    assert_eq!(offset(&groups, "g", "t").await, None);
    assert!(
        groups.list().await.unwrap().is_empty(),
        "and none of it made one"
    );
}

#[tokio::test]
async fn a_refused_first_join_leaves_no_group_behind() {
    let groups = coordinator(&Arc::default(), settings());
    let wrong = Join {
        protocols: Vec::new(),
        ..join("a")
    };
    assert_eq!(
        groups.join("g", wrong).await,
        Err(GroupError::InconsistentProtocol)
    );
    assert!(groups.ids().is_empty());
    assert_eq!(groups.held_bytes.load(Ordering::Relaxed), 0);
    let two_step = Join {
        two_step: true,
        ..join("a")
    };
    drop(groups.join("g", two_step).await);
    assert_eq!(groups.ids().len(), 1, "an id was given out");
}

#[tokio::test]
async fn groups_are_listed_described_and_deleted() {
    let groups = coordinator(&Arc::default(), settings());
    stable(&groups, "busy", "a").await;
    groups
        .commit("idle", &who("", -1), commit("t", 1), None)
        .await
        .unwrap();
    let listed = groups.list().await.unwrap();
    let lines: Vec<_> = listed
        .iter()
        .map(|group| (group.id.as_str(), group.protocol_type.as_str(), group.phase))
        .collect();
    assert_eq!(
        lines,
        [("busy", "consumer", "Stable"), ("idle", "", "Empty")]
    );
    let view = groups.describe("busy").await.unwrap();
    assert_eq!((view.protocol.as_str(), view.members.len()), ("range", 1));
    assert_eq!(view.members[0].assignment, "all");
    assert_eq!(groups.delete("busy").await, Err(GroupError::NotEmpty));
    assert_eq!(groups.delete("idle").await, Ok(()));
    assert_eq!(groups.describe("idle").await, Err(GroupError::NotFound));
    assert_eq!(offset(&groups, "idle", "t").await, None);
}

#[tokio::test]
async fn notes_have_a_bound_of_their_own() {
    let groups = coordinator(&Arc::default(), settings());
    let mut commits = commit("t", 1);
    commits.extend(commit("u", 2));
    commits[0].metadata = "x".repeat(4_097);
    let verdicts = groups.commit("g", &who("", -1), commits, None).await;
    assert_eq!(
        verdicts,
        Ok(vec![Err(GroupError::MetadataTooLarge), Ok(())])
    );
    assert_eq!(offset(&groups, "g", "t").await, None);
    assert_eq!(offset(&groups, "g", "u").await, Some(2));
}

#[tokio::test]
async fn memory_is_bounded_and_comes_back() {
    let bounded = GroupSettings {
        max_bytes: 4_000,
        ..settings()
    };
    let groups = coordinator(&Arc::default(), bounded);
    let mut kept = 0;
    while groups
        .commit(&format!("g{kept}"), &who("", -1), commit("t", 1), None)
        .await
        .is_ok()
    {
        kept += 1;
    }
    assert!((2..20).contains(&kept), "{kept}");
    let refused = groups.join("other", join("a")).await;
    assert_eq!(refused, Err(GroupError::CoordinatorFull));
    let moved_on = groups
        .commit("g1", &who("", -1), commit("t", 2), None)
        .await;
    assert_eq!(moved_on, Ok(vec![Ok(())]), "who is in goes on");
    assert_eq!(groups.delete("g0").await, Ok(()));
    assert!(groups.join("other", join("a")).await.is_ok());
}

#[tokio::test]
async fn a_deleted_topic_takes_its_offsets_along() {
    let paper = Arc::new(Paper::default());
    let groups = coordinator(&paper, settings());
    for group in ["g", "h"] {
        groups
            .commit(group, &who("", -1), commit("t", 1), None)
            .await
            .unwrap();
        groups
            .commit(group, &who("", -1), commit("u", 2), None)
            .await
            .unwrap();
    }
    groups.forget_topic("t", Uuid([9; 16])).await.unwrap();
    assert_eq!(
        offset(&groups, "h", "t").await,
        Some(1),
        "another topic of that name was deleted"
    );
    groups.forget_topic("t", id_of("t")).await.unwrap();
    let after = coordinator(&paper.restarted(), settings());
    for groups in [groups, after] {
        assert_eq!(offset(&groups, "h", "t").await, None);
        assert_eq!(offset(&groups, "h", "u").await, Some(2));
    }
}

#[tokio::test]
async fn offsets_and_empty_groups_run_out() {
    let clock = Clock::standing(1_000);
    let short = GroupSettings {
        retention: Duration::from_mins(1),
        ..settings()
    };
    let groups = coordinator_at(&Arc::default(), short, clock.clone());
    stable(&groups, "g", "a").await;
    groups
        .commit("g", &who("a", 1), commit("t", 1), None)
        .await
        .unwrap();
    groups
        .commit("simple", &who("", -1), commit("t", 1), None)
        .await
        .unwrap();
    clock.advance(60_000);
    groups.sweep();
    assert_eq!(groups.ids(), ["g"], "it has members");
    groups.leave("g", vec![Leaver::member("a")]).await.unwrap();
    clock.advance(59_999);
    groups.sweep();
    assert_eq!(offset(&groups, "g", "t").await, Some(1));
    clock.advance(1);
    groups.sweep();
    assert!(groups.ids().is_empty());
    assert_eq!(groups.held_bytes.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_orderly_end_answers_all_that_waits() {
    let groups = coordinator(&Arc::default(), settings());
    stable(&groups, "g", "a").await;
    let mut waiting = pin!(groups.join("g", join("b")));
    assert!(waits(&mut waiting).await);
    groups.close();
    assert_eq!(waiting.await, Err(GroupError::Unavailable));
    assert_eq!(
        groups.heartbeat("g", who("a", 1)).await,
        Err(GroupError::Loading)
    );
}

#[tokio::test]
async fn a_second_member_is_let_in_by_the_first() {
    let groups = coordinator(&Arc::default(), settings());
    stable(&groups, "g", "a").await;
    let mut b = pin!(groups.join("g", join("b")));
    assert!(waits(&mut b).await);
    let told = groups.heartbeat("g", who("a", 1)).await;
    assert_eq!(told, Err(GroupError::RebalanceInProgress));
    let a = groups
        .join(
            "g",
            Join {
                member_id: "a".to_owned(),
                ..join("")
            },
        )
        .await
        .unwrap();
    assert_eq!((a.generation, a.members.len()), (2, 2));
    assert_eq!(b.await.unwrap().leader, "a");
}
