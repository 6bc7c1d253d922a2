//! Bytes no client should send: a clear error or a closed connection, bounded memory, and the next
//! client is served.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wire::messages::{api_versions, metadata};
use wire::{ApiKey, ErrorCode, Message, Reader, ResponseHeader};

use super::rig::{address, call, client, exchange, frame, request, start, start_with};

/// 2^31 - 1 elements, in the encodings before and after version 9.
const MANY: [u8; 4] = [0x7f, 0xff, 0xff, 0xff];
const MANY_COMPACT: [u8; 5] = [0xff, 0xff, 0xff, 0xff, 0x07];

/// Frames that are all wrong, with their names.
fn bad_frames() -> Vec<(&'static str, Vec<u8>)> {
    let flexible =
        |key: i16, version: i16, body: &[u8]| request(key, version, 1, &[&[0], body].concat());
    vec![
        ("a length of 2 GB", [&MANY[..], b"rest"].concat()),
        (
            "a negative length",
            vec![0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4],
        ),
        ("a length of zero", vec![0, 0, 0, 0]),
        (
            "a length above the bytes that follow",
            vec![0, 0, 1, 0, 0, 3],
        ),
        (
            "an HTTP request",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        ),
        ("a TLS handshake", vec![0x16, 0x03, 0x01, 0x02, 0x00, 0x01]),
        ("an unknown API", request(9999, 0, 1, &[])),
        ("an API of other brokers", request(7, 0, 1, &[])),
        (
            "an unknown version",
            request(ApiKey::Metadata as i16, 99, 1, &[]),
        ),
        (
            "an array of 2^31",
            request(ApiKey::Metadata as i16, 8, 1, &MANY),
        ),
        (
            "a compact array of 2^31",
            flexible(ApiKey::Metadata as i16, 9, &MANY_COMPACT),
        ),
        (
            "a string beyond the frame",
            request(ApiKey::Metadata as i16, 1, 1, &[0, 0, 0, 1, 0x7f, 0xff]),
        ),
        (
            "an array cut off",
            request(ApiKey::CreateTopics as i16, 2, 1, &[0, 0, 0, 5, 0]),
        ),
        ("no body", request(ApiKey::Produce as i16, 3, 1, &[])),
        (
            "a client id beyond the frame",
            frame(&[0, 3, 0, 1, 0, 0, 0, 1, 0x7f, 0xff]),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_frames_close_their_connection_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start(folder.path()).await;
    let other = client(&broker).await;
    for (name, bytes) in bad_frames() {
        let answer = exchange(&broker, &bytes).await;
        assert!(answer.is_empty(), "{name}: {answer:?}");
        call(&other, &metadata::Request::default()).await;
    }
    let next = client(&broker).await;
    call(&next, &metadata::Request::default()).await;
    broker.stop().await.unwrap();
}

/// As Kafka does; librdkafka 2.12 leaves three bytes behind Metadata v13.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_behind_a_request_are_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start(folder.path()).await;
    let padded = request(ApiKey::Metadata as i16, 0, 7, &[0, 0, 0, 0, 1, 2, 3]);
    let plain = request(ApiKey::Metadata as i16, 0, 7, &[0, 0, 0, 0]);
    let answer = exchange(&broker, &padded).await;
    assert!(!answer.is_empty());
    assert_eq!(answer, exchange(&broker, &plain).await);
    broker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_api_versions_is_answered_in_version_0_with_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start(folder.path()).await;
    let answer = exchange(&broker, &request(ApiKey::ApiVersions as i16, 99, 7, &[0])).await;
    let mut reader = Reader::new(&answer[4..]);
    let header = ResponseHeader::decode(&mut reader, ApiKey::ApiVersions, 0).unwrap();
    assert_eq!(header.correlation_id, 7);
    let response = api_versions::Response::decode(&mut reader, 0).unwrap();
    assert_eq!(response.error_code, ErrorCode::UnsupportedVersion.code());
    let range = |key: ApiKey| {
        let listed = response
            .api_keys
            .iter()
            .find(|one| one.api_key == key as i16);
        listed.map(|one| (one.min_version, one.max_version))
    };
    assert_eq!(range(ApiKey::ApiVersions), Some((0, 4)));
    assert_eq!(range(ApiKey::Produce), Some((0, 13)));
    assert_eq!(range(ApiKey::SaslHandshake), None);
    broker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_come_in_the_order_of_the_requests() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start(folder.path()).await;
    let mut bytes = Vec::new();
    for correlation_id in 0..50 {
        let key = if correlation_id % 2 == 0 {
            ApiKey::Metadata
        } else {
            ApiKey::ApiVersions
        };
        let body: &[u8] = if key == ApiKey::Metadata {
            &[0, 0, 0, 0]
        } else {
            &[]
        };
        bytes.extend(request(key as i16, 0, correlation_id, body));
    }
    let answers = exchange(&broker, &bytes).await;
    let mut rest = &answers[..];
    let mut ids = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (answer, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
        ids.push(i32::from_be_bytes(answer[..4].try_into().unwrap()));
        rest = tail;
    }
    assert_eq!(ids, (0..50).collect::<Vec<_>>());
    broker.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start_with(folder.path(), &[("max.connections", "2")]).await;
    let (first, _second) = (client(&broker).await, client(&broker).await);
    let refused = exchange(&broker, &request(ApiKey::ApiVersions as i16, 0, 1, &[])).await;
    assert!(refused.is_empty());
    call(&first, &metadata::Request::default()).await;
    broker.stop().await.unwrap();
}

/// Goal: hostile input costs no memory. Method: after a warm-up, 10,000 bad frames (the named ones
/// and random bytes) over 200 connections at a time; resident memory grows by at most 10 MB.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_bad_frames_cost_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let broker = start(folder.path()).await;
    let mut runner = TestRunner::deterministic();
    let random = proptest::collection::vec(any::<u8>(), 4..256);
    let mut frames: Vec<Vec<u8>> = bad_frames().into_iter().map(|(_, bytes)| bytes).collect();
    for _ in 0..200 - frames.len() {
        let body = random.new_tree(&mut runner).unwrap().current();
        frames.push(frame(&body));
    }
    round(&broker, &frames).await;
    let before = resident_bytes();
    for _ in 0..50 {
        round(&broker, &frames).await;
    }
    let grown = resident_bytes().saturating_sub(before);
    println!("resident memory grew by {grown} bytes");
    assert!(grown <= 10 << 20, "{grown} bytes");
    call(&client(&broker).await, &metadata::Request::default()).await;
    broker.stop().await.unwrap();
}

/// One frame on each of as many connections, all open at once.
async fn round(broker: &broker::Running, frames: &[Vec<u8>]) {
    let mut streams = Vec::with_capacity(frames.len());
    for _ in frames {
        streams.push(TcpStream::connect(address(broker)).await.unwrap());
    }
    for (stream, bytes) in streams.iter_mut().zip(frames) {
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
    }
    for stream in &mut streams {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}

#[cfg(target_os = "linux")]
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kilobytes: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}
