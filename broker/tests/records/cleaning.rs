//! Records that go: by `DeleteRecords`, and by compaction, as clients see it.

use std::time::{Duration, Instant};

use wire::client::Connection;
use wire::messages::{delete_records, fetch, produce};
use wire::record_batch::{BatchBuilder, Codec, batches};
use wire::{ErrorCode, Records};

use super::{PATIENCE, Started, batch, init_producer, start, start_with, topic};

/// Topics have names up to this version of Produce and Fetch.
const NAMES: i16 = 12;
/// A batch of a segment's size, so that the one before it is closed.
const LARGE: usize = 900_000;

/// Appends one record; its offset.
async fn put(client: &Connection, topic: &'static str, key: &str, size: usize) -> i64 {
    let mut builder = BatchBuilder::default();
    builder.push(Some(key.as_bytes()), Some(&vec![b'v'; size]), -1);
    let batch = builder.build();
    let partition = produce::PartitionProduceData {
        index: 0,
        records: Some(&batch),
    };
    let topic = produce::TopicProduceData {
        name: topic.into(),
        partition_data: vec![partition],
        ..Default::default()
    };
    let request = produce::Request {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![topic],
        ..Default::default()
    };
    let reply = client.call_up_to(NAMES, &request).await.unwrap();
    let response = reply.decode().unwrap();
    let answer = &response.responses[0].partition_responses[0];
    assert_eq!(answer.error_code, 0, "{answer:?}");
    answer.base_offset
}

/// Error code, log start and the offsets and keys that one Fetch gives.
async fn get(
    client: &Connection,
    topic: &'static str,
    offset: i64,
) -> (i16, i64, Vec<(i64, String)>) {
    let partition = fetch::FetchPartition {
        fetch_offset: offset,
        partition_max_bytes: 50 << 20,
        ..Default::default()
    };
    let topic = fetch::FetchTopic {
        topic: topic.into(),
        partitions: vec![partition],
        ..Default::default()
    };
    let request = fetch::Request {
        max_wait_ms: 100,
        max_bytes: 50 << 20,
        topics: vec![topic],
        ..Default::default()
    };
    let reply = client.call_up_to(NAMES, &request).await.unwrap();
    let response = reply.decode().unwrap();
    let partition = &response.responses[0].partitions[0];
    let Records::Inline(records) = partition.records else {
        panic!("{partition:?}");
    };
    let mut found = Vec::new();
    for batch in batches(records.unwrap_or_default()) {
        for record in batch.unwrap().records() {
            let record = record.unwrap();
            let key = String::from_utf8(record.key.unwrap().to_vec()).unwrap();
            found.push((record.offset, key));
        }
    }
    (partition.error_code, partition.log_start_offset, found)
}

/// Error code and low watermark of one DeleteRecords.
async fn delete(
    client: &Connection,
    topic: &'static str,
    partition: i32,
    offset: i64,
) -> (i16, i64) {
    let partition = delete_records::DeleteRecordsPartition {
        partition_index: partition,
        offset,
    };
    let topic = delete_records::DeleteRecordsTopic {
        name: topic.into(),
        partitions: vec![partition],
    };
    let request = delete_records::Request {
        topics: vec![topic],
        timeout_ms: 10_000,
    };
    let reply = client.call(&request).await.unwrap();
    let response = reply.decode().unwrap();
    let answer = &response.topics[0].partitions[0];
    (answer.error_code, answer.low_watermark)
}

#[tokio::test(flavor = "multi_thread")]
async fn records_below_an_offset_are_deleted_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    topic(&client, "t", &[]).await;
    topic(&client, "c", &[("cleanup.policy", "compact")]).await;
    for number in 0..10 {
        put(&client, "t", &number.to_string(), 10).await;
    }
    let code = |code: ErrorCode| (code as i16, -1);
    assert_eq!(delete(&client, "t", 0, 4).await, (0, 4));
    assert_eq!(
        delete(&client, "t", 0, 2).await,
        (0, 4),
        "what is gone stays gone"
    );
    assert_eq!(
        delete(&client, "t", 0, 11).await,
        code(ErrorCode::OffsetOutOfRange)
    );
    assert_eq!(
        delete(&client, "t", 0, -2).await,
        code(ErrorCode::OffsetOutOfRange)
    );
    assert_eq!(
        delete(&client, "t", 1, 0).await,
        code(ErrorCode::UnknownTopicOrPartition)
    );
    assert_eq!(
        delete(&client, "x", 0, 0).await,
        code(ErrorCode::UnknownTopicOrPartition)
    );
    assert_eq!(
        delete(&client, "c", 0, 0).await,
        code(ErrorCode::PolicyViolation)
    );
    let (code, first, found) = get(&client, "t", 4).await;
    assert_eq!((code, first, found.len()), (0, 4, 6));
    let (code, ..) = get(&client, "t", 3).await;
    assert_eq!(code, ErrorCode::OffsetOutOfRange as i16);
    running.stop().await.unwrap();
    let Started { running, client } = start(folder.path()).await;
    assert_eq!(get(&client, "t", 4).await.1, 4);
    assert_eq!(
        delete(&client, "t", 0, -1).await,
        (0, 10),
        "-1 is everything"
    );
    assert_eq!(put(&client, "t", "later", 10).await, 10);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compacted_topic_keeps_the_last_record_of_each_key() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("log.cleaner.backoff.ms", "100")];
    let Started { running, client } = start_with(folder.path(), &settings).await;
    let configs = [
        ("cleanup.policy", "compact"),
        ("segment.bytes", "1048576"),
        ("min.cleanable.dirty.ratio", "0.01"),
    ];
    topic(&client, "t", &configs).await;
    for key in ["a", "b", "a", "a"] {
        put(&client, "t", key, 10).await;
    }
    // Each goes to a segment of its own; only the newest stays open.
    for key in ["x", "y", "z"] {
        put(&client, "t", key, LARGE).await;
    }
    let begun = Instant::now();
    let found = loop {
        let (code, start, found) = get(&client, "t", 0).await;
        assert_eq!((code, start), (0, 0));
        if found.first().is_some_and(|(offset, _)| *offset > 0) {
            break found;
        }
        assert!(begun.elapsed() < PATIENCE, "{found:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let expected = [(1, "b"), (3, "a"), (4, "x"), (5, "y"), (6, "z")];
    let found: Vec<_> = found
        .iter()
        .map(|(offset, key)| (*offset, key.as_str()))
        .collect();
    assert_eq!(found, expected);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_with_a_codec_of_its_own_stores_every_batch_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    topic(&client, "t", &[("compression.type", "zstd")]).await;
    put(&client, "t", "a", LARGE).await;
    let size_bytes = std::fs::read_dir(folder.path().join("wal"))
        .unwrap()
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum::<u64>();
    assert!(size_bytes < 200_000, "{size_bytes} bytes in the log");
    running.stop().await.unwrap();
}

/// A batch of one record with so many equal bytes.
fn compressed(size: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::default();
    builder.push(None, Some(&vec![b'v'; size]), -1);
    builder.build_in(Codec::Zstd).unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_would_be_stored_too_large_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    let configs = [
        ("compression.type", "uncompressed"),
        ("max.message.bytes", "10000"),
    ];
    let topic = ("t", topic(&client, "t", &configs).await);
    for (size, expected) in [
        (9_000, ErrorCode::None),
        (90_000, ErrorCode::MessageTooLarge),
    ] {
        let batch = compressed(size);
        assert!(batch.len() < 1_000);
        let (code, _) = super::produce(&client, topic, 13, &batch).await;
        assert_eq!(code, expected as i16, "{size} bytes");
    }
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_known_when_its_records_are_deleted_and_nobody_has_produced_since() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    let topic = ("t", topic(&client, "t", &[]).await);
    let (_, id, _) = init_producer(&client, None, None).await;
    let sent = batch((id, 0, 0), &["a", "b"]);
    assert_eq!(super::produce(&client, topic, 13, &sent).await, (0, 0));
    assert_eq!(delete(&client, "t", 0, -1).await, (0, 2));
    running.stop().await.unwrap();
    // This one starts, saves what it knows and ends.
    start(folder.path()).await.running.stop().await.unwrap();
    let Started { running, client } = start(folder.path()).await;
    let retried = super::produce(&client, topic, 13, &sent).await;
    assert_eq!(retried, (0, 0), "not written twice");
    running.stop().await.unwrap();
}
