//! A broker whose records were damaged. Goal: it starts and tells which, and of its own it gives nothing twice and stays who it
//! is.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wire::{ErrorCode, Uuid};

use super::{NOBODY, Started, batch, fetch, init_producer, produce, start, topic};

/// The topic of the broker's own records.
const METADATA: Uuid = Uuid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/// The newest file of records of partition 0 of a topic.
fn newest_file(folder: &Path, topic: Uuid) -> PathBuf {
    let partition = format!("partitions/{:032x}-0", u128::from_be_bytes(topic.0));
    let files = fs::read_dir(folder.join(partition)).unwrap();
    let paths = files.map(|entry| entry.unwrap().path());
    let newest = paths.filter(|path| path.extension().is_some_and(|kind| kind == "log"));
    newest.max().expect("records lie in a file")
}

/// Turns a bit of a byte, counted from the end where `at` is negative.
fn damage(file: &Path, at: isize) {
    let mut bytes = fs::read(file).unwrap();
    let at = at.rem_euclid(bytes.len().cast_signed());
    bytes[at.cast_unsigned()] ^= 1;
    fs::write(file, bytes).unwrap();
}

async fn metrics(admin: SocketAddr) -> String {
    let mut stream = TcpStream::connect(admin).await.unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn producer_ids_are_not_given_twice_where_their_record_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    topic(&client, "t", &[]).await;
    let (_, before, _) = init_producer(&client, None, None).await;
    running.stop().await.unwrap();
    // The record that reserved the ids is the last one.
    damage(&newest_file(folder.path(), METADATA), -3);

    let mut given = vec![before];
    for start_again in 0..2 {
        let Started { running, client } = start(folder.path()).await;
        let (code, id, _) = init_producer(&client, None, None).await;
        assert_eq!(code, 0);
        assert!(
            id > given[start_again] + 1_000_000,
            "{id} may have been given: {given:?}"
        );
        given.push(id);
        running.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_keeps_its_id_where_the_record_of_it_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    topic(&client, "t", &[]).await;
    let id = running.cluster_id();
    running.stop().await.unwrap();
    // The record of the id is in the first batch, whose header has 61 bytes.
    damage(&newest_file(folder.path(), METADATA), 70);
    for _ in 0..2 {
        let Started { running, client } = start(folder.path()).await;
        assert_eq!(running.cluster_id(), id);
        assert_eq!(running.broker().log().damage().len(), 1);
        drop(client);
        running.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_name_the_records_that_are_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    let id = topic(&client, "t", &[]).await;
    for values in [&["a"][..], &["b", "c"], &["d"]] {
        let (code, _) = produce(&client, ("t", id), 13, &batch(NOBODY, values)).await;
        assert_eq!(code, 0);
    }
    running.stop().await.unwrap();
    let one = batch(NOBODY, &["a"]).len().cast_signed();
    damage(&newest_file(folder.path(), id), one + 61);
    let Started { running, client } = start(folder.path()).await;
    let (code, values, _) = fetch(&client, ("t", id), 13, 0).await;
    assert_eq!((code, values), (0, vec!["a".to_owned()]));
    let (code, _, _) = fetch(&client, ("t", id), 13, 1).await;
    assert_eq!(code, ErrorCode::CorruptMessage.code());
    let page = metrics(running.admin_address().unwrap()).await;
    let line = "eddyline_broker_damaged_offsets{topic=\"t\",partition=\"0\",first_offset=\"1\",\
                last_offset=\"2\"} 2";
    assert!(page.contains(line), "{line} is not in {page}");
    running.stop().await.unwrap();
}
