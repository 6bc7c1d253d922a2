//! Goal: every state of a Cluster has its reason, its message and its Event, in words that say what to
//! do. Method: a table of states against golden text.

use std::{fmt::Write, sync::Arc};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use super::*;
use crate::{ports::broker_admin::ObservedTopic, snapshots::View};

const RELEASE: Release<'static> = Release {
    image: "registry.local/eddyline:dev",
    version: "0.1.0",
};

fn cluster(spec: Value) -> Cluster {
    let mut cluster = Cluster::new("tutorial", serde_json::from_value(spec).unwrap());
    cluster.metadata.namespace = Some("shop".into());
    cluster.metadata.generation = Some(3);
    cluster
}

fn external() -> Cluster {
    cluster(json!({"engine": "External", "bootstrapServers": ["a:9092", "b:9092"]}))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn pod(status: &Value) -> Observed {
    let pod = json!({
        "metadata": {"name": "tutorial-broker-0"},
        "spec": {"containers": [{"name": "broker", "image": RELEASE.image}]},
        "status": status,
    });
    Observed {
        pods: vec![Arc::new(serde_json::from_value(pod).unwrap())],
        view: Some(View::Unseen),
        ..Observed::default()
    }
}

fn waiting(reason: &str) -> Observed {
    pod(&json!({"containerStatuses": [{
        "name": "broker", "image": "i:2", "imageID": "", "ready": false, "restartCount": 4,
        "state": {"waiting": {"reason": reason, "message": "no such mount"}},
        "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "unknown setting a"}},
    }]}))
}

fn unscheduled() -> Observed {
    pod(&json!({"conditions": [{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient memory.",
    }]}))
}

fn without_volume(class: Option<&str>) -> Observed {
    let claim = json!({
        "metadata": {"name": "data-tutorial-broker-0"},
        "spec": {"storageClassName": class}, "status": {"phase": "Pending"},
    });
    Observed {
        claim: Some(Arc::new(serde_json::from_value(claim).unwrap())),
        ..unscheduled()
    }
}

fn ready(view: View) -> Observed {
    let up = json!({"conditions": [{"type": "Ready", "status": "True"}]});
    Observed {
        view: Some(view),
        ..pod(&up)
    }
}

fn seen(topics: &[&str]) -> View {
    let topics = topics
        .iter()
        .map(|name| ((*name).to_owned(), ObservedTopic::default()));
    View::Seen(Arc::new(Snapshot {
        cluster_id: Some("id-1".into()),
        brokers: 3,
        topics: topics.collect(),
    }))
}

fn silent() -> View {
    View::Unreachable("ask the broker at a:1 for its topics: connection refused".into())
}

/// One row: what is seen, after how many seconds of which reason.
struct Row {
    title: &'static str,
    cluster: Cluster,
    obstacle: Option<Obstacle>,
    observed: Observed,
    growth: Option<String>,
    before: Option<(crds::Reason, i64)>,
}

fn row(title: &'static str, observed: Observed) -> Row {
    Row {
        title,
        cluster: cluster(json!({})),
        obstacle: None,
        observed,
        growth: None,
        before: Some((crds::Reason::Pending, 2)),
    }
}

fn of(cluster: Cluster, row: Row) -> Row {
    Row { cluster, ..row }
}

fn hindered(title: &'static str, obstacle: Obstacle) -> Row {
    Row {
        obstacle: Some(obstacle),
        ..row(title, Observed::default())
    }
}

fn after(reason: crds::Reason, seconds: i64, row: Row) -> Row {
    Row {
        before: Some((reason, seconds)),
        ..row
    }
}

fn rows() -> Vec<Row> {
    let rows = [obstacles(), starts(), answers(), elsewhere_or_stopped()];
    rows.into_iter().flatten().collect()
}

fn obstacles() -> Vec<Row> {
    let finding = Finding::new("spec.config[\"a b\"]", "no setting has such a name");
    vec![
        hindered("the object is paused", Obstacle::Paused),
        hindered("a setting is wrong", Obstacle::Invalid(vec![finding])),
        hindered(
            "the object does not decode",
            Obstacle::Unreadable("invalid type".into()),
        ),
        hindered(
            "a child's name is taken",
            Obstacle::NameTaken("Service shop/tutorial belongs to Deployment web".into()),
        ),
        hindered(
            "a child is refused",
            Obstacle::Refused("limits.memory: must be above requests".into()),
        ),
    ]
}

fn starts() -> Vec<Row> {
    use crds::Reason::{CrashLooping, Pending};
    vec![
        Row {
            before: None,
            ..row("there is no pod yet", Observed::default())
        },
        after(Pending, 61, row("no pod is made", Observed::default())),
        row("the broker starts", pod(&json!({}))),
        after(
            Pending,
            61,
            row("the broker does not become ready", pod(&json!({}))),
        ),
        row("the image is missing", waiting("ImagePullBackOff")),
        row("the broker keeps ending", waiting("CrashLoopBackOff")),
        after(
            CrashLooping,
            2,
            row(
                "the broker runs between two ends",
                waiting("ContainerCreating"),
            ),
        ),
        row(
            "a container cannot be made",
            waiting("CreateContainerError"),
        ),
        row("no node was looked for yet", unscheduled()),
        after(Pending, 21, row("no node has room", unscheduled())),
        after(
            Pending,
            21,
            row("the volume is not bound", without_volume(Some("standard"))),
        ),
        after(
            Pending,
            21,
            row("there is no storage class", without_volume(None)),
        ),
    ]
}

fn answers() -> Vec<Row> {
    use crds::Reason::{BrokerUnreachable, Pending, Running};
    let ephemeral = || cluster(json!({"storage": {"ephemeral": true}}));
    vec![
        row("the broker is ready and not asked yet", ready(View::Unseen)),
        row("the broker answers", ready(seen(&["a"]))),
        after(Running, 9, row("the broker goes on", ready(seen(&[])))),
        of(ephemeral(), row("its data is not kept", ready(seen(&[])))),
        Row {
            growth: Some("class standard does not allow it".into()),
            ..row("the volume does not grow", ready(seen(&[])))
        },
        row(
            "the broker did not answer while it started",
            ready(silent()),
        ),
        after(
            Pending,
            21,
            row("the broker never answered", ready(silent())),
        ),
        after(
            Running,
            9,
            row("the broker does not answer any more", ready(silent())),
        ),
        after(
            BrokerUnreachable,
            2,
            row("the broker is asked anew", ready(View::Unseen)),
        ),
        after(
            Running,
            9,
            row("another operator has not asked yet", ready(View::Unseen)),
        ),
    ]
}

fn elsewhere_or_stopped() -> Vec<Row> {
    let stopped = || cluster(json!({"state": "Stopped"}));
    vec![
        of(stopped(), row("it stops", pod(&json!({})))),
        of(stopped(), row("it is stopped", Observed::default())),
        of(
            external(),
            row(
                "brokers elsewhere answer",
                Observed {
                    view: Some(seen(&["a"])),
                    ..Observed::default()
                },
            ),
        ),
        of(
            external(),
            row(
                "brokers elsewhere do not answer",
                Observed {
                    view: Some(silent()),
                    ..Observed::default()
                },
            ),
        ),
        of(
            external(),
            row("brokers elsewhere are new", Observed::default()),
        ),
    ]
}

fn status_of(row: &Row) -> (ClusterStatus, Option<Note>) {
    let now = at(1000);
    let previous = row.before.map(|(reason, seconds)| ClusterStatus {
        conditions: vec![Condition {
            last_transition_time: Time(at(1000 - seconds)),
            ..condition::ready(reason, "as before".into(), 3, now)
        }],
        ..ClusterStatus::default()
    });
    let look = Look {
        cluster: &row.cluster,
        obstacle: row.obstacle.clone(),
        observed: &row.observed,
        growth: row.growth.clone(),
        release: RELEASE,
        now,
    };
    let next = status(&look, previous.as_ref());
    let event = event(previous.as_ref(), &next);
    (next, event)
}

#[test]
fn every_state_has_its_words() {
    let mut text = String::new();
    for row in rows() {
        let (status, event) = status_of(&row);
        let ready = super::ready(&status).unwrap();
        let event = event.map_or(
            "none",
            |note| if note.warning { "Warning" } else { "Normal" },
        );
        writeln!(
            text,
            "{}\n  Ready={} {} (ready {}, event {event})\n  {}",
            row.title,
            ready.status,
            ready.reason,
            status.ready.clone().unwrap(),
            ready.message
        )
        .unwrap();
    }
    assert_eq!(text, include_str!("states.expected"), "{text}");
}

#[test]
fn a_cluster_that_answers_is_told_in_full() {
    let mut observed = ready(seen(&["orders", "rides", "__consumer_offsets"]));
    observed.named_topics = ["orders".to_owned()].into();
    observed.connectors = 2;
    let (status, _) = status_of(&row("", observed));
    let mut told = serde_json::to_value(&status).unwrap();
    told.as_object_mut().unwrap().remove("conditions");
    assert_eq!(
        told,
        json!({
            "observedGeneration": 3, "bootstrapServers": "tutorial.shop.svc:9092", "clusterId": "id-1",
            "ready": "1/1", "replicas": 1, "readyReplicas": 1, "version": "0.1.0",
            "image": "registry.local/eddyline:dev", "topics": 2, "connectors": 2,
            "unmanagedTopics": {"count": 1, "names": ["rides"]},
        })
    );
}

#[test]
fn counts_alone_are_no_news() {
    let told = |topics: &[&str]| status_of(&row("", ready(seen(topics)))).0;
    let one = told(&["a"]);
    assert_eq!(difference(None, &one), Difference::State);
    assert_eq!(difference(Some(&one), &told(&["a"])), Difference::None);
    assert_eq!(
        difference(Some(&one), &told(&["a", "b"])),
        Difference::Counters
    );
    let silent = status_of(&row("", ready(silent()))).0;
    assert_eq!(difference(Some(&one), &silent), Difference::State);
    let first = ClusterStatus {
        topics: None,
        ..one.clone()
    };
    assert_eq!(difference(Some(&first), &one), Difference::State);
}

#[test]
fn versions_of_other_images_are_their_tags() {
    for (image, expected) in [
        (RELEASE.image, "0.1.0"),
        ("registry:5000/eddyline:0.0.9", "0.0.9"),
        ("registry:5000/eddyline", "unknown"),
        ("eddyline:1@sha256:ab", "1"),
        ("eddyline@sha256:ab", "unknown"),
    ] {
        assert_eq!(version(image, RELEASE), expected, "{image}");
    }
}
