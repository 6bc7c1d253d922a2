//! A fetch of several partitions whose files an earlier run wrote: none of them was verified since.

use wire::client::Connection;
use wire::messages::fetch;
use wire::record_batch::batches;
use wire::{Records, Uuid};

use super::{NOBODY, Started, batch, produce, start, topic};

const TOPICS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// How many records of each topic one answer gives, whatever else is asked for. It waits for nothing.
async fn fetch_all(client: &Connection, topics: &[(&'static str, Uuid)], from: &[i64]) -> Vec<i64> {
    let wanted = topics.iter().zip(from).map(|((name, id), offset)| {
        let partition = fetch::FetchPartition {
            fetch_offset: *offset,
            partition_max_bytes: 1 << 20,
            ..Default::default()
        };
        fetch::FetchTopic {
            topic: (*name).into(),
            topic_id: *id,
            partitions: vec![partition],
        }
    });
    let request = fetch::Request {
        max_wait_ms: 0,
        min_bytes: 1,
        max_bytes: 50 << 20,
        topics: wanted.collect(),
        ..Default::default()
    };
    let reply = client.call_up_to(i16::MAX, &request).await.unwrap();
    let response = reply.decode().unwrap();
    let counts = response.responses.iter().map(|topic| {
        let partition = &topic.partitions[0];
        assert_eq!(partition.error_code, 0, "{partition:?}");
        let Records::Inline(records) = partition.records else {
            panic!("records come as they are: {partition:?}");
        };
        let read = batches(records.unwrap_or_default()).map(|batch| {
            let batch = batch.unwrap();
            batch.verify().unwrap();
            i64::from(batch.header().record_count)
        });
        read.sum()
    });
    counts.collect()
}

/// Each answer brings something, and before there have been more answers than partitions everything is there.
#[tokio::test(flavor = "multi_thread")]
async fn every_partition_gets_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    let mut topics = Vec::new();
    for name in TOPICS {
        let topic = (name, topic(&client, name, &[]).await);
        let (code, _) = produce(&client, topic, 13, &batch(NOBODY, &["x", "y", "z"])).await;
        assert_eq!(code, 0);
        topics.push(topic);
    }
    running.stop().await.unwrap();

    let Started { running, client } = start(folder.path()).await;
    let mut read = vec![0; topics.len()];
    for _ in &topics {
        let more = fetch_all(&client, &topics, &read).await;
        assert!(more.iter().sum::<i64>() > 0, "nothing new after {read:?}");
        for (read, more) in read.iter_mut().zip(more) {
            *read += more;
        }
        if read.iter().all(|read| *read == 3) {
            break;
        }
    }
    assert_eq!(read, [3; 5]);
    running.stop().await.unwrap();
}
