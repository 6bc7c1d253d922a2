//! kafka-python as a client under torture: an idempotent producer in a process of its own. It sends the numbers it is granted,
//! so that its rate and what it has open are decided here; the pipe of the grants is its life, too.
#![expect(
    clippy::panic,
    reason = "test support: a failure here is the test's failure"
)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{MOST_OPEN, Shared, Target, is_certain};
use crate::history::{Event, Name, Place};
use crate::{child, paths, python, wait};

/// Records granted at once.
const BURST: u64 = 10;
/// Until the process has told what became of its last records.
const PATIENCE: Duration = Duration::from_mins(2);

/// The running client; killed when dropped.
#[derive(Debug)]
pub struct Python {
    child: Child,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    seen: Arc<Seen>,
}

/// What the process told.
#[derive(Debug, Default)]
struct Seen {
    settled: AtomicU64,
    done: AtomicBool,
    failures: Mutex<Vec<String>>,
}

impl Python {
    /// Begins to send to `target`, at most `rate` records a second.
    #[track_caller]
    pub fn start(target: &Target, producer: u32, rate: u64, history: &Shared) -> Self {
        let mut child = child::bound(python::python())
            .arg(paths::root().join("tests/torture/load.py"))
            .args([&target.bootstrap, &target.topic])
            .args([target.partitions.to_string(), producer.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("start kafka-python: {error}"));
        let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Seen::default()));
        let mut threads = Vec::new();
        if let (Some(grants), Some(told)) = (child.stdin.take(), child.stdout.take()) {
            let (history_1, seen_1, stop_1) = (history.clone(), Arc::clone(&seen), stop.clone());
            threads.push(std::thread::spawn(move || {
                grant(grants, &history_1, producer, rate, (&seen_1, &stop_1));
            }));
            let (history, seen) = (history.clone(), Arc::clone(&seen));
            threads.push(std::thread::spawn(move || {
                listen(told, &history, producer, &seen);
            }));
        }
        Self {
            child,
            stop,
            threads,
            seen,
        }
    }

    /// Lets what is under way come to its end; what failed.
    #[track_caller]
    pub fn stop(mut self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        wait::until("kafka-python to end", PATIENCE, || {
            self.child.try_wait().ok().flatten()
        });
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        let failures = self.seen.failures.lock();
        let mut failures = failures.unwrap_or_else(PoisonError::into_inner).clone();
        if !self.seen.done.load(Ordering::Relaxed) {
            failures.push("kafka-python ended before its records were settled".to_owned());
        }
        failures
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn grant(
    mut grants: ChildStdin,
    history: &Shared,
    producer: u32,
    rate: u64,
    (seen, stop): (&Seen, &AtomicBool),
) {
    let pause = Duration::from_micros(1_000_000 * BURST / rate.max(1));
    let mut granted = 0;
    while !stop.load(Ordering::Relaxed) {
        if granted + BURST <= seen.settled.load(Ordering::Relaxed) + MOST_OPEN {
            for number in granted..granted + BURST {
                history.tell_sent(Name { producer, number });
            }
            granted += BURST;
            if writeln!(grants, "{granted}").is_err() {
                return;
            }
        }
        wait::pass(pause);
    }
}

fn listen(told: ChildStdout, history: &Shared, producer: u32, seen: &Seen) {
    for line in BufReader::new(told).lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |index: usize| words.get(index).and_then(|word| word.parse::<i64>().ok());
        let name = Name {
            producer,
            number: number(1).unwrap_or_default().cast_unsigned(),
        };
        match (words[0], number(2), number(3)) {
            ("acked", Some(partition), Some(offset)) => {
                let partition = i32::try_from(partition).unwrap_or(-1);
                history.tell(Event::Acked(name, Place { partition, offset }));
            }
            ("done", ..) => {
                seen.done.store(true, Ordering::Relaxed);
                continue;
            }
            _ => {
                if is_certain(&line) {
                    history.tell(Event::Refused(name));
                }
                let failures = seen.failures.lock();
                failures.unwrap_or_else(PoisonError::into_inner).push(line);
            }
        }
        seen.settled.fetch_add(1, Ordering::Relaxed);
    }
}
