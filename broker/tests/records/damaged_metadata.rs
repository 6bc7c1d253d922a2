//! A broker whose own records were damaged: it starts, and gives no producer id twice.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Started, init_producer, start, topic};

/// Where the broker keeps its own records.
const METADATA: &str = "partitions/00000000000000000000000000000001-0";

/// The newest file of records of the broker itself.
fn metadata_file(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder.join(METADATA)).unwrap();
    let paths = files.map(|entry| entry.unwrap().path());
    let newest = paths.filter(|path| path.extension().is_some_and(|kind| kind == "log"));
    newest
        .max()
        .expect("the broker keeps its records in a file")
}

#[tokio::test(flavor = "multi_thread")]
async fn producer_ids_are_not_given_twice_where_their_record_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let Started { running, client } = start(folder.path()).await;
    topic(&client, "t", &[]).await;
    let (_, before, _) = init_producer(&client, None, None).await;
    running.stop().await.unwrap();
    // The record that reserved the ids is the last one.
    let file = metadata_file(folder.path());
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(&file, bytes).unwrap();

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
