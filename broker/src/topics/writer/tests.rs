use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::oneshot;

use super::*;
use crate::log::{Options, PartitionKey, Policy, Simulated};
use crate::settings::BrokerConfig;
use crate::topics::alter::{Operation, alter_topic, delete};
use crate::topics::create::create;
use crate::topics::{ConfigChange, NewTopic, Topics, random_id};

const CLUSTER: &str = "a-cluster-id-of-22-chr";

async fn open(disk: &Simulated) -> (Log, Topics) {
    disk.kill();
    let log = Log::open_simulated(disk, Options::default());
    let given = Arc::new(BrokerConfig::new(&BTreeMap::new()).unwrap());
    let (opening, clock) = (log.clone(), Clock::standing(1_000));
    let open = move || Topics::open(&opening, &clock, given, CLUSTER).unwrap();
    (log, tokio::task::spawn_blocking(open).await.unwrap())
}

async fn make(topics: &Topics, name: &'static str) -> wire::Uuid {
    let id = random_id();
    let made = topics.change(move |draft| create(draft, NewTopic::named(name, id)).map(drop));
    made.await.unwrap().unwrap();
    id
}

/// Goal: nothing speculative leaves. Method: the disk holds its sync; neither the answer of a change, nor of one that only saw it,
/// nor the view may show it before the sync returns. On one thread, so that the writer has taken up both changes, and would have
/// answered them, when the second one's plan is heard of.
#[tokio::test]
async fn nothing_is_answered_or_seen_before_its_sync() {
    let disk = Simulated::default();
    let (_log, topics) = open(&disk).await;
    let first = make(&topics, "first").await;
    disk.hold_syncs(true);

    let creation =
        topics.change(|draft| create(draft, NewTopic::named("second", random_id())).map(drop));
    let (planned, is_planned) = oneshot::channel();
    // Looks at what the first change decided, and decides nothing.
    let glance = topics.change(move |draft| {
        let _ = planned.send(());
        draft.state().topic("second").is_some()
    });
    let (mut creation, mut glance) = (pin!(creation), pin!(glance));
    // The first look at each queues it.
    let queued = (waits(&mut creation).await, waits(&mut glance).await);
    let held = disk.clone();
    tokio::task::spawn_blocking(move || held.wait_for_held_sync())
        .await
        .unwrap();
    is_planned.await.unwrap();
    let unanswered = (waits(&mut creation).await, waits(&mut glance).await);
    let seen = topics.topic("second").is_some();
    // Let go before anything can fail: a held disk would never end.
    disk.hold_syncs(false);
    assert_eq!(
        (queued, unanswered, seen),
        ((true, true), (true, true), false)
    );
    assert!(topics.topic_by_id(first).is_some());
    assert_eq!(creation.await.unwrap(), Ok(()));
    assert!(
        glance.await.unwrap(),
        "the second saw what the first decided"
    );
    assert!(topics.topic("second").is_some());
}

/// Whether it has no answer yet.
async fn waits<T>(future: &mut Pin<&mut impl Future<Output = T>>) -> bool {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_brings_everything_back_and_drops_left_overs() {
    let disk = Simulated::default();
    let (log, topics) = open(&disk).await;
    let kept = make(&topics, "kept").await;
    let gone = make(&topics, "gone").await;
    let change = ConfigChange {
        name: "retention.ms".to_owned(),
        operation: Operation::Set,
        value: Some("5".to_owned()),
    };
    let altered = topics.change(move |draft| alter_topic(draft, "kept", &[change]));
    altered.await.unwrap().unwrap();
    topics
        .change(move |draft| delete(draft, gone).map(drop))
        .await
        .unwrap()
        .unwrap();
    let ids = topics.reserve_producer_ids(1_000).await.unwrap();
    // As a crash between a deletion and the end of the files leaves it.
    let orphan = PartitionKey {
        topic: random_id(),
        partition: 0,
    };
    log.create(orphan, Policy::default()).unwrap();
    make(&topics, "later").await;
    let before = topics.view().records();
    drop((log, topics));

    let (log, topics) = open(&disk).await;
    assert_eq!(topics.view().records(), before);
    assert_eq!(topics.view().cluster_id(), CLUSTER);
    assert_eq!(topics.reserve_producer_ids(1).await.unwrap().start, ids.end);
    assert!(log.exists(PartitionKey {
        topic: kept,
        partition: 0
    }));
    assert!(
        !log.exists(PartitionKey {
            topic: gone,
            partition: 0
        }) && !log.exists(orphan)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_new_topics_and_goes_on_with_the_rest() {
    let disk = Simulated::default();
    let (log, topics) = open(&disk).await;
    let id = make(&topics, "first").await;
    disk.set_free_bytes(1);
    let full = async || {
        let plan =
            |draft: &mut Draft| create(draft, NewTopic::named("second", random_id())).map(drop);
        matches!(topics.change(plan).await, Err(ChangeError::Full(_)))
    };
    // The log looks at the free space about once a second.
    tokio::time::timeout(Duration::from_mins(1), async {
        while !full().await {
            let delete_again = |draft: &mut Draft| {
                let id = draft.state().topic("second").map(|topic| topic.id);
                id.map(|id| delete(draft, id).map(drop))
            };
            topics.change(delete_again).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    assert!(topics.topic("second").is_none());
    let own = topics
        .ensure_internal("__consumer_offsets", 1, BTreeMap::new())
        .await
        .unwrap();
    assert!(own.internal);
    topics
        .change(move |draft| delete(draft, id).map(drop))
        .await
        .unwrap()
        .unwrap();
    assert!(!log.exists(PartitionKey {
        topic: id,
        partition: 0
    }));
}
