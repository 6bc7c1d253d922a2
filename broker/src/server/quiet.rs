//! Log lines that an unfriendly client could ask for without end: at most one a second, with the
//! number of those left out.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The least time between two lines.
const PAUSE: Duration = Duration::from_secs(1);

/// A rate limit on warnings.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    // Held for a few instructions, never across an await.
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    at: Option<Instant>,
    left_out: u64,
}

impl Quiet {
    /// Logs the line, unless another was logged within the last second.
    pub(super) fn warn(&self, line: impl FnOnce() -> String) {
        if let Some(left_out) = self.turn(Instant::now()) {
            tracing::warn!(left_out, "{}", line());
        }
    }

    /// Whether a line may be logged now, and how many were left out before it.
    fn turn(&self, now: Instant) -> Option<u64> {
        let mut last = self
            .last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if last
            .at
            .is_some_and(|at| now.saturating_duration_since(at) < PAUSE)
        {
            last.left_out += 1;
            return None;
        }
        last.at = Some(now);
        Some(std::mem::take(&mut last.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_counts_those_left_out() {
        let quiet = Quiet::default();
        let start = Instant::now();
        let turns = [0, 1, 999, 1000, 1500, 2500];
        let taken: Vec<_> = turns
            .into_iter()
            .map(|at_ms| quiet.turn(start + Duration::from_millis(at_ms)))
            .collect();
        assert_eq!(taken, [Some(0), None, None, Some(2), None, Some(1)]);
    }
}
