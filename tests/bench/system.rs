//! The systems under test, started and stopped, and what the kernel counts for them. It must not know what load they
//! are put under.

mod eddyline;
mod kafka;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};

use ::tests::wait;

use crate::cgroup;
use crate::launch::Process;
use crate::plan::System;
use crate::platform;
use crate::probe;

pub(crate) use kafka::VERSION as KAFKA_VERSION;
pub(crate) use kafka::libraries as kafka_libraries;
pub(crate) use kafka::options as kafka_options;

const START_LIMIT: Duration = Duration::from_mins(2);
/// Kafka closes a thousand partitions in order within this.
const STOP_LIMIT: Duration = Duration::from_mins(3);
const SAMPLE: Duration = Duration::from_millis(50);

/// A system that answers.
#[derive(Debug)]
pub(crate) struct Running {
    /// Which.
    pub(crate) system: System,
    /// Where clients connect.
    pub(crate) bootstrap: String,
    /// From exec to its first ApiVersions answer.
    pub(crate) first_answer_ms: f64,
    /// Its data and logs.
    pub(crate) folder: PathBuf,
    process: Process,
}

impl System {
    /// Starts it in `folder`, on the data that is there, and waits for its first answer.
    pub(crate) fn start(self, folder: &Path) -> Result<Running> {
        std::fs::create_dir_all(folder)?;
        let (port, second) = ports(folder)?;
        let command = match self {
            Self::Eddyline => eddyline::command(folder, port),
            Self::Kafka => kafka::command(folder, port, second, false)?,
            Self::KafkaSync => kafka::command(folder, port, second, true)?,
        };
        let log = folder.join("output.log");
        let mut process = Process::start(&command, self.name(), &log)?;
        let answered = probe::first_answer(port, START_LIMIT, || process.ended().is_some());
        let first_answer_ms = process.age_ms().context("read when it was started")?;
        answered.with_context(|| format!("{} said: {}", self.name(), last_lines(&log)))?;
        Ok(Running {
            system: self,
            bootstrap: format!("127.0.0.1:{port}"),
            first_answer_ms,
            folder: folder.to_owned(),
            process,
        })
    }
}

impl Running {
    /// Ends it in order and starts it again on the same data.
    pub(crate) fn restart(self) -> Result<Self> {
        let Self {
            system,
            folder,
            process,
            ..
        } = self;
        process.stop(STOP_LIMIT)?;
        system.start(&folder)
    }

    /// Seconds of processor time so far.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        match self.process.cgroup() {
            Some(cgroup) => cgroup.cpu_s(),
            None => cgroup::process_cpu_s(self.process.id()),
        }
    }

    /// Resident megabytes now.
    pub(crate) fn resident_mb(&self) -> Result<f64> {
        cgroup::resident_mb(self.process.id())
    }

    /// Megabytes charged to its cgroup, page cache included, where that is counted.
    pub(crate) fn charged_mb(&self) -> Option<f64> {
        self.process.cgroup()?.memory_mb()
    }

    /// Where processor time comes from, for the report.
    pub(crate) fn counted_by(&self) -> &'static str {
        match self.process.cgroup() {
            Some(_) => "cpu.stat of a cgroup of its own",
            None => "/proc/PID/stat (no cgroup could be made)",
        }
    }

    /// Watches resident memory until [`Peak::finish`].
    pub(crate) fn watch_memory(&self) -> Peak {
        let stop = Arc::new(AtomicBool::new(false));
        let (id, stopped) = (self.process.id(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let mut peak: f64 = 0.0;
            while !stopped.load(Ordering::Relaxed) {
                peak = peak.max(cgroup::resident_mb(id).unwrap_or(0.0));
                wait::pass(SAMPLE);
            }
            peak
        });
        Peak { stop, thread }
    }

    /// Lets everything written so far reach the disk, so that the next row does not pay for it.
    pub(crate) fn settle(&self) -> Result<()> {
        platform::sync_file_system(&self.folder)
    }
}

/// A watch over resident memory.
#[derive(Debug)]
pub(crate) struct Peak {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<f64>,
}

impl Peak {
    /// The most megabytes that were resident.
    pub(crate) fn finish(self) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or(0.0)
    }
}

/// Two ports nobody listens on; the same ones for a folder that was started before, since Kafka remembers its own.
fn ports(folder: &Path) -> Result<(u16, u16)> {
    let path = folder.join("ports");
    if let Ok(text) = std::fs::read_to_string(&path) {
        let (first, second) = text.split_once(' ').context("read the ports")?;
        return Ok((first.parse()?, second.parse()?));
    }
    let listeners = [
        TcpListener::bind("127.0.0.1:0")?,
        TcpListener::bind("127.0.0.1:0")?,
    ];
    let [first, second] = listeners.map(|listener| listener.local_addr());
    let (first, second) = (first?.port(), second?.port());
    std::fs::write(path, format!("{first} {second}"))?;
    Ok((first, second))
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join(" | ")
}
