//! When a task sends its next record. Pure: time is an argument, a duration since any fixed
//! moment of a clock that never jumps.
//!
//! The schedule is absolute: work and late wake-ups do not push later records back.

use std::time::Duration;

use crate::{plugin::Pacing, worker::handover::Share};

/// How far behind its schedule a task may be and still catch up. What a slow broker holds up
/// longer is not sent in one burst afterwards.
pub(super) const DEBT_MAX: Duration = Duration::from_secs(1);

/// One task's schedule.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    pacing: Pacing,
    seed: u64,
    share: Share,
    /// The moment that `count` is counted from.
    anchor: Duration,
    count: u64,
}

impl Schedule {
    /// A schedule that starts at `now`. `first` is the number of the first record; with a rate
    /// the tasks take turns, beginning with task 0 at once.
    pub(super) fn new(pacing: Pacing, share: Share, seed: u64, first: u64, now: Duration) -> Self {
        let mut schedule = Self {
            pacing,
            seed,
            share,
            anchor: now,
            count: 0,
        };
        schedule.anchor += match pacing {
            Pacing::Rate(_) => schedule
                .interval()
                .mul_f64(f64::from(share.task) / f64::from(share.tasks)),
            Pacing::MaxInterval(_) | Pacing::Unthrottled => schedule.pause(first),
        };
        schedule
    }

    /// When the next record is due. May lie in the past.
    pub(super) fn due(&self) -> Duration {
        let Pacing::Rate(rate) = self.pacing else {
            return self.anchor;
        };
        #[expect(
            clippy::cast_precision_loss,
            reason = "2^53 records of one task is out of reach"
        )]
        let passed = self.count as f64 * f64::from(self.share.tasks) / rate;
        self.anchor.saturating_add(seconds(passed))
    }

    /// Moves on: the record that was due is on its way, `next` is the number of the one after it.
    pub(super) fn advance(&mut self, next: u64, now: Duration) {
        match self.pacing {
            Pacing::Rate(_) => self.count += 1,
            Pacing::MaxInterval(_) => self.anchor = self.anchor.saturating_add(self.pause(next)),
            Pacing::Unthrottled => self.anchor = now,
        }
    }

    /// Takes another pace. The part of the current wait that is left is stretched or shrunk, so
    /// that there is neither a gap nor a burst.
    pub(super) fn change(&mut self, pacing: Pacing, now: Duration) {
        if pacing == self.pacing {
            return;
        }
        let due = self.due();
        let old = self.interval().as_secs_f64();
        self.pacing = pacing;
        let new = self.interval().as_secs_f64();
        let left = due.saturating_sub(now).as_secs_f64();
        let left = if old > 0.0 {
            left * new / old
        } else {
            new * f64::from(self.share.task) / f64::from(self.share.tasks)
        };
        self.anchor = now.saturating_add(seconds(left));
        self.count = 0;
    }

    /// Forgets what the schedule is behind beyond [`DEBT_MAX`]. True when there was such debt.
    pub(super) fn forgive(&mut self, now: Duration) -> bool {
        let earliest = now.saturating_sub(DEBT_MAX);
        let behind = self.due() < earliest;
        if behind {
            self.anchor = earliest;
            self.count = 0;
        }
        behind
    }

    /// The mean time between two records of this task.
    fn interval(&self) -> Duration {
        match self.pacing {
            Pacing::Rate(rate) => seconds(f64::from(self.share.tasks) / rate),
            Pacing::MaxInterval(max) => max / 2,
            Pacing::Unthrottled => Duration::ZERO,
        }
    }

    /// The wait before record g: whole milliseconds, uniform in [0, max), by seed and g alone.
    fn pause(&self, g: u64) -> Duration {
        let Pacing::MaxInterval(max) = self.pacing else {
            return Duration::ZERO;
        };
        let millis = u64::try_from(max.as_millis()).unwrap_or(u64::MAX);
        let product = u128::from(scatter(self.seed ^ scatter(g))) * u128::from(millis);
        Duration::from_millis(u64::try_from(product >> 64).unwrap_or(0))
    }
}

/// Seconds as a duration; centuries where the number is beyond all use.
fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or(Duration::from_secs(1 << 33))
}

/// The finaliser of `SplitMix64`: neighbours in, unrelated numbers out.
fn scatter(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Share = Share { task: 0, tasks: 1 };

    fn millis(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    /// The due times of the next `count` records, each sent `late` after it is due.
    fn dues(schedule: &mut Schedule, count: u64, late: Duration) -> Vec<Duration> {
        (0..count)
            .map(|g| {
                let due = schedule.due();
                schedule.advance(g + 1, due + late);
                due
            })
            .collect()
    }

    #[test]
    fn a_rate_is_an_absolute_schedule_that_lateness_does_not_move() {
        let mut schedule = Schedule::new(Pacing::Rate(4.0), ONE, 0, 0, millis(1000));
        let all = dues(&mut schedule, 5, millis(100));
        assert_eq!(all, [1000, 1250, 1500, 1750, 2000].map(millis));
    }

    #[test]
    fn fractions_of_a_record_per_second_are_a_rate() {
        let mut schedule = Schedule::new(Pacing::Rate(0.5), ONE, 0, 0, Duration::ZERO);
        assert_eq!(
            dues(&mut schedule, 3, Duration::ZERO),
            [0, 2000, 4000].map(millis)
        );
    }

    #[test]
    fn a_high_rate_drifts_by_nothing_in_an_hour() {
        let mut schedule = Schedule::new(Pacing::Rate(50_000.0), ONE, 0, 0, Duration::ZERO);
        schedule.count = 50_000 * 3600;
        assert_eq!(schedule.due(), Duration::from_hours(1));
    }

    #[test]
    fn tasks_take_turns() {
        let mut firsts = Vec::new();
        for task in 0..4 {
            let mut schedule = Schedule::new(
                Pacing::Rate(10.0),
                Share { task, tasks: 4 },
                0,
                0,
                Duration::ZERO,
            );
            firsts.push(dues(&mut schedule, 2, Duration::ZERO));
        }
        let all: Vec<Vec<Duration>> = (0..4)
            .map(|t| vec![millis(100 * t), millis(100 * t + 400)])
            .collect();
        assert_eq!(firsts, all);
    }

    #[test]
    fn a_change_of_rate_keeps_the_share_of_the_wait_that_is_left() {
        for (old, new, left) in [(1.0, 10.0, 50), (10.0, 1.0, 500), (0.001, 1000.0, 1)] {
            let mut schedule = Schedule::new(Pacing::Rate(old), ONE, 0, 0, Duration::ZERO);
            dues(&mut schedule, 1, Duration::ZERO);
            let half = schedule.due() / 2;
            schedule.change(Pacing::Rate(new), half);
            let wait = schedule.due().saturating_sub(half);
            assert!(
                wait <= millis(left) && wait + millis(1) >= millis(left),
                "{old} -> {new}: {wait:?}"
            );
            let after = schedule.due();
            schedule.advance(2, after);
            let step = schedule.due().saturating_sub(after).as_secs_f64();
            assert!((step - 1.0 / new).abs() < 1e-9, "{step}");
        }
    }

    #[test]
    fn max_interval_waits_below_it_with_half_of_it_as_the_mean() {
        let pacing = Pacing::MaxInterval(millis(500));
        let mut schedule = Schedule::new(pacing, ONE, 42, 0, Duration::ZERO);
        let all = dues(&mut schedule, 20_000, Duration::ZERO);
        let waits: Vec<Duration> = all
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]))
            .collect();
        assert!(waits.iter().all(|wait| *wait < millis(500)));
        let mean = all[19_999].as_secs_f64() / 20_000.0;
        assert!((0.2445..0.2545).contains(&mean), "{mean}");
        let mut again = Schedule::new(pacing, ONE, 42, 0, Duration::ZERO);
        assert_eq!(
            dues(&mut again, 20_000, Duration::ZERO),
            all,
            "by the seed alone"
        );
    }

    #[test]
    fn a_max_interval_of_one_is_none_as_datagen_has_it() {
        let mut schedule =
            Schedule::new(Pacing::MaxInterval(millis(1)), ONE, 42, 0, Duration::ZERO);
        assert_eq!(
            dues(&mut schedule, 100, Duration::ZERO),
            vec![Duration::ZERO; 100]
        );
    }

    #[test]
    fn debt_is_bounded() {
        let mut schedule = Schedule::new(Pacing::Rate(100.0), ONE, 0, 0, Duration::ZERO);
        assert!(!schedule.forgive(millis(900)));
        assert!(schedule.forgive(millis(60_000)));
        let burst = std::iter::from_fn(|| {
            let due = schedule.due();
            schedule.advance(0, due);
            (due <= millis(60_000)).then_some(())
        });
        assert_eq!(burst.count(), 101);
    }
}
