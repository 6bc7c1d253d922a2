//! When each record of an open loop is due: pure. A record's latency counts from the moment it was due, not from the
//! moment it could be sent, so a system that stalls pays for everything it kept waiting.

use std::time::Duration;

const NS_PER_S: u64 = 1_000_000_000;

/// A constant rate; record 0 is due at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    per_s: u64,
}

impl Schedule {
    /// So many records a second, at least one.
    pub(crate) fn new(rate: u32) -> Self {
        Self {
            per_s: u64::from(rate.max(1)),
        }
    }

    /// How many records are due within `time`.
    pub(crate) fn count(self, time: Duration) -> u64 {
        let ns = u128::from(self.per_s) * time.as_nanos() / u128::from(NS_PER_S);
        u64::try_from(ns).unwrap_or(u64::MAX)
    }

    /// When a record is due, in nanoseconds from the beginning.
    pub(crate) fn due_ns(self, index: u64) -> u64 {
        let ns = u128::from(index) * u128::from(NS_PER_S) / u128::from(self.per_s);
        u64::try_from(ns).unwrap_or(u64::MAX)
    }

    /// How many records are due `elapsed` after the beginning, that moment included.
    pub(crate) fn due_by(self, elapsed: Duration) -> u64 {
        self.count(elapsed) + 1
    }

    /// How long to wait for a record; nothing when it is due.
    pub(crate) fn until(self, index: u64, elapsed: Duration) -> Duration {
        Duration::from_nanos(self.due_ns(index)).saturating_sub(elapsed)
    }

    /// How late `now` is for a record.
    pub(crate) fn lateness_ns(self, index: u64, now: Duration) -> u64 {
        ns(now).saturating_sub(self.due_ns(index))
    }
}

/// A time in nanoseconds.
pub(crate) fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn records_are_due_at_a_constant_rate() {
        let schedule = Schedule::new(1_000);
        assert_eq!(schedule.count(Duration::from_secs(5)), 5_000);
        assert_eq!((schedule.due_ns(0), schedule.due_ns(3)), (0, 3_000_000));
        assert_eq!(schedule.due_by(Duration::ZERO), 1);
        assert_eq!(schedule.due_by(Duration::from_nanos(2_999_999)), 3);
        assert_eq!(schedule.due_by(3 * MS), 4);
    }

    #[test]
    fn a_rate_that_does_not_divide_a_second_does_not_drift() {
        let schedule = Schedule::new(3);
        assert_eq!(schedule.due_ns(3 * 3_600), 3_600 * NS_PER_S);
        assert_eq!(schedule.count(Duration::from_hours(1)), 3 * 3_600);
    }

    #[test]
    fn a_stall_is_charged_to_every_record_it_kept_waiting() {
        let schedule = Schedule::new(1_000);
        let now = 100 * MS;
        let late: Vec<u64> = (0..3)
            .map(|index| schedule.lateness_ns(index, now))
            .collect();
        assert_eq!(late, [100_000_000, 99_000_000, 98_000_000]);
        assert_eq!(schedule.lateness_ns(200, now), 0);
        assert_eq!(schedule.until(102, now), 2 * MS);
        assert_eq!(schedule.until(7, now), Duration::ZERO);
    }
}
