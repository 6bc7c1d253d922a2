//! Processor time that neither the client nor the system under test has had: what else the machine did during a row.
//! A row beside much other work says little. It must not know which row it is.

use std::time::Instant;

use crate::cgroup::{TICKS_PER_S, process_cpu_s};
use crate::system::Running;

/// A moment, by three clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    at: Instant,
    busy_s: f64,
    ours_s: f64,
}

impl Moment {
    /// Now; `None` where the kernel does not tell.
    pub(crate) fn now(running: &Running) -> Option<Self> {
        let busy_s = busy_s(&std::fs::read_to_string("/proc/stat").ok()?)?;
        let client_s = process_cpu_s(std::process::id()).ok()?;
        Some(Self {
            at: Instant::now(),
            busy_s,
            ours_s: client_s + running.cpu_s().ok()?,
        })
    }

    /// How many cores were busy elsewhere on average until `later`.
    pub(crate) fn cores_until(self, later: Self) -> f64 {
        let busy_s = later.busy_s - self.busy_s;
        let ours_s = later.ours_s - self.ours_s;
        ((busy_s - ours_s) / (later.at - self.at).as_secs_f64()).max(0.0)
    }
}

/// All the time that was not idle, over all cores: without idle and waiting, and without what counts twice for guests.
fn busy_s(stat: &str) -> Option<f64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<f64> = line
        .split_whitespace()
        .map_while(|word| word.parse().ok())
        .collect();
    let [user, nice, system, _idle, _waiting, rest @ ..] = ticks.as_slice() else {
        return None;
    };
    let rest: f64 = rest.iter().take(3).sum();
    Some((user + nice + system + rest) / TICKS_PER_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_and_guests_do_not_count() {
        let stat = "cpu  100 200 300 9999 9999 10 20 30 5000 5000\ncpu0 1 1 1 1 1\n";
        assert_eq!(busy_s(stat), Some(6.6));
        assert_eq!(busy_s("cpu0 1\n"), None);
    }

    #[test]
    fn what_client_and_system_had_is_not_elsewhere() {
        let at = Instant::now();
        let moment = |seconds, busy_s, ours_s| Moment {
            at: at + std::time::Duration::from_secs(seconds),
            busy_s,
            ours_s,
        };
        let before = moment(0, 100.0, 10.0);
        assert!((before.cores_until(moment(10, 118.0, 23.0)) - 0.5).abs() < 1e-9);
        assert!(before.cores_until(moment(10, 101.0, 23.0)) < 1e-9);
    }
}
