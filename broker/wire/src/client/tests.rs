//! The connection against a scripted broker on loopback.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::messages::{list_groups, metadata};
use crate::{Encoded, RequestHeader};

/// Ten times what any of these calls takes, so that only a hang fails.
const LONG: Duration = Duration::from_secs(20);

/// A socket's other end, that reads frames and writes what the test wants.
struct Broker(TcpStream);

struct Asked {
    key: ApiKey,
    version: i16,
    correlation_id: i32,
    body: Vec<u8>,
}

impl Broker {
    async fn asked(&mut self) -> Asked {
        let len = self.0.read_i32().await.unwrap();
        let mut frame = vec![0; usize::try_from(len).unwrap()];
        self.0.read_exact(&mut frame).await.unwrap();
        let mut reader = Reader::new(&frame);
        let header = RequestHeader::decode(&mut reader).unwrap();
        assert_eq!(header.client_id.as_deref(), Some("tester"));
        Asked {
            key: ApiKey::from_code(header.request_api_key).unwrap(),
            version: header.request_api_version,
            correlation_id: header.correlation_id,
            body: frame[frame.len() - reader.remaining()..].to_vec(),
        }
    }

    async fn answer<'a>(&mut self, asked: &Asked, answer: &impl Message<'a>) {
        self.answer_in(asked.version, asked, answer).await;
    }

    async fn answer_in<'a>(&mut self, version: i16, asked: &Asked, answer: &impl Message<'a>) {
        let frame = frame::response(asked.correlation_id, asked.key, answer, version);
        let Encoded { bytes, .. } = frame.unwrap();
        self.0.write_all(&bytes).await.unwrap();
    }
}

fn offers(ranges: &[(ApiKey, i16, i16)]) -> api_versions::Response<'static> {
    let api_keys = ranges.iter().map(
        |&(key, min_version, max_version)| api_versions::ApiVersion {
            api_key: key.code(),
            min_version,
            max_version,
        },
    );
    api_versions::Response {
        api_keys: api_keys.collect(),
        ..Default::default()
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    (listener, addr)
}

async fn accept(listener: &TcpListener) -> Broker {
    Broker(listener.accept().await.unwrap().0)
}

/// A connection to a broker with Metadata 0 to 9 and `ListGroups` 0 to 5.
async fn connected() -> (Connection, Broker) {
    let (listener, addr) = listen().await;
    let broker = async {
        let mut broker = accept(&listener).await;
        let asked = broker.asked().await;
        assert_eq!((asked.key, asked.version), (ApiKey::ApiVersions, 4));
        let offered = offers(&[(ApiKey::Metadata, 0, 9), (ApiKey::ListGroups, 0, 5)]);
        broker.answer(&asked, &offered).await;
        broker
    };
    let (connection, broker) = tokio::join!(Connection::connect(&addr, "tester", LONG), broker);
    (connection.unwrap(), broker)
}

#[tokio::test]
async fn a_call_speaks_the_newest_common_version() {
    let (connection, mut broker) = connected().await;
    let request = metadata::Request {
        topics: None,
        ..Default::default()
    };
    let serve = async {
        let asked = broker.asked().await;
        assert_eq!((asked.key, asked.version), (ApiKey::Metadata, 9));
        let read = metadata::Request::decode(&mut Reader::new(&asked.body), 9).unwrap();
        assert!(read.topics.is_none());
        let answer = metadata::Response {
            cluster_id: Some("c".into()),
            ..Default::default()
        };
        broker.answer(&asked, &answer).await;
    };
    let (reply, ()) = tokio::join!(connection.call(&request), serve);
    let reply = reply.unwrap();
    assert_eq!(reply.version(), 9);
    assert_eq!(reply.decode().unwrap().cluster_id.as_deref(), Some("c"));
}

#[tokio::test]
async fn a_call_can_be_held_to_an_older_version() {
    let (connection, mut broker) = connected().await;
    let serve = async {
        let asked = broker.asked().await;
        assert_eq!(asked.version, 5);
        broker.answer(&asked, &metadata::Response::default()).await;
    };
    let request = metadata::Request::default();
    let (reply, ()) = tokio::join!(connection.call_up_to(5, &request), serve);
    assert_eq!(reply.unwrap().decode().unwrap().controller_id, -1);
}

#[tokio::test]
async fn a_broker_that_knows_only_older_api_versions_is_asked_again() {
    let (listener, addr) = listen().await;
    let serve = async {
        let mut broker = accept(&listener).await;
        let first = broker.asked().await;
        let own = (ApiKey::ApiVersions, 0, 2);
        let unsupported = api_versions::Response {
            error_code: 35,
            ..offers(&[own])
        };
        broker.answer_in(0, &first, &unsupported).await;
        let second = broker.asked().await;
        assert_eq!((second.key, second.version), (ApiKey::ApiVersions, 2));
        broker
            .answer(&second, &offers(&[own, (ApiKey::ListGroups, 1, 2)]))
            .await;
        let asked = broker.asked().await;
        assert_eq!(asked.version, 2);
        broker
            .answer(&asked, &list_groups::Response::default())
            .await;
    };
    let call = async {
        let connection = Connection::connect(&addr, "tester", LONG).await.unwrap();
        connection
            .call(&list_groups::Request::default())
            .await
            .unwrap();
    };
    tokio::join!(call, serve);
}

#[tokio::test]
async fn calls_share_the_socket_and_each_gets_its_own_answer() {
    let (connection, mut broker) = connected().await;
    let ask = async |name: &str| {
        let topic = metadata::MetadataRequestTopic {
            name: Some(name.to_owned().into()),
            ..Default::default()
        };
        let request = metadata::Request {
            topics: Some(vec![topic]),
            ..Default::default()
        };
        let reply = connection.call(&request).await.unwrap();
        reply
            .decode()
            .unwrap()
            .cluster_id
            .map(std::borrow::Cow::into_owned)
    };
    let serve = async {
        let asked = [
            broker.asked().await,
            broker.asked().await,
            broker.asked().await,
        ];
        for asked in asked.iter().rev() {
            let read = metadata::Request::decode(&mut Reader::new(&asked.body), 9).unwrap();
            let cluster_id = read.topics.unwrap().remove(0).name;
            broker
                .answer(
                    asked,
                    &metadata::Response {
                        cluster_id,
                        ..Default::default()
                    },
                )
                .await;
        }
    };
    let (a, b, c, ()) = tokio::join!(ask("a"), ask("b"), ask("c"), serve);
    assert_eq!([a, b, c].map(Option::unwrap), ["a", "b", "c"]);
}

#[tokio::test]
async fn more_calls_than_slots_wait_for_their_turn() {
    let (connection, mut broker) = connected().await;
    let calls = (0..MAX_IN_FLIGHT + 50).map(|_| {
        let connection = connection.clone();
        tokio::spawn(async move {
            connection
                .call(&list_groups::Request::default())
                .await
                .unwrap()
                .version()
        })
    });
    let calls: Vec<_> = calls.collect();
    let mut asked = Vec::new();
    while asked.len() < MAX_IN_FLIGHT {
        asked.push(broker.asked().await);
    }
    assert_eq!(connection.shared.slots.available_permits(), 0);
    for asked in &asked {
        broker
            .answer(asked, &list_groups::Response::default())
            .await;
    }
    for _ in 0..50 {
        let asked = broker.asked().await;
        broker
            .answer(&asked, &list_groups::Response::default())
            .await;
    }
    for call in calls {
        assert_eq!(call.await.unwrap(), 5);
    }
}

#[tokio::test]
async fn a_lost_connection_fails_every_call_with_a_clear_error() {
    let (connection, mut broker) = connected().await;
    let request = list_groups::Request::default();
    let close = async {
        broker.asked().await;
        broker.asked().await;
        drop(broker);
    };
    let (first, second, ()) =
        tokio::join!(connection.call(&request), connection.call(&request), close);
    let text = format!(
        "call ListGroups on broker {}: connection lost: closed by the broker",
        connection.addr()
    );
    for error in [first.unwrap_err(), second.unwrap_err()] {
        assert!(error.is_transient());
        assert_eq!(error.to_string(), text);
    }
    assert!(connection.is_lost());
    assert_eq!(
        connection.call(&request).await.unwrap_err().to_string(),
        text
    );
}

#[tokio::test]
async fn a_call_without_an_answer_ends_at_its_time_out_and_leaves_the_connection_whole() {
    let (mut connection, mut broker) = connected().await;
    let timeout = |connection: &mut Connection, timeout| {
        Arc::get_mut(&mut connection.shared).unwrap().timeout = timeout;
    };
    timeout(&mut connection, Duration::from_millis(50));
    let request = list_groups::Request::default();
    let error = connection.call(&request).await.unwrap_err();
    assert!(
        matches!(
            error,
            ClientError::TimedOut {
                api: "ListGroups",
                ..
            }
        ),
        "{error}"
    );
    assert!(error.is_transient() && !connection.is_lost());
    assert_eq!(connection.shared.slots.available_permits(), MAX_IN_FLIGHT);
    // Its late answer is dropped.
    timeout(&mut connection, LONG);
    let late = broker.asked().await;
    broker
        .answer(&late, &list_groups::Response::default())
        .await;
    let serve = async {
        let asked = broker.asked().await;
        let answer = list_groups::Response {
            error_code: 15,
            ..Default::default()
        };
        broker.answer(&asked, &answer).await;
    };
    let (reply, ()) = tokio::join!(connection.call(&request), serve);
    assert_eq!(reply.unwrap().decode().unwrap().error_code, 15);
}

#[tokio::test]
async fn an_answer_beyond_every_bound_ends_the_connection() {
    let (connection, mut broker) = connected().await;
    let serve = async {
        broker.asked().await;
        broker.0.write_i32(i32::MAX).await.unwrap();
    };
    let request = list_groups::Request::default();
    let (reply, ()) = tokio::join!(connection.call(&request), serve);
    let error = reply.unwrap_err().to_string();
    assert!(
        error.ends_with("the broker sent a frame of 2147483647 bytes, not 0 to 67108864"),
        "{error}"
    );
}

#[tokio::test]
async fn the_last_handle_that_goes_closes_the_socket() {
    let (connection, mut broker) = connected().await;
    let other = connection.clone();
    drop(connection);
    assert!(!other.is_lost());
    drop(other);
    let ended = tokio::time::timeout(LONG, broker.0.read_i32())
        .await
        .unwrap();
    assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn nobody_listening_and_nobody_answering_are_clear_errors() {
    let (listener, addr) = listen().await;
    let silent = Connection::connect(&addr, "tester", Duration::from_millis(100)).await;
    assert_eq!(
        silent.unwrap_err().to_string(),
        format!("connect to broker {addr}: timed out")
    );
    drop(listener);
    let refused = Connection::connect(&addr, "tester", LONG)
        .await
        .unwrap_err();
    assert!(
        refused.is_transient() && refused.to_string().contains("refused"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_broker_that_refuses_to_tell_its_versions_is_a_clear_error() {
    let (listener, addr) = listen().await;
    let serve = async {
        let mut broker = accept(&listener).await;
        let asked = broker.asked().await;
        let refused = api_versions::Response {
            error_code: 31,
            ..Default::default()
        };
        broker.answer(&asked, &refused).await;
    };
    let (error, ()) = tokio::join!(Connection::connect(&addr, "tester", LONG), serve);
    let error = error.unwrap_err();
    assert!(
        matches!(error, ClientError::Refused { code: 31, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("CLUSTER_AUTHORIZATION_FAILED"),
        "{error}"
    );
}
