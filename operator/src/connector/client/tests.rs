//! Goal: whatever a worker answers, or does not, becomes a report or an error within two seconds.
//! Method: a small server on loopback that plays a worker.

use std::time::Instant;

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, put},
};
use serde_json::json;
use tokio::net::TcpListener;

use super::*;

async fn worker(code: StatusCode, body: String) -> SocketAddr {
    let answer = |State((code, body)): State<(StatusCode, String)>| async move { (code, body) };
    let router = Router::new()
        .route("/connectors/gen/status", get(answer))
        .route("/connectors/gen/config", put(answer))
        .with_state((code, body));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, router).into_future());
    address
}

fn reason(error: ConnectError) -> String {
    match error {
        ConnectError::Unreachable { reason, .. } => format!("unreachable: {reason}"),
        ConnectError::Refused { message, .. } => format!("refused: {message}"),
    }
}

#[tokio::test]
async fn a_status_is_a_report_and_an_unknown_connector_none() {
    let client = ConnectClient::new().unwrap();
    let body = json!({"connector": {"state": "RUNNING"}, "tasks": []}).to_string();
    let well = worker(StatusCode::OK, body).await;
    let report = client.report(well, "gen").await.unwrap().unwrap();
    assert_eq!(report.state, "RUNNING");
    let unknown = worker(StatusCode::NOT_FOUND, "{}".to_owned()).await;
    assert_eq!(client.report(unknown, "gen").await, Ok(None));
}

#[tokio::test]
async fn refusals_and_faults_are_told_apart() {
    let client = ConnectClient::new().unwrap();
    let body = r#"{"error_code": 0, "message": "why"}"#;
    for (code, body, want) in [
        (StatusCode::CREATED, body, "done"),
        (StatusCode::CONFLICT, body, "refused: why"),
        (
            StatusCode::CONFLICT,
            r#"{"message": "Cannot complete request momentarily: x"}"#,
            "unreachable: Cannot complete request momentarily: x",
        ),
        (
            StatusCode::BAD_REQUEST,
            "",
            "refused: it answered with code 400",
        ),
        (StatusCode::INTERNAL_SERVER_ERROR, body, "unreachable: why"),
    ] {
        let address = worker(code, body.to_owned()).await;
        let got = client.put(address, "gen", &Config::new()).await;
        assert_eq!(
            got.map_or_else(reason, |()| "done".to_owned()),
            want,
            "{code}"
        );
    }
    for (code, body) in [
        (StatusCode::OK, "not json"),
        (StatusCode::INTERNAL_SERVER_ERROR, "{}"),
    ] {
        let address = worker(code, body.to_owned()).await;
        let error = client.report(address, "gen").await.unwrap_err();
        assert!(
            matches!(error, ConnectError::Unreachable { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let client = ConnectClient::new().unwrap();
    let address = worker(StatusCode::OK, "x".repeat(ANSWER_MAX_BYTES + 1)).await;
    let error = client.report(address, "gen").await.unwrap_err();
    assert_eq!(
        reason(error),
        format!("unreachable: its answer is longer than {ANSWER_MAX_BYTES} bytes")
    );
}

#[tokio::test]
async fn nobody_there_and_somebody_silent_are_both_unreachable_in_time() {
    let client = ConnectClient::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = listener.local_addr().unwrap();
    let started = Instant::now();
    let error = client.report(silent, "gen").await.unwrap_err();
    assert_eq!(reason(error), "unreachable: no answer within 2 s");
    // Ten times the bound: a busy machine may be slow, a hang is a failure.
    assert!(started.elapsed() < TIMEOUT * 10);
    drop(listener);
    let error = client.report(silent, "gen").await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }));
}
