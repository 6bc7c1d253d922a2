//! Consumers that read a whole topic, as fast as they can.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};

use crate::client;
use crate::load::closed::Flow;

const POLL: Duration = Duration::from_millis(50);
/// A reader that gets nothing so many times has been forgotten.
const MAX_SILENT_POLLS: u32 = 600;

/// Each of `consumers` reads `records` records of a topic with one partition.
pub(crate) fn read_all(
    bootstrap: &str,
    topic: &str,
    consumers: usize,
    records: u64,
) -> Result<Flow> {
    let begun = Instant::now();
    let flows = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..consumers)
            .map(|_| scope.spawn(|| read(bootstrap, topic, records, None)))
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().map_err(|_| anyhow!("a reader fell"))?)
            .collect::<Result<Vec<Flow>>>()
    })?;
    Ok(Flow {
        records: flows.iter().map(|flow| flow.records).sum(),
        bytes: flows.iter().map(|flow| flow.bytes).sum(),
        took: begun.elapsed(),
    })
}

/// Reads a topic with one partition until `stop` is set.
pub(crate) fn read_until(bootstrap: &str, topic: &str, stop: &AtomicBool) -> Result<Flow> {
    read(bootstrap, topic, u64::MAX, Some(stop))
}

fn read(bootstrap: &str, topic: &str, records: u64, stop: Option<&AtomicBool>) -> Result<Flow> {
    let consumer = client::consumer(bootstrap, topic, 1)?;
    let begun = Instant::now();
    let mut flow = Flow {
        records: 0,
        bytes: 0,
        took: Duration::ZERO,
    };
    let mut silent = 0;
    while flow.records < records && !stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
        let Some(message) = consumer.poll(POLL) else {
            silent += 1;
            ensure!(silent < MAX_SILENT_POLLS, "nothing to read from {topic}");
            continue;
        };
        flow.bytes += u64::try_from(message?.payload_len())?;
        flow.records += 1;
        silent = 0;
    }
    flow.took = begun.elapsed();
    Ok(flow)
}
