//! kcat: Debian's is linked to librdkafka 2.0, which looks at Produce version 0 before it compresses.

use std::process::Command;
use std::time::{Duration, Instant};

use tests::manifest;
use tests::program::Program;

use crate::servers::{self, client, text};

fn kcat(kafka: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command.args(["60", "kcat", "-b", kafka]).args(arguments);
    command
}

#[test]
fn the_first_record_reaches_a_fresh_group_in_seconds() {
    let data = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let (_up, ready) = Program::up(&manifest::quickstart(), data.path(), &[]);
    let up = begun.elapsed();
    let output = client(
        &mut kcat(
            &ready.kafka,
            &[
                "-G",
                "fresh",
                "-X",
                "auto.offset.reset=earliest",
                "-c",
                "1",
                "orders",
            ],
        ),
        "",
    );
    let first = begun.elapsed();
    println!(
        "from exec: ready {:.2} s, first record through a group {:.2} s",
        up.as_secs_f64(),
        first.as_secs_f64()
    );
    assert!(text(&output.stdout).contains("orderid"), "{output:?}");
    assert!(
        first < Duration::from_secs(20),
        "ten times the figure of 2 s"
    );
}

#[test]
fn localhost_prints_no_connection_error() {
    let data = tempfile::tempdir().unwrap();
    let (_up, ready) = Program::up(&manifest::quickstart(), data.path(), &[]);
    let port = ready.kafka.rsplit(':').next().unwrap();
    let output = client(&mut kcat(&format!("localhost:{port}"), &["-L"]), "");
    assert_eq!(text(&output.stderr), "");
    let listing = text(&output.stdout);
    assert!(listing.contains(&format!("localhost:{port}")), "{listing}");
    assert!(
        listing.contains("topic \"orders\" with 2 partitions"),
        "{listing}"
    );
    let output = client(
        &mut kcat(
            &format!("localhost:{port}"),
            &["-C", "-t", "orders", "-c", "3", "-o", "beginning"],
        ),
        "",
    );
    assert!(
        !text(&output.stderr).contains("refused"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn every_codec_stays_as_it_was_sent() {
    let broker = servers::broker(&[]);
    let plain = "all of this line is to be compressed away ".repeat(20);
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        servers::topic(&broker.kafka, codec, 1);
        let lines = format!("{plain}\n").repeat(50);
        let sent = format!("compression.codec={codec}");
        client(
            &mut kcat(
                &broker.kafka,
                &["-P", "-t", codec, "-X", &sent, "-X", "linger.ms=200"],
            ),
            &lines,
        );
        let read = client(
            &mut kcat(
                &broker.kafka,
                &["-C", "-t", codec, "-e", "-q", "-o", "beginning"],
            ),
            "",
        );
        assert_eq!(text(&read.stdout), lines, "{codec}");
    }
    let stored: u64 = size(broker.data.path(), &plain);
    assert_eq!(stored, 0, "a batch was stored uncompressed");
    drop(broker.program);
}

/// How many files below `folder` hold `needle` twice in a row.
fn size(folder: &std::path::Path, needle: &str) -> u64 {
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found += size(&path, needle);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let needle = needle.as_bytes();
            found += u64::from(bytes.windows(needle.len()).any(|window| window == needle));
        }
    }
    found
}

#[test]
fn a_group_comes_back_to_its_offsets_after_a_restart_of_the_broker() {
    let broker = servers::broker(&[]);
    servers::topic(&broker.kafka, "t", 2);
    let numbers: Vec<_> = (0..100).map(|number: u32| number.to_string()).collect();
    let lines = numbers.join("\n");
    client(&mut kcat(&broker.kafka, &["-P", "-t", "t"]), &lines);
    let read = |kafka: &str, count: &str| {
        let group = [
            "-G",
            "g",
            "-q",
            "-X",
            "auto.offset.reset=earliest",
            "-c",
            count,
            "t",
        ];
        text(&client(&mut kcat(kafka, &group), "").stdout)
    };
    let first = read(&broker.kafka, "60");
    broker.program.kill();
    let (_again, kafka) = servers::start(broker.data.path(), &[]);
    let second = read(&kafka, "40");
    let mut numbers: Vec<u32> = first
        .lines()
        .chain(second.lines())
        .map(|line| line.parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(
        numbers,
        (0..100).collect::<Vec<_>>(),
        "each record once, over a kill -9 between two members"
    );
}

#[test]
fn a_transactional_id_is_refused_within_seconds() {
    let broker = servers::broker(&[]);
    servers::topic(&broker.kafka, "t", 1);
    let begun = Instant::now();
    let mut command = kcat(
        &broker.kafka,
        &["-P", "-t", "t", "-X", "transactional.id=x"],
    );
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    println!("refused after {:.1} s", begun.elapsed().as_secs_f64());
    assert!(!output.status.success());
    assert!(begun.elapsed() < Duration::from_secs(50), "{output:?}");
}
