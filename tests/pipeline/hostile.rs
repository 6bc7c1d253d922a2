//! Bad input on the Kafka port: an error or a closed connection, bounded memory, and the next client is served.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use tests::kafka;
use tests::manifest::Manifest;
use tests::program::Program;

const CONNECTIONS: usize = 200;
const FRAMES: usize = 10_000;
const GROWTH_KIB: u64 = 10 * 1024;

/// xorshift: the same bytes in every run.
struct Bytes(u64);

impl Bytes {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// A request header: key, version, correlation id 7, client id "x".
fn header(key: i16, version: i16) -> Vec<u8> {
    let mut bytes = key.to_be_bytes().to_vec();
    bytes.extend(version.to_be_bytes());
    bytes.extend(7_i32.to_be_bytes());
    bytes.extend(1_i16.to_be_bytes());
    bytes.push(b'x');
    bytes
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = i32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    frame.extend(body);
    frame
}

/// One bad frame; every kind in turn.
fn bad(kind: usize, random: &mut Bytes) -> Vec<u8> {
    match kind % 8 {
        // An array of 2^31-1 topics in a Metadata request of a dozen bytes.
        0 => framed(&[header(3, 1), i32::MAX.to_be_bytes().to_vec()].concat()),
        // 2 GB announced.
        1 => [i32::MAX.to_be_bytes().as_slice(), &header(3, 1)].concat(),
        // A negative length.
        2 => (-5_i32).to_be_bytes().to_vec(),
        // An unknown API, an unknown version.
        3 => framed(&header(999, 0)),
        4 => framed(&header(3, 99)),
        // A string longer than its frame.
        5 => framed(
            &[
                header(3, 1),
                1_i32.to_be_bytes().to_vec(),
                i16::MAX.to_be_bytes().to_vec(),
            ]
            .concat(),
        ),
        // Random bytes behind a good header.
        6 => {
            let key = [0, 1, 2, 3, 8, 9, 10, 11, 18, 19, 32]
                [usize::try_from(random.next() % 11).unwrap()];
            let size = usize::try_from(random.next() % 300).unwrap();
            framed(&[header(key, 3), random.take(size)].concat())
        }
        // Nothing but random bytes.
        _ => random.take(64),
    }
}

#[test]
fn ten_thousand_bad_frames_leave_a_broker_that_serves() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = Manifest::topic("orders").orders("50").write(files.path());
    let (up, ready) = Program::up(&file, data.path(), &[]);
    let mut random = Bytes(0x9e37_79b9_7f4a_7c15);
    // The first thousand warm the allocator up.
    send(&ready.kafka, 1000, &mut random);
    let before = up.resident_kib().unwrap();
    send(&ready.kafka, FRAMES, &mut random);
    let after = up.resident_kib().unwrap();
    println!("resident {before} KiB before, {after} KiB after {FRAMES} bad frames");
    assert!(
        after <= before + GROWTH_KIB,
        "grew by {} KiB",
        after - before
    );
    assert!(
        kafka::count(&ready.kafka, "orders") > 0,
        "the next client is served"
    );
}

/// Sends `frames` bad frames over [`CONNECTIONS`] connections, opening a new one where the broker closed the old.
fn send(address: &str, frames: usize, random: &mut Bytes) {
    let mut connections: Vec<Option<TcpStream>> = (0..CONNECTIONS).map(|_| None).collect();
    for number in 0..frames {
        let slot = &mut connections[number % CONNECTIONS];
        let mut stream = slot.take().unwrap_or_else(|| connect(address));
        let sent = stream.write_all(&bad(number, random)).is_ok();
        let mut answer = [0; 512];
        let open = sent && !matches!(stream.read(&mut answer), Ok(0));
        *slot = open.then_some(stream);
    }
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the broker takes connections");
    // An error, an answer, or nothing at all within a moment: all three are fine, hanging is not.
    stream
        .set_read_timeout(Some(Duration::from_millis(2)))
        .unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
}
