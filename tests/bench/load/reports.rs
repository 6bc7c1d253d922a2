//! Delivery reports: what was refused, and when each record was acknowledged. It must not know how records are sent.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rdkafka::ClientContext;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;

use super::schedule::ns;
use crate::statistics::histogram;

/// Counts what a producer is told.
#[derive(Debug)]
pub(crate) struct Reports {
    /// What due times count from; unset, nothing is timed.
    begun: OnceLock<Instant>,
    /// Records that were due earlier are not timed.
    timed_from_ns: u64,
    acknowledged: Mutex<Histogram<u64>>,
    failed: AtomicU64,
}

impl Reports {
    /// Once begun, times acknowledgements of records that were due `timed_from` after that or later.
    pub(crate) fn new(timed_from: Duration) -> Self {
        Self {
            begun: OnceLock::new(),
            timed_from_ns: ns(timed_from),
            acknowledged: Mutex::new(histogram()),
            failed: AtomicU64::new(0),
        }
    }

    /// Due times count from `begun`.
    pub(crate) fn begin(&self, begun: Instant) {
        let _ = self.begun.set(begun);
    }

    /// How late each record was acknowledged.
    pub(crate) fn acknowledged(&self) -> Histogram<u64> {
        let acknowledged = self.acknowledged.lock();
        acknowledged.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many records were refused.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    /// When the record was due, in nanoseconds.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, due_ns: usize) {
        if result.is_err() {
            self.failed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let Some(begun) = self.begun.get() else {
            return;
        };
        let due_ns = u64::try_from(due_ns).unwrap_or(u64::MAX);
        if due_ns >= self.timed_from_ns {
            let late_ns = ns(begun.elapsed()).saturating_sub(due_ns);
            let acknowledged = self.acknowledged.lock();
            acknowledged
                .unwrap_or_else(PoisonError::into_inner)
                .saturating_record(late_ns);
        }
    }
}
