//! Reads a worker's answers: Connect's fields, and ours under `eddyline`. Pure, and lenient: what is
//! missing or of another kind counts as not said, because a worker may be older or newer.

use crds::connector::Fault;
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use crate::ports::connect_api::{Report, TaskReport};

/// The longest error text kept: status objects hold up to 256 of them.
const TEXT_MAX_CHARS: usize = 512;

/// The tasks read at most; the kind allows no more.
const TASKS_MAX: usize = 256;

/// The answer to `GET /connectors/{name}/status`; `None` where it is none.
pub(super) fn report(body: &Value) -> Option<Report> {
    let connector = &body["connector"];
    let ours = &body["eddyline"];
    let tasks = body["tasks"].as_array().map_or(&[][..], Vec::as_slice);
    let extras = ours["tasks"].as_array().map_or(&[][..], Vec::as_slice);
    let tasks: Vec<_> = tasks
        .iter()
        .take(TASKS_MAX)
        .filter_map(|shown| {
            let extra = extras.iter().find(|extra| extra["id"] == shown["id"]);
            task(shown, extra.unwrap_or(&Value::Null))
        })
        .collect();
    let restarts = ours["restarts"].as_i64().or_else(|| {
        let known = tasks.iter().filter_map(|task| task.restarts);
        known.map(i64::from).reduce(i64::saturating_add)
    });
    Some(Report {
        state: connector["state"].as_str()?.to_owned(),
        reason: text(&ours["reason"]),
        trace: text(&connector["trace"]),
        uid: text(&ours["uid"]),
        generation: ours["generation"].as_i64(),
        tasks,
        restarts,
        records: ours["records"].as_i64(),
        rate: ours["rate"].as_f64(),
    })
}

/// The text of an error answer, `{error_code, message}` in Connect.
pub(super) fn message(body: &Value, code: u16) -> String {
    text(&body["message"]).unwrap_or_else(|| format!("it answered with code {code}"))
}

fn task(shown: &Value, extra: &Value) -> Option<TaskReport> {
    let error = text(&shown["trace"]);
    let reason = text(&extra["reason"]);
    let fault = match extra["fault"].as_str() {
        Some("User") => Some(Fault::User),
        Some("System") => Some(Fault::System),
        _ => None,
    };
    Some(TaskReport {
        id: shown["id"].as_i64()?.try_into().ok()?,
        state: shown["state"].as_str()?.to_owned(),
        worker: text(&shown["worker_id"]),
        restarts: extra["restarts"]
            .as_i64()
            .and_then(|count| count.try_into().ok()),
        next_restart: extra["nextRestartTime"]
            .as_str()
            .and_then(|time| time.parse::<Timestamp>().ok()),
        reason,
        error,
        fault,
    })
}

/// A text that says something, cut to a length that a status can hold.
fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    let cut = text
        .char_indices()
        .nth(TEXT_MAX_CHARS)
        .map_or(text, |(end, _)| &text[..end]);
    (!cut.is_empty()).then(|| cut.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_a_worker_says_is_read() {
        let body = json!({
            "name": "orders-gen", "type": "source",
            "connector": {"state": "RESTARTING", "worker_id": "w-0:8083", "trace": " late \n"},
            "tasks": [
                {"id": 0, "state": "RUNNING", "worker_id": "w-0:8083"},
                {"id": 1, "state": "RESTARTING", "worker_id": "w-1:8083", "trace": "no broker"},
            ],
            "eddyline": {
                "uid": "u-1", "generation": 3, "reason": "BrokerUnreachable", "records": 70, "rate": 9.5, "restarts": 4,
                "tasks": [{"id": 1, "reason": "BrokerUnreachable", "restarts": 4, "nextRestartTime": "2026-11-22T20:00:00Z", "fault": "System"}],
            },
        });
        let report = report(&body).unwrap();
        assert_eq!(
            (
                report.state.as_str(),
                report.trace.as_deref(),
                report.uid.as_deref(),
                report.generation
            ),
            ("RESTARTING", Some("late"), Some("u-1"), Some(3))
        );
        assert_eq!(
            (report.records, report.rate, report.restarts),
            (Some(70), Some(9.5), Some(4))
        );
        assert_eq!(
            report.tasks[1],
            TaskReport {
                id: 1,
                state: "RESTARTING".into(),
                worker: Some("w-1:8083".into()),
                restarts: Some(4),
                next_restart: Some("2026-11-22T20:00:00Z".parse().unwrap()),
                reason: Some("BrokerUnreachable".into()),
                error: Some("no broker".into()),
                fault: Some(Fault::System),
            }
        );
    }

    #[test]
    fn an_answer_of_plain_connect_is_enough_and_a_strange_one_is_no_answer() {
        let plain = json!({"name": "x", "connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "RUNNING"}, {"id": "?"}]});
        let report = super::report(&plain).unwrap();
        assert_eq!((report.tasks.len(), report.records), (1, None));
        for strange in [
            Value::Null,
            json!([1]),
            json!({"connector": {"state": 1}}),
            json!({"connector": "RUNNING"}),
        ] {
            assert_eq!(super::report(&strange), None, "{strange}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = text(&json!("ä".repeat(TEXT_MAX_CHARS + 1))).unwrap();
        assert_eq!(text.chars().count(), TEXT_MAX_CHARS);
    }
}
