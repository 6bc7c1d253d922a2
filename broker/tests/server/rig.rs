//! Starts brokers on free ports, and speaks to them through our client or in raw frames.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use broker::{Broker, Running, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wire::client::{Connection, Reply};
use wire::messages::{create_topics, metadata};
use wire::{Request, Uuid};

/// Far above anything expected: it only ends a test that hangs.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// A broker on a free loopback port.
pub(super) async fn start(data_dir: &Path) -> Running {
    start_with(data_dir, &[]).await
}

/// The same with broker settings.
pub(super) async fn start_with(data_dir: &Path, config: &[(&str, &str)]) -> Running {
    let mut settings = Settings::loopback(data_dir, 0);
    settings.config = config
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Broker::start(settings).await.unwrap()
}

pub(super) fn address(broker: &Running) -> SocketAddr {
    broker.address().unwrap()
}

pub(super) async fn client(broker: &Running) -> Connection {
    Connection::connect(&address(broker).to_string(), "test", PATIENCE)
        .await
        .unwrap()
}

pub(super) async fn call<'a, R: Request<'a>>(client: &Connection, request: &R) -> Reply<R::Static> {
    client.call(request).await.unwrap()
}

/// Creates a topic and gives its error code.
pub(super) async fn create(
    client: &Connection,
    name: &str,
    partitions: i32,
    configs: &[(&'static str, &'static str)],
) -> i16 {
    let configs = configs
        .iter()
        .map(|(name, value)| create_topics::CreatableTopicConfig {
            name: (*name).into(),
            value: Some((*value).into()),
        });
    let topic = create_topics::CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: -1,
        configs: configs.collect(),
        ..Default::default()
    };
    let request = create_topics::Request {
        topics: vec![topic],
        ..Default::default()
    };
    call(client, &request).await.decode().unwrap().topics[0].error_code
}

/// Name, id and number of partitions of every topic.
pub(super) async fn topics(client: &Connection) -> Vec<(String, Uuid, usize)> {
    let request = metadata::Request {
        topics: None,
        ..Default::default()
    };
    let reply = call(client, &request).await;
    let listed = reply.decode().unwrap().topics.into_iter();
    listed
        .map(|topic| {
            (
                topic.name.unwrap().into_owned(),
                topic.topic_id,
                topic.partitions.len(),
            )
        })
        .collect()
}

/// Sends bytes and gives everything that comes back until the broker closes, or goes silent after
/// an answer.
pub(super) async fn exchange(broker: &Running, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address(broker)).await.unwrap();
    // The broker may close while we still write.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.shutdown().await;
    match tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await {
        Ok(Ok(_)) => answer,
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => answer,
        other => panic!("{other:?}"),
    }
}

/// A frame: length, then the body.
pub(super) fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    [&length.to_be_bytes(), body].concat()
}

/// A request header of version 1 without client id, then the body.
pub(super) fn request(key: i16, version: i16, correlation_id: i32, body: &[u8]) -> Vec<u8> {
    let header = [
        &key.to_be_bytes()[..],
        &version.to_be_bytes(),
        &correlation_id.to_be_bytes(),
        &(-1i16).to_be_bytes(),
    ];
    frame(&[&header.concat(), body].concat())
}
