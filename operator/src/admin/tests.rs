//! The connection of the port, against a broker scripted on loopback.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use wire::{
    ApiKey, Message, Reader, RequestHeader, frame,
    messages::{api_versions, delete_topics, metadata},
};

use super::*;

/// Ten times what any of these calls takes, so that only a hang fails.
const LONG: Duration = Duration::from_secs(20);

/// Reads one request; its API, version and correlation id.
async fn asked(socket: &mut TcpStream) -> (ApiKey, i16, i32) {
    let length = socket.read_i32().await.unwrap();
    let mut frame = vec![0; usize::try_from(length).unwrap()];
    socket.read_exact(&mut frame).await.unwrap();
    let header = RequestHeader::decode(&mut Reader::new(&frame)).unwrap();
    let key = ApiKey::from_code(header.request_api_key).unwrap();
    (key, header.request_api_version, header.correlation_id)
}

async fn answer<'a>(
    socket: &mut TcpStream,
    (key, version, correlation_id): (ApiKey, i16, i32),
    answer: &impl Message<'a>,
) {
    let frame = frame::response(correlation_id, key, answer, version).unwrap();
    socket.write_all(&frame.bytes).await.unwrap();
}

/// Takes a connection and says that every API is there from version 0 to 13.
async fn accept(listener: &TcpListener) -> TcpStream {
    let mut socket = listener.accept().await.unwrap().0;
    let question = asked(&mut socket).await;
    assert_eq!(question.0, ApiKey::ApiVersions);
    let offer = |key: ApiKey| api_versions::ApiVersion {
        api_key: key.code(),
        min_version: 0,
        max_version: 13,
    };
    let offers = [ApiKey::ApiVersions, ApiKey::Metadata, ApiKey::DeleteTopics].map(offer);
    let offers = api_versions::Response {
        api_keys: offers.into(),
        ..Default::default()
    };
    answer(&mut socket, question, &offers).await;
    socket
}

async fn answer_metadata(socket: &mut TcpStream, cluster_id: &'static str) {
    let question = asked(socket).await;
    assert_eq!(question.0, ApiKey::Metadata);
    let cluster = metadata::Response {
        cluster_id: Some(cluster_id.into()),
        ..Default::default()
    };
    answer(socket, question, &cluster).await;
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[tokio::test]
async fn one_connection_serves_many_calls_and_is_made_anew_when_lost() {
    let (listener, address) = listen().await;
    let admin = KafkaAdmin::new(&address, "tester", LONG);

    let calls = async {
        assert_eq!(
            admin.snapshot().await.unwrap().cluster_id.as_deref(),
            Some("a")
        );
        assert_eq!(
            admin.snapshot().await.unwrap().cluster_id.as_deref(),
            Some("b")
        );
        let error = admin.snapshot().await.unwrap_err();
        assert_eq!(
            (error.operation, &error.bootstrap),
            ("its topics", &address)
        );
        assert_eq!(
            admin.snapshot().await.unwrap().cluster_id.as_deref(),
            Some("c")
        );
    };
    let broker = async {
        let mut socket = accept(&listener).await;
        answer_metadata(&mut socket, "a").await;
        answer_metadata(&mut socket, "b").await;
        asked(&mut socket).await;
        drop(socket);
        let mut socket = accept(&listener).await;
        answer_metadata(&mut socket, "c").await;
    };
    tokio::join!(calls, broker);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_passed_over() {
    let (gone, gone_address) = listen().await;
    drop(gone);
    let (listener, address) = listen().await;
    let admin = KafkaAdmin::new(&format!("{gone_address}, {address}"), "tester", LONG);
    let broker = async {
        let mut socket = accept(&listener).await;
        answer_metadata(&mut socket, "a").await;
    };
    let (snapshot, ()) = tokio::join!(admin.snapshot(), broker);
    assert_eq!(snapshot.unwrap().cluster_id.as_deref(), Some("a"));
}

#[tokio::test]
async fn nobody_there_is_an_error_that_says_where() {
    let (gone, address) = listen().await;
    drop(gone);
    let error = KafkaAdmin::new(&address, "tester", LONG)
        .snapshot()
        .await
        .unwrap_err();
    assert!(error.to_string().contains(&address), "{error}");
    let error = KafkaAdmin::new(" , ", "tester", LONG)
        .snapshot()
        .await
        .unwrap_err();
    assert!(
        error.to_string().ends_with("no bootstrap server is given"),
        "{error}"
    );
}

#[tokio::test]
async fn topics_are_deleted_by_name_also_where_newer_versions_are_there() {
    let (listener, address) = listen().await;
    let admin = KafkaAdmin::new(&address, "tester", LONG);
    let broker = async {
        let mut socket = accept(&listener).await;
        let question = asked(&mut socket).await;
        assert_eq!((question.0, question.1), (ApiKey::DeleteTopics, 5));
        let one = |name: &'static str, error_code| delete_topics::DeletableTopicResult {
            name: Some(name.into()),
            error_code,
            ..Default::default()
        };
        let responses = vec![one("orders", 0), one("rides", 3)];
        let deleted = delete_topics::Response {
            responses,
            ..Default::default()
        };
        answer(&mut socket, question, &deleted).await;
    };
    let names = ["orders".to_owned(), "rides".to_owned()];
    let (answers, ()) = tokio::join!(admin.delete_topics(&names), broker);
    let answers = answers.unwrap();
    assert_eq!(answers["orders"], Ok(()));
    assert!(
        answers["rides"]
            .as_ref()
            .unwrap_err()
            .message
            .starts_with("UNKNOWN_TOPIC")
    );
}
