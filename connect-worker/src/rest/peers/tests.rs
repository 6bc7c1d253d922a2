use serde_json::json;

use super::*;
use crate::worker::snapshot::Origin;

fn own(tasks: Vec<TaskStatus>) -> ConnectorStatus {
    ConnectorStatus {
        name: "gen".to_owned(),
        origin: Origin::Rest,
        uid: "u".to_owned(),
        generation: 1,
        topic: "t".to_owned(),
        state: ConnectorState::Running,
        reason: None,
        trace: None,
        tasks,
        epoch: Some(1),
        all_tasks: 3,
        workers: 3,
        records: 1,
        total: 1,
        rate: 1.0,
    }
}

fn runs(id: u32) -> TaskStatus {
    TaskStatus {
        id,
        state: ConnectorState::Running,
        reason: None,
        trace: None,
        restarts: 0,
        next_restart: None,
        next: 0,
    }
}

fn answer(state: &str, reason: Option<&str>, tasks: &[u32]) -> Result<Answer, String> {
    let shown = |id: &u32| json!({ "id": id, "state": "RUNNING", "worker_id": "x" });
    let details = |id: &u32| json!({ "id": id, "state": "Running", "restarts": 2 });
    let mut answer = json!({
        "connector": { "state": state, "trace": reason.map(|_| "why") },
        "tasks": tasks.iter().map(shown).collect::<Vec<_>>(),
        "eddyline": { "rate": 2.0, "tasks": tasks.iter().map(details).collect::<Vec<_>>() },
    });
    if let Some(reason) = reason {
        answer["eddyline"]["reason"] = json!(reason);
    }
    serde_json::from_value(answer).map_err(|error| error.to_string())
}

fn told(answers: [(u32, Result<Answer, String>); 2]) -> (ConnectorStatus, Vec<String>) {
    let answers = Answers::from(answers);
    whole(own(vec![runs(0)]), 0, &answers, |ordinal| {
        format!("w-{ordinal}")
    })
}

#[test]
fn what_all_workers_run_is_one_connector() {
    let (status, workers) = told([
        (1, answer("RUNNING", None, &[1])),
        (2, answer("RUNNING", None, &[2])),
    ]);
    assert_eq!((status.state, status.rate), (ConnectorState::Running, 5.0));
    assert_eq!(workers, ["w-0", "w-1", "w-2"]);
    assert_eq!(
        status.tasks.iter().map(|task| task.restarts).sum::<u32>(),
        4
    );
}

#[test]
fn a_silent_workers_tasks_are_unassigned() {
    let (status, workers) = told([
        (1, Err("connection refused".to_owned())),
        (2, answer("RUNNING", None, &[2])),
    ]);
    assert_eq!(
        (status.state, status.reason),
        (ConnectorState::Unassigned, Some(Reason::WorkerUnreachable))
    );
    let expected = "1 of 3 tasks: worker 1 does not answer: connection refused";
    assert_eq!(
        (status.trace.as_deref(), workers[1].as_str()),
        (Some(expected), "w-1")
    );
}

#[test]
fn what_a_worker_does_not_run_has_its_workers_reason() {
    let waits = answer("UNASSIGNED", Some("HandingOver"), &[]);
    let broken = answer("FAILED", None, &[]);
    let (status, _) = told([(1, waits), (2, broken)]);
    assert_eq!(status.state, ConnectorState::Failed);
    assert_eq!(status.tasks[1].reason, Some(Reason::HandingOver));
    assert_eq!(status.tasks[2].state, ConnectorState::Failed);
}

#[test]
fn during_a_change_a_task_is_where_it_runs() {
    let (_, workers) = told([
        (1, answer("RUNNING", None, &[])),
        (2, answer("RUNNING", None, &[1, 2])),
    ]);
    assert_eq!(workers, ["w-0", "w-2", "w-2"]);
}
