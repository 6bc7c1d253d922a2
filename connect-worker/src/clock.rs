//! The wall clock that generated data shows. Pacing and time-outs never read it: they follow the
//! runtime's monotonic time, so that data flows while this clock stands still.

use std::fmt;

use jiff::Timestamp;

/// Tells the time that fields of generated records show.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands still: two runs with one seed give the same bytes.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}
