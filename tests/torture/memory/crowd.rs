//! The crowds. Each calls `meanwhile` when it is complete and nobody has let go yet.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::Duration;

use tests::direct::Direct;
use tests::load::now_ms;
use wire::messages::fetch;
use wire::record_batch::{Batch, BatchBuilder, Codec};

const CALL: Duration = Duration::from_mins(1);
const MOMENT: Duration = Duration::from_millis(100);
const TOPIC: &str = "crowd";
const CONSUMERS: usize = 64;
const FETCH_BYTES: i32 = 55 << 20;
/// The first batch of an answer is sent whatever its size: as large as a broker takes without being told.
const LARGEST_BATCH_BYTES: usize = 1 << 20;
/// More than one fetch takes.
const BATCHES: usize = 64;
const FETCH_VERSION: i16 = 12;
const CONNECTIONS: usize = 1000;
const ANNOUNCED_BYTES: i32 = 90 << 20;
const PARTITIONS: i32 = 1000;
const TIMES: usize = 20;
const READERS: i32 = 16;
const UNREAD: i64 = 30;
/// A little less than a broker with 64 MiB looks into.
const UNFOLDED_BYTES: usize = 7 << 20;
const UNFOLDING: usize = 20;
const PRODUCERS: i32 = 50;
const PARKED: usize = 500;
const PLACES: i32 = 5000;

/// 64 consumers ask for 55 MiB each, and read nothing until all have asked.
pub(super) fn fetches(address: &str, meanwhile: &mut dyn FnMut()) {
    let direct = Direct::open(address, CALL).unwrap();
    assert_eq!(direct.create(TOPIC, 1).unwrap(), 0);
    let batch = batch(LARGEST_BATCH_BYTES);
    for _ in 0..BATCHES {
        let answer = direct.produce(TOPIC, &[(0, &batch)]).unwrap();
        assert_eq!(answer[0].0, 0, "fill the topic");
    }
    let request = request(0..1, 0, MOMENT);
    let consumers: Vec<TcpStream> = (0..CONSUMERS)
        .map(|_| {
            let mut stream = connect(address);
            stream.write_all(&request).unwrap();
            stream
        })
        .collect();
    // Some may have to wait for others; how many is worth knowing.
    let begun = consumers.iter().filter(|stream| begins(stream)).count();
    meanwhile();
    let readers = consumers.into_iter().map(|mut stream| {
        std::thread::spawn(move || {
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let length = u64::from(u32::from_be_bytes(length));
            let mut answer = stream.take(length);
            std::io::copy(&mut answer, &mut std::io::sink()).unwrap()
        })
    });
    let readers: Vec<_> = readers.collect();
    let read: u64 = readers.into_iter().map(|one| one.join().unwrap()).sum();
    crate::say(&format!(
        "   {CONSUMERS} consumers were sent {} MiB; {begun} answers began before any was read",
        read >> 20
    ));
}

/// Whether the first byte of an answer comes within a moment.
fn begins(stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(MOMENT)).unwrap();
    let begins = stream.peek(&mut [0]).is_ok_and(|bytes| bytes == 1);
    stream.set_read_timeout(Some(CALL)).unwrap();
    begins
}

/// 1,000 connections announce a frame of 90 MiB each, send its first byte, and nothing more.
pub(super) fn announcements(address: &str, meanwhile: &mut dyn FnMut()) {
    let connections: Vec<TcpStream> = (0..CONNECTIONS)
        .map(|_| {
            let mut stream = connect(address);
            stream.write_all(&ANNOUNCED_BYTES.to_be_bytes()).unwrap();
            // The broker may have closed it already, which is its right.
            let _ = stream.write_all(&[0]);
            stream
        })
        .collect();
    meanwhile();
    drop(connections);
}

/// Batches of 1 KiB for each of 1,000 partitions, in requests of all of them.
pub(super) fn partitions(address: &str, meanwhile: &mut dyn FnMut()) {
    let direct = Direct::open(address, CALL).unwrap();
    assert_eq!(direct.create(TOPIC, PARTITIONS).unwrap(), 0);
    let batch = batch(1 << 10);
    let all: Vec<(i32, &[u8])> = (0..PARTITIONS).map(|id| (id, &batch[..])).collect();
    for _ in 0..TIMES {
        let answers = direct.produce(TOPIC, &all).unwrap();
        assert!(answers.iter().all(|(code, _)| *code == 0), "{answers:?}");
    }
    meanwhile();
}

/// 500 consumers wait for records of 1,000 partitions, each named five times: what is held is many times the request.
pub(super) fn parked(address: &str, meanwhile: &mut dyn FnMut()) {
    let direct = Direct::open(address, CALL).unwrap();
    assert_eq!(direct.create(TOPIC, PARTITIONS).unwrap(), 0);
    let request = request(0..PLACES, 0, CALL);
    let waiting: Vec<TcpStream> = (0..PARKED)
        .map(|_| {
            let mut stream = connect(address);
            stream.set_write_timeout(Some(MOMENT)).unwrap();
            // The broker may read it only when there is room for it.
            let _ = stream.write_all(&request);
            stream
        })
        .collect();
    meanwhile();
    drop(waiting);
}

/// A batch of about so many bytes.
fn batch(bytes: usize) -> Vec<u8> {
    let mut batch = BatchBuilder::default();
    let value = vec![b'x'; bytes.min(1 << 16) - 100];
    while batch.size_bytes() + value.len() < bytes {
        batch.push(None, Some(&value), now_ms());
    }
    batch.build().to_vec()
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(CALL)).unwrap();
    stream.set_write_timeout(Some(CALL)).unwrap();
    stream
}

/// Each of 16 readers asks for 30 batches of a partition of its own, one after the other, before they are there, and reads no
/// answer: what is held for it must not grow with what it asks for.
pub(super) fn unread(address: &str, meanwhile: &mut dyn FnMut()) {
    let direct = Direct::open(address, CALL).unwrap();
    assert_eq!(direct.create(TOPIC, READERS).unwrap(), 0);
    let batch = batch(LARGEST_BATCH_BYTES);
    let records = i64::from(Batch::split(&batch).unwrap().0.header().record_count);
    let readers: Vec<TcpStream> = (0..READERS)
        .map(|partition| {
            let mut stream = connect(address);
            for number in 0..UNREAD {
                let place = partition..partition + 1;
                let request = request(place, number * records, CALL);
                stream.write_all(&request).unwrap();
            }
            stream
        })
        .collect();
    for _ in 0..UNREAD {
        for partition in 0..READERS {
            let answer = direct.produce(TOPIC, &[(partition, &batch)]).unwrap();
            assert_eq!(answer[0].0, 0, "fill the topic");
        }
    }
    meanwhile();
    drop(readers);
}

/// 50 producers write batches of 1 MiB as fast as they can: more than any disk takes at once.
pub(super) fn producers(address: &str, meanwhile: &mut dyn FnMut()) {
    let direct = Direct::open(address, CALL).unwrap();
    assert_eq!(direct.create(TOPIC, PRODUCERS).unwrap(), 0);
    let batch = batch(LARGEST_BATCH_BYTES);
    std::thread::scope(|scope| {
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|partition| {
                let batch = &batch;
                scope.spawn(move || {
                    let direct = Direct::open(address, CALL).unwrap();
                    for _ in 0..TIMES {
                        let answer = direct.produce(TOPIC, &[(partition, batch)]).unwrap();
                        assert_eq!(answer[0].0, 0, "a batch among many");
                    }
                })
            })
            .collect();
        meanwhile();
        for producer in producers {
            producer.join().unwrap();
        }
    });
}

/// A compacted topic gets small batches that unfold to hundreds of thousands of records, each of which would take more memory
/// than its bytes.
pub(super) fn unfolding(address: &str, meanwhile: &mut dyn FnMut()) {
    let direct = Direct::open(address, CALL).unwrap();
    let settings = [
        ("cleanup.policy", "compact"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("segment.bytes", "1048576"),
        ("max.message.bytes", "8388608"),
    ];
    assert_eq!(direct.create_with(TOPIC, 1, &settings).unwrap(), 0);
    let mut plain = BatchBuilder::default();
    while plain.size_bytes() < UNFOLDED_BYTES {
        plain.push(Some(b"k"), None, 0);
    }
    let folded = plain.build_in(Codec::Zstd).unwrap();
    assert!(folded.len() < UNFOLDED_BYTES / 4, "{} bytes", folded.len());
    for _ in 0..UNFOLDING {
        let answer = direct.produce(TOPIC, &[(0, &folded)]).unwrap();
        assert_eq!(answer[0].0, 0, "a batch that unfolds");
    }
    meanwhile();
}

/// A fetch of these places, from `offset` on: the partitions in turn, again and again.
fn request(places: Range<i32>, offset: i64, most_wait: Duration) -> Vec<u8> {
    let partitions = places.map(|place| fetch::FetchPartition {
        partition: place % PARTITIONS,
        fetch_offset: offset,
        partition_max_bytes: FETCH_BYTES,
        ..Default::default()
    });
    let request = fetch::Request {
        max_wait_ms: i32::try_from(most_wait.as_millis()).unwrap(),
        min_bytes: 1,
        max_bytes: FETCH_BYTES,
        topics: vec![fetch::FetchTopic {
            topic: TOPIC.into(),
            partitions: partitions.collect(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let frame = wire::frame::request(1, Some("crowd"), &request, FETCH_VERSION);
    frame.unwrap().bytes.to_vec()
}
