//! Producing and reading on a real listener and real files: every answer, every refusal, and a restart in between.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a suite of tests: helpers fail like the tests that call them"
)]

mod cleaning;
mod damaged;
mod old_files;
mod together;

use std::path::Path;
use std::time::{Duration, Instant};

use broker::{Broker, Running, Settings};
use wire::client::Connection;
use wire::messages::{
    create_topics, fetch, init_producer_id, list_offsets, offset_for_leader_epoch, produce,
};
use wire::record_batch::{self, BatchBuilder};
use wire::{ErrorCode, Records, Str, Uuid};

const PATIENCE: Duration = Duration::from_secs(20);

struct Started {
    running: Running,
    client: Connection,
}

async fn start(folder: &Path) -> Started {
    start_with(folder, &[]).await
}

/// The same with broker settings.
async fn start_with(folder: &Path, config: &[(&str, &str)]) -> Started {
    let mut settings = Settings::loopback(folder, 0);
    settings.admin_listen = Some("127.0.0.1:0".parse().unwrap());
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    settings.config = config.iter().map(owned).collect();
    let running = Broker::start(settings).await.unwrap();
    let address = running.address().unwrap().to_string();
    let client = Connection::connect(&address, "records", PATIENCE)
        .await
        .unwrap();
    Started { running, client }
}

/// Creates a topic of one partition; its id.
async fn topic(client: &Connection, name: &str, configs: &[(&str, &str)]) -> Uuid {
    let configs = configs
        .iter()
        .map(|(name, value)| create_topics::CreatableTopicConfig {
            name: Str::Borrowed(name),
            value: Some(Str::Borrowed(value)),
        });
    let topic = create_topics::CreatableTopic {
        name: name.into(),
        num_partitions: 1,
        replication_factor: 1,
        configs: configs.collect(),
        ..Default::default()
    };
    let request = create_topics::Request {
        topics: vec![topic],
        timeout_ms: 10_000,
        ..Default::default()
    };
    let reply = client.call(&request).await.unwrap();
    let response = reply.decode().unwrap();
    assert_eq!(response.topics[0].error_code, 0, "{response:?}");
    response.topics[0].topic_id
}

fn batch(producer: (i64, i16, i32), values: &[&str]) -> Vec<u8> {
    let (id, epoch, sequence) = producer;
    let mut builder = BatchBuilder::default();
    if id >= 0 {
        builder = builder.producer(id, epoch, sequence);
    }
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    for value in values {
        builder.push(
            None,
            Some(value.as_bytes()),
            i64::try_from(now.as_millis()).unwrap(),
        );
    }
    builder.build().to_vec()
}

const NOBODY: (i64, i16, i32) = (-1, -1, -1);

/// (error code, base offset) of one produced batch.
async fn produce(
    client: &Connection,
    topic: (&str, Uuid),
    newest: i16,
    records: &[u8],
) -> (i16, i64) {
    let data = produce::PartitionProduceData {
        index: 0,
        records: Some(records),
    };
    let topic = produce::TopicProduceData {
        name: topic.0.into(),
        topic_id: topic.1,
        partition_data: vec![data],
    };
    let request = produce::Request {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![topic],
        ..Default::default()
    };
    let reply = client.call_up_to(newest, &request).await.unwrap();
    let response = reply.decode().unwrap();
    let partition = &response.responses[0].partition_responses[0];
    (partition.error_code, partition.base_offset)
}

/// (error code, values, high watermark) of one fetched partition.
async fn fetch(
    client: &Connection,
    topic: (&str, Uuid),
    newest: i16,
    offset: i64,
) -> (i16, Vec<String>, i64) {
    let wanted = fetch::FetchPartition {
        partition: 0,
        fetch_offset: offset,
        partition_max_bytes: 1 << 20,
        ..Default::default()
    };
    let topic = fetch::FetchTopic {
        topic: topic.0.into(),
        topic_id: topic.1,
        partitions: vec![wanted],
    };
    let request = fetch::Request {
        max_wait_ms: 5000,
        min_bytes: 1,
        max_bytes: 1 << 20,
        topics: vec![topic],
        ..Default::default()
    };
    let reply = client.call_up_to(newest, &request).await.unwrap();
    let response = reply.decode().unwrap();
    let partition = &response.responses[0].partitions[0];
    let Records::Inline(Some(records)) = partition.records else {
        panic!("records are never null: {partition:?}");
    };
    let mut values = Vec::new();
    for one in record_batch::batches(records) {
        let one = one.unwrap();
        one.verify().unwrap();
        for record in one.records() {
            let value = record.unwrap().value.unwrap_or_default();
            values.push(String::from_utf8_lossy(value).into_owned());
        }
    }
    (partition.error_code, values, partition.high_watermark)
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_read_as_they_were_sent_in_old_and_new_versions() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    let topic = ("t", topic(&client, "t", &[]).await);
    let mut expected = Vec::new();
    for (at, version) in [3, 8, 9, 12, 13].into_iter().enumerate() {
        let values = [format!("{version}-a"), format!("{version}-b")];
        let records = batch(NOBODY, &[&values[0], &values[1]]);
        let placed = produce(&client, topic, version, &records).await;
        assert_eq!(
            placed,
            (0, i64::try_from(at * 2).unwrap()),
            "Produce v{version}"
        );
        expected.extend(values);
    }
    for version in [4, 11, 12, 13, 18] {
        let (code, values, high_watermark) = fetch(&client, topic, version, 0).await;
        assert_eq!((code, high_watermark), (0, 10), "Fetch v{version}");
        assert_eq!(values, expected, "Fetch v{version}");
    }
    // From the middle of a batch the whole batch comes.
    assert_eq!(fetch(&client, topic, 18, 9).await.1, expected[8..]);
    running.stop().await.unwrap();
}

/// The segment file below a folder that holds such bytes, and where.
fn segment(folder: &Path, wanted: &str) -> (std::path::PathBuf, usize) {
    let topics = std::fs::read_dir(folder.join("partitions")).unwrap();
    let files = topics.flat_map(|topic| std::fs::read_dir(topic.unwrap().path()).unwrap());
    let paths = files.map(|file| file.unwrap().path());
    let mut found = paths.filter_map(|path| {
        let bytes = std::fs::read(&path).unwrap();
        let mut places = bytes.windows(wanted.len());
        let at = places.position(|part| part == wanted.as_bytes())?;
        path.extension()
            .is_some_and(|end| end == "log")
            .then_some((path, at))
    });
    found.next().unwrap()
}

/// Turns a bit of what a closed broker has on disk.
fn turn_bit(folder: &Path, wanted: &str) {
    let (path, at) = segment(folder, wanted);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_turned_on_disk_are_refused_and_all_others_served() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    let orders = ("orders", topic(&client, "orders", &[]).await);
    for value in ["first", "second", "third"] {
        let (code, _) = produce(&client, orders, 12, &batch(NOBODY, &[value])).await;
        assert_eq!(code, 0);
    }
    running.stop().await.unwrap();
    turn_bit(folder.path(), "second");
    let Started { running, client } = start(folder.path()).await;
    let corrupt = ErrorCode::CorruptMessage as i16;
    assert_eq!(
        fetch(&client, orders, 12, 0).await,
        (0, vec!["first".to_owned()], 3)
    );
    assert_eq!(fetch(&client, orders, 12, 1).await.0, corrupt);
    assert_eq!(
        fetch(&client, orders, 12, 2).await,
        (0, vec!["third".to_owned()], 3)
    );
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_whose_own_record_turned_on_disk_keeps_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    let orders = ("orders", topic(&client, "orders", &[]).await);
    topic(&client, "payments", &[]).await;
    let (code, _) = produce(&client, orders, 12, &batch(NOBODY, &["kept"])).await;
    assert_eq!(code, 0);
    running.stop().await.unwrap();
    turn_bit(folder.path(), "\"orders\"");
    let Started { running, client } = start(folder.path()).await;
    let unknown = ErrorCode::UnknownTopicOrPartition as i16;
    assert_eq!(
        produce(&client, orders, 12, &batch(NOBODY, &["x"])).await.0,
        unknown
    );
    topic(&client, "later", &[]).await;
    running.stop().await.unwrap();
    segment(folder.path(), "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_fetch_is_woken_by_the_append() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    let topic = ("t", topic(&client, "t", &[]).await);
    let reader = Connection::connect(&running.address().unwrap().to_string(), "reader", PATIENCE)
        .await
        .unwrap();
    let begun = Instant::now();
    let waiting = tokio::spawn(async move { fetch(&reader, topic, 18, 0).await });
    tokio::task::yield_now().await;
    produce(&client, topic, 13, &batch(NOBODY, &["x"])).await;
    let (code, values, _) = waiting.await.unwrap();
    assert_eq!((code, values.as_slice()), (0, ["x".to_owned()].as_slice()));
    println!("woken after {:?}", begun.elapsed());
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_request_has_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    let id = topic(&client, "t", &[("max.message.bytes", "1000")]).await;
    let good = batch(NOBODY, &["x"]);
    let code = |code: ErrorCode| (code as i16, -1);
    let known = ("t", id);
    assert_eq!(
        produce(&client, ("none", id), 12, &good).await,
        code(ErrorCode::UnknownTopicOrPartition)
    );
    assert_eq!(
        produce(&client, ("t", Uuid([9; 16])), 13, &good).await,
        code(ErrorCode::UnknownTopicId)
    );
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(
        produce(&client, known, 13, &damaged).await,
        code(ErrorCode::CorruptMessage)
    );
    let large = batch(NOBODY, &[&"x".repeat(1000)]);
    assert_eq!(
        produce(&client, known, 13, &large).await,
        code(ErrorCode::MessageTooLarge)
    );
    assert_eq!(
        produce(&client, known, 13, &good).await,
        (0, 0),
        "nothing refused took an offset"
    );
    assert_eq!(
        fetch(&client, known, 18, 7).await.0,
        ErrorCode::OffsetOutOfRange as i16
    );
    assert_eq!(
        fetch(&client, ("none", Uuid::ZERO), 12, 0).await.0,
        ErrorCode::UnknownTopicOrPartition as i16
    );
    assert_eq!(
        fetch(&client, ("", Uuid([9; 16])), 18, 0).await.0,
        ErrorCode::UnknownTopicId as i16
    );
    running.stop().await.unwrap();
}

/// (error code, producer id, epoch) for a producer that has `given`, or nothing yet.
async fn init_producer(
    client: &Connection,
    transactional_id: Option<&str>,
    given: Option<(i64, i16)>,
) -> (i16, i64, i16) {
    let (producer_id, producer_epoch) = given.unwrap_or((-1, -1));
    let request = init_producer_id::Request {
        transactional_id: transactional_id.map(Str::Borrowed),
        producer_id,
        producer_epoch,
        ..Default::default()
    };
    let reply = client.call(&request).await.unwrap();
    let response = reply.decode().unwrap();
    (
        response.error_code,
        response.producer_id,
        response.producer_epoch,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gets_its_first_offset_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    let topic = ("t", topic(&client, "t", &[]).await);
    let (_, id, _) = init_producer(&client, None, None).await;
    let first = batch((id, 0, 0), &["a", "b"]);
    let second = batch((id, 0, 2), &["c"]);
    assert_eq!(produce(&client, topic, 13, &first).await, (0, 0));
    assert_eq!(produce(&client, topic, 13, &second).await, (0, 2));
    assert_eq!(produce(&client, topic, 13, &first).await, (0, 0), "a retry");
    let gap = batch((id, 0, 9), &["?"]);
    let refused = produce(&client, topic, 13, &gap).await.0;
    assert_eq!(refused, ErrorCode::OutOfOrderSequenceNumber as i16);
    running.stop().await.unwrap();

    let Started { running, client } = start(folder.path()).await;
    let again = produce(&client, topic, 13, &second).await;
    assert_eq!(again, (0, 2), "a retry over a restart");
    let next = batch((id, 0, 3), &["d"]);
    assert_eq!(produce(&client, topic, 13, &next).await, (0, 3));
    assert_eq!(fetch(&client, topic, 18, 0).await.1, ["a", "b", "c", "d"]);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn producer_ids_are_new_and_epochs_fence() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    let topic = ("t", topic(&client, "t", &[]).await);
    let (code, id, epoch) = init_producer(&client, None, None).await;
    assert_eq!((code, epoch), (0, 0));
    let old = batch((id, 0, 0), &["a"]);
    assert_eq!(produce(&client, topic, 13, &old).await, (0, 0));
    let another = init_producer(&client, None, Some((id, 0))).await;
    assert!(
        another.0 == 0 && another.1 > id && another.2 == 0,
        "nobody gets the id of another: {another:?}"
    );
    let new = batch((id, 1, 0), &["b"]);
    assert_eq!(produce(&client, topic, 13, &new).await, (0, 1));
    let stale = batch((id, 0, 1), &["?"]);
    let refused = produce(&client, topic, 13, &stale).await.0;
    assert_eq!(refused, ErrorCode::InvalidProducerEpoch as i16);
    let half = init_producer(&client, None, Some((id, -1))).await.0;
    assert_eq!(half, ErrorCode::InvalidRequest as i16);
    let transactional = init_producer(&client, Some("t"), None).await.0;
    assert_eq!(transactional, ErrorCode::UnsupportedVersion as i16);
    running.stop().await.unwrap();
    let Started { running, client } = start(folder.path()).await;
    let (_, later, _) = init_producer(&client, None, None).await;
    assert!(
        later > another.1,
        "ids are never given twice, also after a restart"
    );
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn offsets_are_found_by_time_and_by_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    let topic = ("t", topic(&client, "t", &[]).await);
    for (value, timestamp) in [("a", 1000), ("b", 3000), ("c", 2000)] {
        let mut builder = BatchBuilder::default();
        builder.push(None, Some(value.as_bytes()), timestamp);
        assert_eq!(produce(&client, topic, 13, &builder.build()).await.0, 0);
    }
    // Latest, earliest, max timestamp, earliest local, tiered; then by time.
    let cases = [
        (-1, (3, -1)),
        (-2, (0, -1)),
        (-3, (1, 3000)),
        (-4, (0, -1)),
        (-5, (-1, -1)),
        (1000, (0, 1000)),
        (1001, (1, 3000)),
        (3001, (-1, -1)),
    ];
    for (timestamp, expected) in cases {
        let partition = list_offsets::ListOffsetsPartition {
            timestamp,
            ..Default::default()
        };
        let asked = list_offsets::ListOffsetsTopic {
            name: "t".into(),
            partitions: vec![partition],
        };
        let request = list_offsets::Request {
            replica_id: -1,
            topics: vec![asked],
            ..Default::default()
        };
        let reply = client.call(&request).await.unwrap();
        let response = reply.decode().unwrap();
        let found = &response.topics[0].partitions[0];
        assert_eq!(
            (found.error_code, (found.offset, found.timestamp)),
            (0, expected),
            "{timestamp}"
        );
    }
    let partition = offset_for_leader_epoch::OffsetForLeaderPartition {
        leader_epoch: 0,
        ..Default::default()
    };
    let asked = offset_for_leader_epoch::OffsetForLeaderTopic {
        topic: "t".into(),
        partitions: vec![partition],
    };
    let request = offset_for_leader_epoch::Request {
        topics: vec![asked],
        ..Default::default()
    };
    let reply = client.call(&request).await.unwrap();
    let response = reply.decode().unwrap();
    let end = &response.topics[0].partitions[0];
    assert_eq!(
        (end.error_code, end.leader_epoch, end.end_offset),
        (0, 0, 3)
    );
    running.stop().await.unwrap();
}
