//! When to stop: at Ctrl-C, or when the time is over, in both cases at the end of a round, so that what was begun is judged.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

static ASKED: AtomicBool = AtomicBool::new(false);
static END: OnceLock<Instant> = OnceLock::new();

/// Whether no further round shall begin.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed) || END.get().is_some_and(|end| *end <= Instant::now())
}

/// Waits for signals in the background, and begins to count the minutes.
pub(crate) fn catch(minutes: Option<u64>) {
    if let Some(minutes) = minutes {
        let end = Instant::now() + Duration::from_secs(60 * minutes);
        let _ = END.set(end);
    }
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.unwrap();
        let next = || runtime.block_on(tokio::signal::ctrl_c());
        let _ = next();
        ASKED.store(true, Ordering::Relaxed);
        crate::say("stops after this round; Ctrl-C again: at once");
        let _ = next();
        // What was started goes with this process: see `child`.
        std::process::exit(130);
    });
}
