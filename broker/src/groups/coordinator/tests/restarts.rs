//! What a crash leaves: everything that was answered, from records, or a snapshot and records.

use super::*;

#[tokio::test]
async fn before_it_has_read_its_log_it_says_so() {
    let groups = Groups::new(settings(), Clock::standing(1));
    let loading = GroupError::Loading;
    assert_eq!(groups.join("g", join("a")).await, Err(loading.clone()));
    assert_eq!(
        groups.heartbeat("g", who("a", 1)).await,
        Err(loading.clone())
    );
    let committed = groups.commit("g", &who("", -1), commit("t", 1), None).await;
    assert_eq!(committed, Err(loading.clone()));
    assert_eq!(groups.offsets("g", |_| ()).await, Err(loading.clone()));
    assert_eq!(groups.describe("g").await, Err(loading.clone()));
    assert_eq!(groups.delete("g").await, Err(loading.clone()));
    assert_eq!(groups.list().await, Err(loading));
}

#[tokio::test]
async fn members_and_offsets_survive_without_a_rebalance() {
    let paper = Arc::new(Paper::default());
    let groups = coordinator(&paper, settings());
    stable(&groups, "g", "a").await;
    groups
        .commit("g", &who("a", 1), commit("t", 7), None)
        .await
        .unwrap();
    let paper = paper.restarted();
    let groups = coordinator(&paper, settings());
    assert_eq!(groups.heartbeat("g", who("a", 1)).await, Ok(()));
    let committed = groups.commit("g", &who("a", 1), commit("t", 8), None).await;
    assert_eq!(committed, Ok(vec![Ok(())]));
    assert_eq!(offset(&groups, "g", "t").await, Some(8));
    let synced = groups.sync("g", sync("a", 1, "ignored")).await;
    assert_eq!(synced.unwrap().assignment, "all");
}

#[tokio::test]
async fn what_was_not_answered_may_be_gone_but_nothing_else() {
    let paper = Arc::new(Paper::default());
    let groups = coordinator(&paper, settings());
    stable(&groups, "g", "a").await;
    groups
        .commit("g", &who("a", 1), commit("t", 7), None)
        .await
        .unwrap();
    paper.held.store(true, Ordering::SeqCst);
    let member = who("a", 1);
    let mut committed = pin!(groups.commit("g", &member, commit("t", 8), None));
    assert!(waits(&mut committed).await);
    let groups = coordinator(&paper.restarted(), settings());
    assert_eq!(
        offset(&groups, "g", "t").await,
        Some(7),
        "never 0, never -1"
    );
}

#[tokio::test]
async fn a_snapshot_stands_for_the_records_before_it() {
    let paper = Arc::new(Paper::default());
    let groups = coordinator(&paper, settings());
    stable(&groups, "g", "a").await;
    for n in 0..5 {
        groups
            .commit("g", &who("a", 1), commit("t", n), None)
            .await
            .unwrap();
        groups
            .commit("simple", &who("", -1), commit("t", n), None)
            .await
            .unwrap();
    }
    groups
        .commit("gone", &who("", -1), commit("t", 1), None)
        .await
        .unwrap();
    groups.delete("gone").await.unwrap();
    // A member joins: in memory the group is in a generation that no record knows yet.
    let late = join("b");
    let mut waiting = pin!(groups.join("g", late));
    assert!(waits(&mut waiting).await);
    groups.clone().save().await;
    groups
        .commit("simple", &who("", -1), commit("u", 9), None)
        .await
        .unwrap();

    let paper = paper.restarted();
    let (at, _) = paper.snapshot.lock().unwrap().clone().unwrap();
    assert!(at > 10, "{at}");
    let whole = coordinator(&paper, settings());
    let below = |batch: &Bytes| BatchHeader::parse(batch).unwrap().base_offset < at;
    paper.batches.lock().unwrap().retain(|batch| !below(batch));
    let groups = coordinator(&paper, settings());
    for groups in [whole, groups] {
        assert_eq!(groups.heartbeat("g", who("a", 1)).await, Ok(()));
        assert_eq!(offset(&groups, "g", "t").await, Some(4));
        assert_eq!(offset(&groups, "simple", "t").await, Some(4));
        assert_eq!(offset(&groups, "simple", "u").await, Some(9));
        assert_eq!(groups.list().await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_snapshot_is_taken_when_there_is_news() {
    let paper = Arc::new(Paper::default());
    let groups = coordinator(&paper, settings());
    groups.clone().save().await;
    assert!(paper.snapshot.lock().unwrap().is_none(), "nothing to keep");
    groups
        .commit("g", &who("", -1), commit("t", 1), None)
        .await
        .unwrap();
    groups.clone().save_snapshots().await;
    assert!(paper.snapshot.lock().unwrap().is_none(), "not worth it");
    groups.clone().save().await;
    assert!(paper.snapshot.lock().unwrap().is_some());
}

#[tokio::test]
async fn offsets_of_a_topic_that_is_not_there_any_more_go_at_the_start() {
    let paper = Arc::new(Paper::default());
    let groups = coordinator(&paper, settings());
    for topic in ["deleted", "t"] {
        groups
            .commit("g", &who("", -1), commit(topic, 7), None)
            .await
            .unwrap();
    }
    // Committed for a topic of this name that was deleted since: the one that is there has another id.
    let mut late = commit("u", 7);
    late[0].topic_id = Uuid([9; 16]);
    groups.commit("g", &who("", -1), late, None).await.unwrap();
    let paper = paper.restarted();
    let groups = coordinator(&paper, settings());
    assert_eq!(offset(&groups, "g", "deleted").await, None);
    assert_eq!(offset(&groups, "g", "u").await, None);
    assert_eq!(offset(&groups, "g", "t").await, Some(7));
}

#[tokio::test(start_paused = true)]
async fn sessions_end_by_the_clock_also_after_a_restart() {
    let paper = Arc::new(Paper::default());
    let groups = coordinator(&paper, settings());
    let short = Join {
        session_timeout_ms: 30,
        ..join("a")
    };
    groups.join("g", short).await.unwrap();
    groups.sync("g", sync("a", 1, "all")).await.unwrap();
    let groups = coordinator(&paper.restarted(), settings());
    let upkeep = tokio::spawn(keep_up(Arc::downgrade(&groups)));
    // The runtime's time stands still while anything can run: these are looks, not waits.
    let empty = async {
        while groups.describe("g").await.unwrap().phase != Phase::Empty {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(1), empty).await;
    assert!(
        ended.is_ok(),
        "the session of 30 ms has not ended after a second"
    );
    assert_eq!(
        groups.heartbeat("g", who("a", 1)).await,
        Err(GroupError::UnknownMember)
    );
    upkeep.abort();
}
