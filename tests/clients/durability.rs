//! The system's own view: between the write of a Sync batch to the log and the answer to its producer, an fdatasync of
//! that log file has returned.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use tests::program::Program;
use tests::{paths, wait};

use crate::servers;

const BATCHES: usize = 20;

#[test]
fn every_answer_follows_the_sync_of_its_batch() {
    let (data, trace) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = trace.path().join("calls");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-y", "-s", "0", "-e"]);
    command.arg("trace=pwrite64,pwritev,pwritev2,write,writev,fdatasync,fsync,sendto,sendmsg");
    command.arg("-o").arg(&log).arg(paths::eddyline());
    command.args([
        "broker",
        "-o",
        "json",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
    ]);
    command.arg("--data-dir").arg(data.path());
    let (program, kafka) = servers::ready(Program::start(command));
    servers::topic(&kafka, "t", 1);
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", &kafka)
        .set("linger.ms", "0")
        .create()
        .unwrap();
    for number in 0..BATCHES {
        let value = format!("value-{number}");
        producer
            .send(BaseRecord::<str, str>::to("t").payload(&value))
            .map_err(|(error, _)| error)
            .unwrap();
        producer.flush(Duration::from_secs(20)).unwrap();
    }
    drop(producer);
    program.kill();
    let calls = wait::until("the trace", Duration::from_secs(10), || {
        let calls = std::fs::read_to_string(&log).ok()?;
        (count(&calls, data.path()).syncs >= BATCHES).then_some(calls)
    });
    let counts = count(&calls, data.path());
    println!("{counts:?}");
    assert!(
        counts.writes >= BATCHES && counts.answers >= BATCHES,
        "{counts:?}"
    );
    assert_eq!(
        counts.early, 0,
        "answers between a write to the log and its sync"
    );
}

#[derive(Debug, Default)]
struct Counts {
    writes: usize,
    syncs: usize,
    answers: usize,
    early: usize,
}

/// Follows the calls in order. With one producer that waits for each answer, nothing may be sent to a client while
/// bytes of the shared log are written and not yet synced.
fn count(calls: &str, data: &Path) -> Counts {
    let shared_log = |call: &str| call.contains(&format!("{}/wal/", data.display()));
    let mut counts = Counts::default();
    let mut unsynced = false;
    for call in calls.lines() {
        let begun = !call.contains("resumed>");
        let name = call.split_whitespace().nth(1).unwrap_or_default();
        if begun && name.contains("write") && shared_log(call) {
            counts.writes += 1;
            unsynced = true;
        } else if name.starts_with("fdatasync") && call.ends_with("= 0") && shared_log(call)
            || call.contains("<... fdatasync resumed>") && call.ends_with("= 0")
        {
            counts.syncs += 1;
            unsynced = false;
        } else if begun && call.contains("<socket:[") && name.starts_with("send") {
            counts.answers += 1;
            counts.early += usize::from(unsynced);
        }
    }
    counts
}
