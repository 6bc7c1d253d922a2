//! The task of a cluster against a broker in memory, on a clock that is stopped.

use std::{sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};

use super::*;
use crate::ports::{
    broker_admin::{NewTopic, TopicErrorKind},
    fake_broker::FakeBroker,
};

const RESYNC: Duration = Duration::from_mins(1);

fn cluster() -> ObjectName {
    ObjectName {
        namespace: "default".to_owned(),
        name: "tutorial".to_owned(),
    }
}

fn endpoint(uid: &str) -> Endpoint {
    Endpoint {
        uid: uid.to_owned(),
        bootstrap: "tutorial:9092".to_owned(),
    }
}

/// Looked at once, and all news taken.
async fn attached(broker: &FakeBroker) -> Arc<Snapshots> {
    let snapshots = Arc::new(Snapshots::new(Pace::of_resync(RESYNC)));
    snapshots.attach(&cluster(), endpoint("1"), |_| broker.clone());
    assert_eq!(snapshots.view(&cluster()), Some(View::Unseen));
    assert_eq!(news(&snapshots).await, Some(Woken::All));
    snapshots.wakes().clusters().await;
    broker.take_calls();
    snapshots
}

/// The next news of topics within two resyncs.
async fn news(snapshots: &Snapshots) -> Option<Woken> {
    let taken = timeout(2 * RESYNC, snapshots.wakes().topics()).await;
    taken.ok().and_then(|mut taken| taken.remove(&cluster()))
}

fn create(name: &str) -> Vec<Action> {
    vec![Action::Create(NewTopic {
        name: name.to_owned(),
        partitions: 1,
        replicas: 1,
        settings: BTreeMap::new(),
    })]
}

#[tokio::test(start_paused = true)]
async fn a_steady_pass_over_hundreds_of_topics_is_one_look_and_wakes_nobody() {
    let broker = FakeBroker::new();
    for number in 0..500 {
        broker.make(&format!("t{number}"), 1, &[]);
    }
    let snapshots = attached(&broker).await;
    sleep(RESYNC + RESYNC / 5).await;
    // The look itself is two requests: metadata and settings, as `admin` says.
    assert_eq!(broker.take_calls(), [("look", 500)]);
    assert_eq!(news(&snapshots).await, None);
}

#[tokio::test(start_paused = true)]
async fn changes_of_hundreds_of_topics_are_one_call_and_one_look() {
    let broker = FakeBroker::new();
    let snapshots = attached(&broker).await;
    let changes = (0..500).map(|number| {
        let snapshots = Arc::clone(&snapshots);
        async move {
            let name = format!("t{number}");
            let changed = snapshots.change(&cluster(), &name, create(&name)).await;
            let changed = changed.unwrap();
            changed.outcome.unwrap();
            assert!(changed.view.snapshot().unwrap().topics.contains_key(&name));
        }
    });
    futures::future::join_all(changes).await;
    assert_eq!(broker.take_calls(), [("create", 500), ("look", 500)]);
    assert_eq!(news(&snapshots).await, None, "whoever asked was answered");
}

#[tokio::test(start_paused = true)]
async fn only_what_looks_different_is_woken() {
    let broker = FakeBroker::new();
    for name in ["a", "b", "c"] {
        broker.make(name, 1, &[]);
    }
    let snapshots = attached(&broker).await;
    broker.set("b", "retention.ms", "5");
    broker.state().cluster.topics.remove("c");
    broker.make("d", 1, &[]);
    let woken = ["b", "c", "d"].map(str::to_owned).into();
    assert_eq!(news(&snapshots).await, Some(Woken::Topics(woken)));
    broker.state().cluster.brokers = 3;
    assert_eq!(news(&snapshots).await, Some(Woken::All));
}

#[tokio::test(start_paused = true)]
async fn a_second_change_of_a_topic_waits_for_the_first() {
    let broker = FakeBroker::new();
    let snapshots = attached(&broker).await;
    let cluster = cluster();
    let made = snapshots.change(&cluster, "a", create("a"));
    let deleted = snapshots.change(&cluster, "a", vec![Action::Delete("a".to_owned())]);
    let (made, deleted) = tokio::join!(made, deleted);
    made.unwrap().outcome.unwrap();
    deleted.unwrap().outcome.unwrap();
    let calls: Vec<_> = broker.take_calls().into_iter().map(|call| call.0).collect();
    assert_eq!(calls, ["create", "look", "delete", "look"]);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_restarts_in_a_moment_is_not_unreachable() {
    let broker = FakeBroker::new();
    let snapshots = attached(&broker).await;
    broker.state().down = true;
    snapshots.nudge(&cluster());
    sleep(Duration::from_millis(100)).await;
    assert!(snapshots.view(&cluster()).unwrap().snapshot().is_some());
    broker.state().down = false;
    sleep(Duration::from_secs(1)).await;
    broker.state().down = true;
    assert_eq!(news(&snapshots).await, Some(Woken::All));
    let view = snapshots.view(&cluster()).unwrap();
    let why = "ask the broker at tutorial:9092 for its topics: connection refused";
    assert_eq!(view, View::Unreachable(why.to_owned()));
    broker.take_calls();
    assert_eq!(news(&snapshots).await, None, "it is told once");
    let tries = broker.take_calls().len();
    assert!((5..20).contains(&tries), "{tries} tries in two minutes");
    broker.state().down = false;
    assert_eq!(news(&snapshots).await, Some(Woken::All));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_the_answer_of_that_topic_alone() {
    let broker = FakeBroker::new();
    let refused = ("b".to_owned(), TopicErrorKind::Invalid);
    broker.state().refusals.extend([refused]);
    let snapshots = attached(&broker).await;
    let (cluster_a, cluster_b) = (cluster(), cluster());
    let (a, b) = tokio::join!(
        snapshots.change(&cluster_a, "a", create("a")),
        snapshots.change(&cluster_b, "b", create("b")),
    );
    assert!(a.unwrap().outcome.is_ok());
    let error = b.unwrap().outcome.unwrap_err();
    assert_eq!(
        error.to_string(),
        "create topic b: Invalid, says the broker"
    );
}

#[tokio::test(start_paused = true)]
async fn another_cluster_under_the_name_is_looked_at_anew() {
    let broker = FakeBroker::new();
    let snapshots = attached(&broker).await;
    snapshots.attach(&cluster(), endpoint("1"), |_| FakeBroker::new());
    assert!(snapshots.view(&cluster()).unwrap().snapshot().is_some());
    snapshots.attach(&cluster(), endpoint("2"), |_| FakeBroker::new());
    assert_eq!(snapshots.view(&cluster()), Some(View::Unseen));
    snapshots.detach(&cluster());
    assert_eq!(snapshots.view(&cluster()), None);
    assert!(
        snapshots
            .change(&cluster(), "a", create("a"))
            .await
            .is_none()
    );
    assert_eq!(snapshots.attached(), []);
    broker.take_calls();
    sleep(3 * RESYNC).await;
    assert_eq!(broker.take_calls(), [], "its task has ended");
}

#[tokio::test(start_paused = true)]
async fn who_asked_hears_when_the_cluster_goes() {
    let broker = FakeBroker::new();
    let snapshots = attached(&broker).await;
    broker.state().stuck = true;
    let cluster = cluster();
    let asked = snapshots.change(&cluster, "a", create("a"));
    let gone = async {
        sleep(Duration::from_secs(1)).await;
        snapshots.detach(&cluster);
    };
    let (asked, ()) = tokio::join!(asked, gone);
    assert!(asked.is_none());
}
