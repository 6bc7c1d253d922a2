//! Waiting for a condition instead of for time.

use std::time::{Duration, Instant};

/// Polls `ready` until it gives a value; fails the test with `what` when `limit` has passed.
#[track_caller]
pub fn until<T>(what: &str, limit: Duration, mut ready: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(begun.elapsed() < limit, "waited {limit:?} for {what}");
        pass(Duration::from_millis(20));
    }
}

/// Lets time pass: between two looks at a condition, or where it is the passing of time that is tested.
#[expect(
    clippy::disallowed_methods,
    reason = "the one pause of the test suites"
)]
pub fn pass(time: Duration) {
    std::thread::sleep(time);
}
