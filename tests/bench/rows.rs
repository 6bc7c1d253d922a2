//! One function per row: which load it puts on a running system, and which figures it takes. It must not know the
//! targets.

mod growth;
mod latency;
mod read;
mod speed;
mod warm;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Result;

use crate::client;
use crate::elsewhere::Moment;
use crate::measurement::{Outcome, Values};
use crate::plan::{Row, Work};
use crate::settings::Profile;
use crate::system::Running;

pub(crate) use latency::RATE_OF_GROWTH;
pub(crate) use speed::STEADY_MB_PER_S;
pub(crate) use warm::warm;

/// The figure that says how disturbed a row was.
pub(crate) const ELSEWHERE: &str = "elsewhere_cores";

/// Records of a kibibyte unless a row says otherwise.
const RECORD_BYTES: usize = 1024;

/// A system on a data folder, and the rows it runs.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    /// Sizes and times.
    pub(crate) profile: &'a Profile,
    /// The system; `None` once it could not be started again.
    pub(crate) running: Option<Running>,
}

impl Bench<'_> {
    /// Runs one row, and notes how busy the machine was elsewhere meanwhile.
    pub(crate) fn run(&mut self, row: Row) -> Result<Outcome> {
        if row.work == Work::Data {
            // The system is another process afterwards.
            return growth::data(self);
        }
        let running = self.running()?;
        running.settle()?;
        let before = Moment::now(running);
        let mut outcome = self.measure(row)?;
        if let Some((before, after)) = before.zip(Moment::now(self.running()?))
            && row.work != Work::Start
        {
            outcome.values.insert(ELSEWHERE, before.cores_until(after));
        }
        Ok(outcome)
    }

    fn measure(&mut self, row: Row) -> Result<Outcome> {
        let running = self.running()?;
        let profile = self.profile;
        match row.work {
            Work::Start => start(running),
            Work::Produce {
                record_bytes,
                partitions,
            } => speed::produce(running, profile, record_bytes, partitions),
            Work::Steady { partitions } => speed::steady(running, profile, partitions),
            Work::Memory => speed::memory(running, profile),
            Work::Read { consumers, cold } => read::read(running, profile, consumers, cold),
            Work::Latency { rate, partitions } => {
                latency::latency(running, profile, rate, partitions)
            }
            Work::Connections => growth::connections(running, profile),
            Work::Partitions => growth::partitions(running, profile),
            Work::Data => growth::data(self),
        }
    }

    fn running(&self) -> Result<&Running> {
        self.running
            .as_ref()
            .ok_or_else(|| anyhow::anyhow!("the system does not run any more"))
    }
}

/// What the start of this session gave.
fn start(running: &Running) -> Result<Outcome> {
    let mut values = Values::from([
        ("first_answer_ms", running.first_answer_ms),
        ("resident_mb", running.resident_mb()?),
    ]);
    if let Some(charged) = running.charged_mb() {
        values.insert("charged_mb", charged);
    }
    Ok(of(values))
}

fn of(values: Values) -> Outcome {
    Outcome {
        values,
        ..Outcome::default()
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Makes a topic of its own for a row, does something with it, and deletes it, whatever came of it.
fn with_topic<T>(
    running: &Running,
    row: &str,
    partitions: i32,
    work: impl FnOnce(&str) -> Result<T>,
) -> Result<T> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let topic = format!("{row}-{}", MADE.fetch_add(1, Ordering::Relaxed));
    client::create_topic(&running.bootstrap, &topic, partitions)?;
    let done = work(&topic);
    let deleted = client::delete_topic(&running.bootstrap, &topic);
    let done = done?;
    deleted?;
    Ok(done)
}
