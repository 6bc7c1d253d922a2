//! The time of day, as a value that tests can move.
//!
//! Everything below takes times as arguments; this is where they come from.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, the unit of every Kafka timestamp.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// `None` is the system's clock.
    moved: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn standing(at_ms: i64) -> Self {
        Self {
            moved: Some(Arc::new(AtomicI64::new(at_ms))),
        }
    }

    /// Now, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        match &self.moved {
            Some(at) => at.load(Ordering::Relaxed),
            None => system_ms(),
        }
    }

    /// Moves a standing clock; the system's clock does not move for us.
    pub fn advance(&self, by_ms: i64) {
        if let Some(at) = &self.moved {
            at.fetch_add(by_ms, Ordering::Relaxed);
        }
    }
}

fn system_ms() -> i64 {
    // A clock before 1970 counts as 1970: no timestamp of ours may be negative.
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_moves_for_all_its_holders() {
        let clock = Clock::standing(5);
        let other = clock.clone();
        clock.advance(10);
        assert_eq!(other.now_ms(), 15);
        assert!(Clock::system().now_ms() > 1_700_000_000_000);
    }
}
