//! Requests that come in together.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wire::messages::produce;
use wire::{ApiKey, Message, Reader, ResponseHeader};

use super::{batch, start, topic};

const REQUESTS: u32 = 20;
const VERSION: i16 = 9;

fn requests() -> Vec<u8> {
    let mut frames = Vec::new();
    for number in 0..REQUESTS {
        let records = batch((-1, -1, -1), &["together"]);
        let data = produce::PartitionProduceData {
            index: 0,
            records: Some(&records[..]),
        };
        let request = produce::Request {
            acks: -1,
            timeout_ms: 10_000,
            topic_data: vec![produce::TopicProduceData {
                name: "t".into(),
                partition_data: vec![data],
                ..Default::default()
            }],
            ..Default::default()
        };
        let number = i32::try_from(number).unwrap();
        let frame = wire::frame::request(number, None, &request, VERSION).unwrap();
        frames.extend_from_slice(&frame.bytes);
    }
    frames
}

/// The log takes them in few rounds, and every one is answered, in order.
#[tokio::test(flavor = "multi_thread")]
async fn requests_that_come_in_together_are_answered_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let started = start(folder.path()).await;
    topic(&started.client, "t", &[]).await;
    let broker = Arc::clone(started.running.broker());
    let before = broker.log().stats();

    let mut stream = TcpStream::connect(started.running.address().unwrap())
        .await
        .unwrap();
    stream.write_all(&requests()).await.unwrap();
    for number in 0..REQUESTS {
        let mut frame = vec![0; stream.read_u32().await.unwrap() as usize];
        stream.read_exact(&mut frame).await.unwrap();
        let mut reader = Reader::new(&frame);
        let header = ResponseHeader::decode(&mut reader, ApiKey::Produce, VERSION).unwrap();
        assert_eq!(header.correlation_id, i32::try_from(number).unwrap());
        let response = produce::Response::decode(&mut reader, VERSION).unwrap();
        let partition = &response.responses[0].partition_responses[0];
        assert_eq!(
            (partition.error_code, partition.base_offset),
            (0, i64::from(number))
        );
    }
    let rounds = broker.log().stats().rounds - before.rounds;
    // One for all of them, one if they came in two parts, and the empty one that follows when nothing else does.
    assert!(rounds <= 3, "{rounds} rounds");
    started.running.stop().await.unwrap();
}
