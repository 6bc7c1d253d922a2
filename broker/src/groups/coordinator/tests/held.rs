//! Nothing speculative leaves: while the disk holds its sync, no answer that depends on it comes out.

use super::*;

#[tokio::test]
async fn commits_and_what_they_change_wait_for_the_disk() {
    let paper = Arc::new(Paper::default());
    let groups = coordinator(&paper, settings());
    stable(&groups, "g", "a").await;
    paper.held.store(true, Ordering::SeqCst);
    let member = who("a", 1);
    let mut committed = pin!(groups.commit("g", &member, commit("t", 7), None));
    assert!(waits(&mut committed).await, "the commit");
    let mut fetched = pin!(offset(&groups, "g", "t"));
    assert!(waits(&mut fetched).await, "its offset");
    let mut described = pin!(groups.describe("g"));
    assert!(waits(&mut described).await, "the group");
    let mut listed = pin!(groups.list());
    assert!(waits(&mut listed).await, "the list");
    paper.sync();
    assert_eq!(committed.await, Ok(vec![Ok(())]));
    assert_eq!(fetched.await, Some(7));
    assert_eq!(described.await.unwrap().members.len(), 1);
    assert_eq!(listed.await.unwrap().len(), 1);
}

#[tokio::test]
async fn assignments_wait_for_the_disk() {
    let paper = Arc::new(Paper::default());
    let groups = coordinator(&paper, settings());
    groups.join("g", join("a")).await.unwrap();
    paper.held.store(true, Ordering::SeqCst);
    let mut synced = pin!(groups.sync("g", sync("a", 1, "all")));
    assert!(waits(&mut synced).await);
    let mut beat = pin!(groups.heartbeat("g", who("a", 1)));
    assert!(waits(&mut beat).await, "that all is well depends on it too");
    paper.sync();
    assert_eq!(synced.await.unwrap().assignment, "all");
    assert_eq!(beat.await, Ok(()));
}

#[tokio::test]
async fn that_a_group_is_gone_waits_for_the_disk() {
    let paper = Arc::new(Paper::default());
    let groups = coordinator(&paper, settings());
    groups
        .commit("g", &who("", -1), commit("t", 7), None)
        .await
        .unwrap();
    paper.held.store(true, Ordering::SeqCst);
    let mut deleted = pin!(groups.delete("g"));
    assert!(waits(&mut deleted).await);
    let mut fetched = pin!(offset(&groups, "g", "t"));
    assert!(waits(&mut fetched).await, "-1 would be a guess");
    let mut described = pin!(groups.describe("g"));
    assert!(waits(&mut described).await);
    paper.sync();
    assert_eq!(deleted.await, Ok(()));
    assert_eq!(fetched.await, None);
    assert_eq!(described.await, Err(GroupError::NotFound));
}

#[tokio::test]
async fn what_the_log_refuses_has_not_happened() {
    let paper = Arc::new(Paper::default());
    let groups = coordinator(&paper, settings());
    stable(&groups, "g", "a").await;
    groups
        .commit("g", &who("a", 1), commit("t", 7), None)
        .await
        .unwrap();
    groups
        .join(
            "g",
            Join {
                member_id: "a".to_owned(),
                ..join("")
            },
        )
        .await
        .unwrap();
    paper.full.store(true, Ordering::SeqCst);
    let refused = groups.commit("g", &who("a", 1), commit("t", 8), None).await;
    assert_eq!(refused, Err(GroupError::IllegalGeneration));
    let refused = groups.sync("g", sync("a", 2, "all")).await;
    assert_eq!(refused, Err(GroupError::Unavailable), "worth another try");
    let refused = groups.leave("g", vec![Leaver::member("a")]).await;
    assert_eq!(refused, Err(GroupError::Unavailable));
    paper.full.store(false, Ordering::SeqCst);
    assert_eq!(
        groups
            .sync("g", sync("a", 2, "all"))
            .await
            .unwrap()
            .assignment,
        "all"
    );
    paper.full.store(true, Ordering::SeqCst);
    let refused = groups.commit("g", &who("a", 2), commit("t", 8), None).await;
    assert_eq!(refused, Err(GroupError::Unavailable));
    assert_eq!(offset(&groups, "g", "t").await, Some(7));
}
