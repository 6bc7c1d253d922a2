//! Warming: what a virtual machine compiles while it runs shall be compiled before the figures are taken.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, anyhow};

use super::{RECORD_BYTES, seconds, with_topic};
use crate::load::closed::{self, Limit, Shape};
use crate::load::open::{self, Stream};
use crate::load::reader;
use crate::system::Running;

/// Records in batches, a second.
const BATCHED_RATE: f64 = 60_000.0;
/// Single records, a second.
const RATE: u32 = 2_000;
const PARTITIONS: i32 = 16;

/// Half the time records in batches, written and read; half single records, written and read.
pub(crate) fn warm(running: &Running, warm_s: u64) -> Result<()> {
    let half = seconds(warm_s) / 2;
    if half.is_zero() {
        return Ok(());
    }
    let bootstrap = running.bootstrap.as_str();
    with_topic(running, "warm-batches", 1, |topic| {
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| reader::read_until(bootstrap, topic, &over));
            let shape = Shape {
                partitions: 1,
                record_bytes: RECORD_BYTES,
            };
            let limit = Limit {
                time: half,
                bytes: u64::MAX,
                rate: Some(BATCHED_RATE),
            };
            let written = closed::produce(bootstrap, topic, shape, limit);
            over.store(true, Ordering::Relaxed);
            reader.join().map_err(|_| anyhow!("the reader fell"))??;
            written
        })
    })?;
    with_topic(running, "warm-singles", PARTITIONS, |topic| {
        let stream = Stream {
            bootstrap,
            topic,
            partitions: PARTITIONS,
            rate: RATE,
            record_bytes: RECORD_BYTES,
        };
        open::run(stream, half)
    })?;
    running.settle()
}
