//! Goal: each state of a Connector has one reason, a message that says what to do next, and one Event.
//! Method: a table of looks against a golden text, and statuses compared.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::*;
use crate::connector::pods::Trouble;

/// From one look to the next nothing but what is said changes.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn connector(spec: &Value) -> Connector {
    let mut all = json!({
        "cluster": "tutorial", "topic": "orders", "tasks": 2, "workers": 2,
        "datagen": {"quickstart": "orders", "iterations": 1000},
    });
    for (key, value) in spec.as_object().unwrap() {
        all[key] = value.clone();
    }
    let mut connector = Connector::new("gen", serde_json::from_value(all).unwrap());
    connector.metadata.namespace = Some("shop".into());
    connector.metadata.generation = Some(3);
    connector
}

fn pod(ordinal: usize, ready: bool, trouble: Option<Trouble>) -> WorkerPod {
    WorkerPod {
        ordinal,
        name: format!("gen-worker-{ordinal}"),
        uid: format!("p-{ordinal}"),
        restarts: 0,
        rest: Some(([10, 0, 0, 1], 8083).into()),
        ready,
        since: Some(at(0)),
        trouble,
    }
}

fn ready_pods() -> Vec<WorkerPod> {
    vec![pod(0, true, None), pod(1, true, None)]
}

fn broken(trouble: Trouble) -> Vec<WorkerPod> {
    vec![pod(0, true, None), pod(1, false, Some(trouble))]
}

/// A report with these states; a task in trouble has this reason and error.
fn report(state: &str, tasks: &[&str], reason: Option<&str>, error: &str) -> Report {
    let tasks = (0..).zip(tasks).map(|(id, state)| {
        let troubled = !matches!(*state, "RUNNING" | "PAUSED" | "COMPLETED");
        TaskReport {
            id,
            state: (*state).to_owned(),
            worker: Some(format!("gen-worker-{}.gen-worker.shop.svc:8083", id % 2)),
            reason: reason.filter(|_| troubled).map(str::to_owned),
            error: troubled
                .then(|| error.to_owned())
                .filter(|error| !error.is_empty()),
            ..TaskReport::default()
        }
    });
    Report {
        state: state.to_owned(),
        generation: Some(3),
        tasks: tasks.collect(),
        records: Some(70),
        rate: Some(9.96),
        ..Report::default()
    }
}

type Answer = Result<Option<Report>, ConnectError>;

fn says(title: &'static str, report: Report) -> Case {
    answer(title, Ok(Some(report)))
}

fn silent() -> Answer {
    Err(ConnectError::Unreachable {
        worker: ([10, 0, 0, 1], 8083).into(),
        reason: "no answer within 2 s".into(),
    })
}

fn refused() -> Answer {
    Err(ConnectError::Refused {
        worker: ([10, 0, 0, 1], 8083).into(),
        message: "rate: must be above 0".into(),
    })
}

struct Case {
    title: &'static str,
    obstacle: Option<Obstacle>,
    pods: Vec<WorkerPod>,
    answer: Option<Answer>,
    lacks_topic: bool,
    second: i64,
}

fn case(title: &'static str) -> Case {
    Case {
        title,
        obstacle: None,
        pods: ready_pods(),
        answer: None,
        lacks_topic: false,
        second: 5,
    }
}

fn obstacle(title: &'static str, obstacle: Obstacle) -> Case {
    Case {
        obstacle: Some(obstacle),
        ..case(title)
    }
}

fn pods(title: &'static str, pods: Vec<WorkerPod>) -> Case {
    Case {
        pods,
        ..case(title)
    }
}

fn answer(title: &'static str, answer: Answer) -> Case {
    Case {
        answer: Some(answer),
        ..case(title)
    }
}

fn obstacles() -> Vec<Case> {
    let findings = vec![
        Finding::new(
            "spec.workers",
            "there are more workers than tasks: raise tasks first",
        ),
        Finding::new(
            "spec.datagen.rate",
            "rate is too small: write 0.001 or more",
        ),
    ];
    let taken = "StatefulSet shop/gen-worker belongs to Deployment web".to_owned();
    vec![
        obstacle("the object is paused", Obstacle::Paused),
        obstacle("the spec is wrong", Obstacle::Invalid(findings)),
        obstacle(
            "the object does not decode",
            Obstacle::Unreadable("missing field `cluster`".into()),
        ),
        obstacle(
            "a child is refused",
            Obstacle::Refused(
                "StatefulSet.apps \"gen-worker\" is invalid: spec.template.labels".into(),
            ),
        ),
        obstacle("the Cluster is missing", Obstacle::NoCluster),
        obstacle("a child's name is taken", Obstacle::NameTaken(taken)),
        obstacle(
            "the Cluster is stopped",
            Obstacle::ClusterNotReady(Some("Stopped".into())),
        ),
        obstacle(
            "the Cluster has a fault",
            Obstacle::ClusterNotReady(Some("CrashLooping".into())),
        ),
        obstacle("the Cluster is new", Obstacle::ClusterNotReady(None)),
    ]
}

fn pods_in_trouble() -> Vec<Case> {
    let late = Case {
        second: 60,
        ..pods(
            "a pod does not become ready",
            vec![pod(0, true, None), pod(1, false, None)],
        )
    };
    vec![
        pods("there are no pods yet", Vec::new()),
        pods(
            "pods are starting",
            vec![pod(0, true, None), pod(1, false, None)],
        ),
        late,
        pods(
            "the image is missing",
            broken(Trouble::Image("registry.local/eddyline:0".into())),
        ),
        pods(
            "a worker keeps ending",
            broken(Trouble::Crash("OOMKilled (code 137)".into())),
        ),
        pods(
            "no node has room",
            broken(Trouble::Placement(
                "0/1 nodes are available: 1 Insufficient memory.".into(),
            )),
        ),
        pods(
            "a container cannot be made",
            broken(Trouble::Container("configmap not found".into())),
        ),
    ]
}

fn answers() -> Vec<Case> {
    let two = |state: &str| report(state, &[state, state], None, "");
    let mut stale = report("RUNNING", &["RUNNING", "RUNNING"], None, "");
    stale.generation = Some(2);
    let mut stopped = report("STOPPED", &[], None, "");
    stopped.tasks.clear();
    let mut throttled = report("THROTTLED", &["THROTTLED", "RUNNING"], None, "");
    throttled.trace = Some("no record was acknowledged for 5 s".into());
    let waiting = |reason: &str| {
        report(
            "UNASSIGNED",
            &["RUNNING", "UNASSIGNED"],
            Some(reason),
            "why",
        )
    };
    vec![
        answer("no worker answers", silent()),
        answer("a worker refuses", refused()),
        answer("a worker does not know it yet", Ok(None)),
        Case {
            lacks_topic: true,
            ..case("the Cluster lacks the topic, no report yet")
        },
        says("workers follow an older edit", stale),
        says("running", two("RUNNING")),
        says("throttled", throttled),
        says("paused", two("PAUSED")),
        says("stopped", stopped),
        says("completed", two("COMPLETED")),
        says("workers miss the topic", waiting("TopicNotFound")),
        says("workers miss the broker", waiting("BrokerUnreachable")),
        says(
            "workers find the configuration wrong",
            waiting("InvalidConfig"),
        ),
        says("a worker misses its peer", waiting("WorkerUnreachable")),
        says("tasks are handed over", waiting("HandingOver")),
        says(
            "a task is started again",
            report(
                "RESTARTING",
                &["RUNNING", "RESTARTING"],
                None,
                "record too large",
            ),
        ),
        says(
            "a task failed for good",
            report("FAILED", &["RUNNING", "FAILED"], None, "record too large"),
        ),
        says(
            "all tasks failed",
            report("FAILED", &["FAILED", "FAILED"], None, "record too large"),
        ),
        says(
            "a state of a later version",
            report("DREAMING", &["RUNNING", "RUNNING"], None, ""),
        ),
    ]
}

fn seen(connector: &Connector, case: Case, previous: Option<&ConnectorStatus>) -> ConnectorStatus {
    let look = Look {
        connector,
        obstacle: case.obstacle,
        pods: &case.pods,
        answer: case.answer,
        lacks_topic: case.lacks_topic,
        now: at(case.second),
    };
    status(&look, previous)
}

#[test]
fn every_state_has_its_reason_message_and_event() {
    let connector = connector(&json!({}));
    let running = says("", report("RUNNING", &["RUNNING", "RUNNING"], None, ""));
    let running = seen(&connector, running, None);
    let mut table = String::new();
    for case in obstacles()
        .into_iter()
        .chain(pods_in_trouble())
        .chain(answers())
    {
        let title = case.title;
        let next = seen(&connector, case, Some(&running));
        let ready = ready(&next).unwrap();
        let event = event(Some(&running), &next).map_or("none".to_owned(), |note| {
            if note.warning { "Warning" } else { "Normal" }.to_owned()
        });
        writeln!(
            table,
            "{title}\n  Ready={} {} (state {}, event {event})\n  {}",
            ready.status,
            ready.reason,
            next.state.as_deref().unwrap_or("-"),
            ready.message
        )
        .unwrap();
    }
    assert_eq!(table, include_str!("states.expected"));
}

#[test]
fn everything_a_report_says_is_in_the_status() {
    let connector = connector(&json!({}));
    let mut full = report("RESTARTING", &["RUNNING", "RESTARTING"], None, "late");
    full.restarts = Some(4);
    full.tasks[1].restarts = Some(4);
    full.tasks[1].next_restart = Some(at(60));
    let status = seen(&connector, says("", full), None);
    assert_eq!(
        serde_json::to_value(&status).unwrap(),
        json!({
            "observedGeneration": 3,
            "conditions": [{
                "type": "Ready", "status": "False", "reason": "Degraded", "observedGeneration": 3,
                "message": "1 of 2 tasks failed, task 1 with: late", "lastTransitionTime": "2026-01-01T00:00:05Z",
            }],
            "state": "Restarting", "workers": 2, "readyWorkers": 2,
            "selector": "app.kubernetes.io/component=worker,eddyline.dev/connector=gen",
            "tasks": [
                {"id": 0, "state": "Running", "worker": "gen-worker-0"},
                {
                    "id": 1, "state": "Restarting", "worker": "gen-worker-1", "restarts": 4,
                    "nextRestartTime": "2026-01-01T00:01:00Z", "lastError": "late", "fault": "System",
                },
            ],
            "restarts": 4, "records": 70, "rate": 0.0,
        })
    );
}

#[test]
fn counters_alone_are_told_apart_and_at_rest_nothing_changes() {
    let connector = connector(&json!({}));
    let look = |state: &str, records: i64, second: i64, previous: Option<&ConnectorStatus>| {
        let mut report = report(state, &[state, state], None, "");
        report.records = Some(records);
        let case = Case {
            second,
            ..says("", report)
        };
        seen(&connector, case, previous)
    };
    let first = look("RUNNING", 1, 5, None);
    assert_eq!(difference(None, &first), Difference::State);
    let same = look("RUNNING", 1, 10, Some(&first));
    assert_eq!(difference(Some(&first), &same), Difference::None);
    let more = look("RUNNING", 2, 10, Some(&first));
    assert_eq!(difference(Some(&first), &more), Difference::Counters);
    let paused = look("PAUSED", 3, 15, Some(&more));
    assert_eq!(difference(Some(&more), &paused), Difference::State);
    assert_eq!(paused.rate, Some(0.0));
    let last = look("PAUSED", 4, 20, Some(&paused));
    assert_eq!(difference(Some(&paused), &last), Difference::State);
    let silent = seen(&connector, answer("", silent()), Some(&last));
    assert_eq!(
        (silent.records, silent.rate, silent.tasks.len()),
        (Some(4), None, 0)
    );
}

#[test]
fn an_event_comes_with_a_new_reason_only() {
    let connector = connector(&json!({}));
    let starting = seen(&connector, pods("", Vec::new()), None);
    assert_eq!(event(None, &starting), None);
    let running = || says("", report("RUNNING", &["RUNNING", "RUNNING"], None, ""));
    let first = seen(&connector, running(), Some(&starting));
    let told = event(Some(&starting), &first).unwrap();
    assert_eq!(told.to_string(), "Normal Running: 2 tasks run on 2 workers");
    let again = seen(&connector, running(), Some(&first));
    assert_eq!(event(Some(&first), &again), None);
    let lost = seen(&connector, obstacle("", Obstacle::NoCluster), None);
    assert!(event(None, &lost).unwrap().warning);
}
