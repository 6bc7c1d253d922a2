//! The system's own view: between the write of a Sync batch to the log and the answer to its producer, an fdatasync of
//! that log file has returned; and every file created or renamed has its folder synced.

mod calls;
mod promises;

use std::process::Command;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use tests::program::Program;
use tests::{paths, wait};

use crate::servers;

const PATIENCE: Duration = Duration::from_secs(30);
const BATCHES: usize = 20;
/// What writes, what syncs, what makes names, what answers.
const TRACED: &str = "trace=pwrite64,pwritev,pwritev2,write,writev,fdatasync,fsync,syncfs,openat,mkdir,mkdirat,\
                      rename,renameat,renameat2,unlink,unlinkat,sendto,sendmsg";

#[test]
fn every_answer_follows_the_sync_of_its_batch() {
    let (data, trace) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = trace.path().join("calls");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-y", "-s", "0", "-e"]);
    command.arg(TRACED);
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
    // In order, so that everything begun is ended: only then must each name be synced.
    end(program);
    let calls = std::fs::read_to_string(&log).unwrap();
    let seen = promises::follow(&calls, &data.path().to_string_lossy());
    println!("{seen:?}");
    assert!(seen.writes >= BATCHES && seen.answers >= BATCHES && seen.syncs >= BATCHES);
    assert!(seen.created > 5 && seen.renamed > 1);
    assert_eq!(seen.early, [""; 0], "answers before a sync");
    assert_eq!(seen.hasty, [""; 0], "renamed before a sync");
    assert!(seen.nameless.is_empty(), "names not synced");
}

/// Interrupts the broker, not strace, which would let go of it.
fn end(mut strace: Program) {
    let children = format!("/proc/{0}/task/{0}/children", strace.id());
    let broker = std::fs::read_to_string(children).unwrap();
    let interrupted = Command::new("kill").args(["-INT", broker.trim()]).status();
    assert!(interrupted.unwrap().success());
    wait::until("the broker to end", PATIENCE, || strace.ended());
}
